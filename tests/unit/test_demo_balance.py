"""The sheet balances when every record ended as it had to, and says what is wrong when not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from consumer.delivery.records import TopicPartition
from consumer.demo.balance import (
    Evidence,
    Journaled,
    Letter,
    Published,
    balance,
    unsettled_below,
)
from consumer.demo.balance_view import sheet_lines, sheet_table
from consumer.demo.expectations import (
    DemoEvent,
    Expectation,
    Kind,
    SignalKey,
    ToBeAccepted,
    ToBeBuried,
    ToBeSkipped,
)
from consumer.domain.signals import Reason, SkipReason

P0, P1 = TopicPartition("status", 0), TopicPartition("status", 1)


def signal(name: str, label: str = "New") -> SignalKey:
    return SignalKey("ApplicationStatusUpdate", name, label, 1)


def published(
    place: TopicPartition, offset: int, expectation: Expectation, key: str = "app"
) -> Published:
    event = DemoEvent(Kind.APPLICATION_STATUS_CHANGED, key, {}, expectation)
    return Published(event, place, offset, key.encode(), b"value")


FIRST, SECOND, OTHER = signal("a", "New"), signal("a", "Interview"), signal("b")
GOOD = Evidence(
    published=(
        published(P0, 0, ToBeAccepted(FIRST)),
        published(P0, 1, ToBeAccepted(SECOND)),
        published(P0, 2, ToBeSkipped(SkipReason.TOMBSTONE)),
        published(P1, 0, ToBeAccepted(OTHER), key="other"),
        published(P1, 1, ToBeBuried(Reason.NO_BYTES), key="other"),
    ),
    unconfirmed=0,
    journal=(Journaled(FIRST, "r1"), Journaled(OTHER, "r1"), Journaled(SECOND, "r2")),
    letters=(Letter(P1, 1, "no_bytes", b"other", b"value"),),
    skipped={"tombstone": 1},
    committed={P0: 3, P1: 2},
    requests={"accepted": 2, "throttled": 1},
)


def test_it_balances_when_every_record_ended_as_it_had_to() -> None:
    sheet = balance(GOOD)

    assert sheet.faults == []
    assert sheet.balances
    assert sheet.published == sheet.accounted == 5
    assert sheet.repeats == 0
    assert sheet.mean_batch == 1.5


def test_rows_are_by_fate_and_reason() -> None:
    assert [tuple(line) for line in balance(GOOD).lines] == [
        ("accepted", "ApplicationStatusUpdate", 3, 3),
        ("dead-lettered", "no_bytes", 1, 1),
        ("skipped", "tombstone", 1, 1),
    ]


def letter(offset: int = 1, reason: str = "no_bytes", value: bytes = b"value") -> Letter:
    return Letter(P1, offset, reason, b"other", value)


SPOILT: list[tuple[str, Callable[[Evidence], Evidence], str]] = [
    ("a lost signal", lambda e: replace(e, journal=e.journal[:2]), "1 of 3 not accepted"),
    ("a lost letter", lambda e: replace(e, letters=()), "1 of 1 not dead-lettered"),
    (
        "a letter for another reason",
        lambda e: replace(e, letters=(letter(reason="bad_framing"),)),
        "1 of 1 not dead-lettered",
    ),
    ("a lost skip", lambda e: replace(e, skipped={}), "1 of 1 not skipped"),
    (
        "a skip for another reason",
        lambda e: replace(e, skipped={"not_from_seek": 1}),
        r"not skipped as expected \(tombstone\)",
    ),
    ("an unconfirmed event", lambda e: replace(e, unconfirmed=2), "2 event"),
    (
        "a signal out of nowhere",
        lambda e: replace(e, journal=(*e.journal, Journaled(signal("x"), "r3"))),
        "1 signal",
    ),
    (
        "a letter of a good record",
        lambda e: replace(e, letters=(*e.letters, letter(offset=0))),
        "status/1 offset 0 is a dead letter",
    ),
    (
        "a letter out of nowhere",
        lambda e: replace(e, letters=(*e.letters, letter(offset=9))),
        "status/1 offset 9, which was not published",
    ),
    (
        "a letter with other bytes",
        lambda e: replace(e, letters=(letter(value=b"valu"),)),
        "does not hold the original bytes",
    ),
    (
        "a subject out of order",
        lambda e: replace(e, journal=tuple(reversed(e.journal))),
        "1 signal.* after a later one",
    ),
    ("a commit too low", lambda e: replace(e, committed={P0: 3, P1: 1}), "status/1: 1 is comm"),
    ("no commit at all", lambda e: replace(e, committed={P1: 2}), "status/0: 0 is committed"),
    ("a commit too high", lambda e: replace(e, committed={P0: 3, P1: 3}), "status/1: 3 is comm"),
    (
        "a commit past a lost signal",
        lambda e: replace(e, journal=e.journal[:2]),
        r"1 unsettled record.*below a committed offset \(first: status/0 offset 1\)",
    ),
    (
        "a commit past a lost letter",
        lambda e: replace(e, letters=()),
        r"1 unsettled record.*below a committed offset \(first: status/1 offset 1\)",
    ),
    ("a commit that was once too high", lambda e: replace(e, passed_over=4), "4 unsettled"),
]


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [pytest.param(spoil, fault, id=name) for name, spoil, fault in SPOILT],
)
def test_it_does_not_balance_with(spoil: Callable[[Evidence], Evidence], fault: str) -> None:
    sheet = balance(spoil(GOOD))

    assert not sheet.balances
    assert re.search(fault, "\n".join(sheet.faults))


def test_repeats_are_counted_and_no_fault() -> None:
    """At least once is the promise; each kind of once more shows."""
    sheet = balance(
        replace(
            GOOD,
            journal=(*GOOD.journal, Journaled(FIRST, "r3"), Journaled(FIRST, "r4")),
            letters=(*GOOD.letters, letter()),
            skipped={"tombstone": 2},
        )
    )

    assert sheet.balances
    assert sheet.repeats == 4


def test_a_repeat_is_not_out_of_order() -> None:
    """Only the first acceptance counts: an answer that was lost is sent again."""
    again = (*GOOD.journal, Journaled(FIRST, "r3"))

    assert balance(replace(GOOD, journal=again)).balances


def test_order_is_kept_for_each_partition_apart() -> None:
    """A subject that changed its partition has no order across the two."""
    evidence = replace(
        GOOD,
        published=(
            published(P0, 0, ToBeAccepted(SECOND)),
            published(P1, 0, ToBeAccepted(FIRST)),
        ),
        journal=(Journaled(FIRST, "r1"), Journaled(SECOND, "r2")),
        letters=(),
        committed={P0: 1, P1: 1},
    )

    assert balance(evidence).faults == []


def test_what_lies_at_or_beyond_the_committed_offset_may_be_unsettled() -> None:
    assert unsettled_below({P0: 1}, GOOD.published, {FIRST}, set()) == []
    assert unsettled_below({P0: 2}, GOOD.published, {FIRST}, set()) == [GOOD.published[1]]


def test_nothing_published_balances_with_nothing_found() -> None:
    sheet = balance(
        Evidence(
            published=(),
            unconfirmed=0,
            journal=(),
            letters=(),
            skipped={},
            committed={},
            requests={},
        )
    )

    assert sheet.balances
    assert sheet.mean_batch == 0.0


def test_the_lines_tell_all_that_the_table_tells() -> None:
    sheet = balance(replace(GOOD, journal=GOOD.journal[:2]))
    console = Console(width=120)
    with console.capture() as capture:
        console.print(sheet_table(sheet))
    table, lines = capture.get(), "\n".join(sheet_lines(sheet))

    for text in (
        "tombstone",
        "no_bytes",
        "requests made: 3 (2 accepted, 1 throttled)",
        "on average: 2.0",
        "duplicates: 0",
        "does NOT balance",
        "1 of 3 not accepted",
    ):
        assert text in table
        assert text in lines


def test_many_faults_are_cut_to_a_screen_and_counted() -> None:
    strays = tuple(letter(offset=offset) for offset in range(2, 32))
    lines = sheet_lines(balance(replace(GOOD, letters=(*GOOD.letters, *strays))))

    assert len([line for line in lines if "not published" in line]) == 12
    assert lines[-1] == "  - and 18 more"
