"""The conservation account: it must notice each way in which a record can go astray."""

from __future__ import annotations

from itertools import permutations

import pytest

from consumer.delivery.records import TopicPartition
from tests.faults.oracle.ledger import BuriedLetter, Ledger
from tests.faults.oracle.publications import Fate, Publication
from tests.faults.oracle.shelf import Acceptance

PLACE = TopicPartition("changes", 0)
SUBJECT, OTHER = 7, 8


def record(offset: int, fate: Fate = Fate.ACCEPT, subject: int = SUBJECT) -> Publication:
    signal = 100 + offset if fate is Fate.ACCEPT else 0
    digest = 200 + offset if fate is Fate.BURY else 0
    reason = "" if fate is Fate.ACCEPT else "why"
    return Publication(*PLACE, offset, subject, fate, reason, signal, digest)


def acceptance(
    offset: int, number: int = 1, at_ms: float = 0.0, content: int = 1, request: int = 0
) -> Acceptance:
    return Acceptance(100 + offset, content, number, request, at_ms)


def letter(offset: int, reason: str = "why", digest: int = 0, at_ms: float = 0.0) -> BuriedLetter:
    return BuriedLetter(PLACE, offset, reason, digest or 200 + offset, at_ms)


def kinds(ledger: Ledger) -> dict[str, int]:
    return dict(ledger.violations.counts)


@pytest.mark.parametrize("order", list(permutations(range(6))))
def test_whatever_comes_first_a_clean_run_is_clean(order: tuple[int, ...]) -> None:
    ledger = Ledger()
    acts = [
        lambda: ledger.publish(record(0)),
        lambda: ledger.publish(record(1, Fate.BURY)),
        lambda: ledger.publish(record(2, Fate.SKIP)),
        lambda: ledger.accept(acceptance(0, at_ms=1.0)),
        lambda: ledger.bury(letter(1, at_ms=2.0)),
        lambda: ledger.commit(PLACE, 3, [], seen_ms=3.0),
    ]
    for number in order:
        acts[number]()
    ledger.close()

    assert kinds(ledger) == {}
    assert (ledger.accepted, ledger.buried, ledger.lag, ledger.unsettled) == (1, 1, 0, 0)


@pytest.mark.parametrize("fate", [Fate.ACCEPT, Fate.BURY])
def test_a_commit_beyond_an_unsettled_record_is_seen_at_once(fate: Fate) -> None:
    ledger = Ledger()
    ledger.publish(record(0, fate))
    ledger.commit(PLACE, 1, [], seen_ms=1.0)
    ledger.judge()

    assert kinds(ledger) == {"passed by a commit": 1}


def test_a_claim_in_a_commit_is_held_to_the_same() -> None:
    ledger = Ledger()
    ledger.publish(record(0))
    ledger.publish(record(1))
    ledger.commit(PLACE, 0, [1], seen_ms=1.0)
    ledger.judge()

    assert kinds(ledger) == {"said to be settled": 1}


def test_what_a_commit_covers_can_be_given_time() -> None:
    ledger = Ledger()
    ledger.publish(record(0))
    ledger.commit(PLACE, 1, [], seen_ms=5.0)
    ledger.judge(until_ms=4.0)
    early = kinds(ledger)
    ledger.judge(until_ms=5.0)
    assert (early, list(kinds(ledger))) == ({}, ["passed by a commit"])


def test_a_record_that_becomes_known_after_the_commit_is_judged_then() -> None:
    ledger = Ledger()
    ledger.commit(PLACE, 1, [], seen_ms=1.0)
    ledger.judge()
    assert kinds(ledger) == {}

    ledger.publish(record(0))
    ledger.judge()

    assert kinds(ledger) == {"passed by a commit": 1}


def test_an_acceptance_after_the_commit_does_not_heal_it() -> None:
    """Nobody looked between the two; the times tell."""
    ledger = Ledger()
    ledger.commit(PLACE, 1, [], seen_ms=1.0)
    ledger.accept(acceptance(0, at_ms=2.0))
    ledger.publish(record(0))
    ledger.judge()

    assert kinds(ledger) == {"passed by a commit": 1}


def test_a_letter_after_the_commit_does_not_heal_it() -> None:
    ledger = Ledger()
    ledger.publish(record(0, Fate.BURY))
    ledger.commit(PLACE, 1, [], seen_ms=1.0)
    ledger.bury(letter(0, at_ms=2.0))

    assert kinds(ledger) == {"passed by a commit": 1}


def test_what_is_neither_accepted_nor_buried_is_lost() -> None:
    ledger = Ledger()
    ledger.publish(record(0))
    ledger.close()

    assert kinds(ledger) == {"lost": 1, "not committed": 1}


def test_a_commit_short_of_the_end_is_told_even_if_all_is_settled() -> None:
    ledger = Ledger()
    ledger.publish(record(0, Fate.SKIP))
    ledger.close()

    assert kinds(ledger) == {"not committed": 1}


def test_a_commit_beyond_what_was_published_is_told() -> None:
    ledger = Ledger()
    ledger.publish(record(1, Fate.SKIP))
    ledger.commit(PLACE, 2, [], seen_ms=1.0)
    ledger.close()

    assert kinds(ledger) == {"unknown": 1}


def test_an_accepted_signal_that_nobody_published_is_strange() -> None:
    ledger = Ledger()
    ledger.accept(acceptance(0))
    ledger.close()

    assert kinds(ledger) == {"strange signal": 1}


def test_a_letter_of_a_record_that_nobody_published_is_strange() -> None:
    ledger = Ledger()
    ledger.bury(letter(0))
    ledger.close()

    assert kinds(ledger) == {"strange dead letter": 1}


@pytest.mark.parametrize("fate", [Fate.ACCEPT, Fate.SKIP])
def test_a_good_record_may_not_be_buried(fate: Fate) -> None:
    ledger = Ledger()
    ledger.publish(record(0, fate))
    ledger.bury(letter(0))

    assert kinds(ledger) == {"buried alive": 1}


def test_a_letter_says_why_and_holds_the_original() -> None:
    ledger = Ledger()
    ledger.publish(record(0, Fate.BURY))
    ledger.bury(letter(0, reason="another", digest=1))

    assert kinds(ledger) == {"wrong reason": 1, "letter differs": 1}


def test_first_acceptances_follow_the_source_for_each_subject() -> None:
    ledger = Ledger()
    for offset, subject in enumerate([SUBJECT, SUBJECT, OTHER, SUBJECT]):
        ledger.publish(record(offset, subject=subject))
    for number, offset in enumerate([2, 0, 3, 1], start=1):
        ledger.accept(acceptance(offset, number))
    ledger.commit(PLACE, 4, [], seen_ms=9.0)
    ledger.close()

    assert kinds(ledger) == {"order": 1}
    assert "offset 3" in ledger.violations.texts[0]


def test_a_repeat_out_of_order_is_no_fault() -> None:
    ledger = Ledger()
    for offset in (0, 1):
        ledger.publish(record(offset))
    for number, offset in enumerate([0, 1, 0], start=1):
        ledger.accept(acceptance(offset, number))
    ledger.commit(PLACE, 2, [], seen_ms=9.0)
    ledger.close()

    assert kinds(ledger) == {}
    assert [each.offset for each in ledger.duplicates] == [0]


def test_a_repeat_has_the_same_bytes() -> None:
    ledger = Ledger()
    ledger.publish(record(0))
    ledger.accept(acceptance(0, 1, content=1))
    ledger.accept(acceptance(0, 2, content=2))

    assert kinds(ledger) == {"other bytes": 1}


def test_each_repeat_names_the_request_before_it() -> None:
    ledger = Ledger()
    ledger.publish(record(0))
    ledger.accept(acceptance(0, 1, request=5))
    ledger.commit(PLACE, 1, [], seen_ms=4.0)
    ledger.accept(acceptance(0, 2, request=6))
    ledger.accept(acceptance(0, 3, request=7))

    assert [(each.before, each.again) for each in ledger.duplicates] == [(5, 6), (6, 7)]
    assert ledger.duplicates[0].committed_ms == 4.0


def test_a_letter_written_again_is_counted_apart() -> None:
    ledger = Ledger()
    ledger.publish(record(0, Fate.BURY))
    assert ledger.due["why"] == 1
    ledger.bury(letter(0, at_ms=1.0))
    ledger.bury(letter(0, at_ms=2.0))

    assert (ledger.buried, ledger.due["why"]) == (1, 0)
    assert [(each.before_ms, each.again_ms) for each in ledger.letters_again] == [(1.0, 2.0)]


def test_two_records_with_the_same_signal_would_make_it_blind() -> None:
    ledger = Ledger()
    ledger.publish(record(0))
    ledger.publish(record(1)._replace(signal=record(0).signal))

    assert kinds(ledger) == {"one signal, two records": 1}


def test_violations_beyond_the_first_are_counted_only() -> None:
    ledger = Ledger()
    for offset in range(200):
        ledger.publish(record(offset))
    ledger.close()

    assert ledger.violations.counts["lost"] == 200
    assert len(ledger.violations.texts) == 50


def test_a_sick_record_stays_one_until_a_commit_passes_it() -> None:
    """Its letter may be that of a process that had lost the partition: the next buries again."""
    ledger = Ledger()
    ledger.publish(record(0))
    ledger.publish(record(1, Fate.BURY)._replace(reason="server_fault"))
    ledger.publish(record(2, Fate.BURY))
    assert ledger.sick == 1

    ledger.bury(letter(1, "server_fault"))
    ledger.commit(PLACE, 1, [], seen_ms=1.0)
    assert (ledger.sick, ledger.due["server_fault"]) == (1, 0)

    ledger.commit(PLACE, 2, [], seen_ms=2.0)
    assert ledger.sick == 0
