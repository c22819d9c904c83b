"""Replay: each letter once, in order, whatever ends the run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.delivery.dead_letter import unwrap
from consumer.letters.choosing import Policy
from consumer.letters.errors import LettersError, StoppedError
from consumer.letters.letter import Spot
from consumer.letters.standing import Mark, Standing, encode_mark
from consumer.letters.superseding import Newer
from tests.unit.letters.fake_kafka import FakeClock, FakeKafka, FakeWatcher, KilledError
from tests.unit.letters.replaying_process import Process, accept, bury, fail_again, with_letters
from tests.unit.letters.samples import AT_MS, buried, key_of, source


def origins(kafka: FakeKafka) -> list[int]:
    return [offset for _, _, offset, _ in kafka.retried()]


def test_a_replayed_letter_is_on_the_retry_topic_with_its_bytes_origin_and_count() -> None:
    kafka = with_letters(7)

    account = Process(kafka).replay()

    [[retry]] = kafka.retry.values()
    assert (retry.key, retry.value) == (b"s", b"s 7")
    assert kafka.retried() == [("moves", 0, 7, 1)]
    assert account.replayed == {"forbidden": 1}


def test_letters_of_a_subject_go_in_the_order_of_their_origin() -> None:
    """However they lie on the dead-letter topic."""
    kafka = with_letters(9, 3, 5, 1)
    bury(kafka, 2, subject="t")

    Process(kafka).replay()

    assert len(kafka.retry) <= 2
    of_one = [offset for offset in origins(kafka) if offset != 2]
    assert of_one == [1, 3, 5, 9]


def test_a_letter_that_was_replayed_is_not_taken_again_unless_asked_for() -> None:
    kafka = with_letters(1, 2)
    Process(kafka).replay()

    assert Process(kafka).replay().replayed.total() == 0
    assert Process(kafka).replay(Policy(again=True)).replayed.total() == 2
    assert sorted(origins(kafka)) == [1, 1, 2, 2]


def test_what_seek_has_accepted_is_not_sent_again_unless_it_is_named() -> None:
    kafka = with_letters(1)
    Process(kafka).replay()
    accept(kafka)

    assert Process(kafka).replay(Policy(again=True)).replayed.total() == 0
    named = Policy(again=True, states=frozenset({Standing.ACCEPTED}))
    assert Process(kafka).replay(named).replayed.total() == 1


def test_a_letter_that_failed_again_is_new() -> None:
    kafka = with_letters(1)
    for count in range(1, 4):
        account = Process(kafka).replay()
        assert account.replayed.total() == 1
        assert kafka.retried()[-1] == ("moves", 0, 1, count)
        fail_again(kafka)


def test_a_letter_that_failed_too_often_is_parked_until_the_limit_is_raised() -> None:
    kafka = with_letters(1)
    for _ in range(2):
        Process(kafka).replay(Policy(max_replays=2))
        fail_again(kafka)

    account = Process(kafka).replay(Policy(max_replays=2))
    assert (account.replayed.total(), account.parked.total()) == (0, 1)
    account = Process(kafka).replay(Policy(max_replays=2))
    assert (account.replayed.total(), account.parked.total()) == (0, 0)
    assert Process(kafka).replay(Policy(max_replays=3)).replayed.total() == 1


@pytest.mark.parametrize("reason", ["server_fault", "unknown_code"])
def test_what_seek_wants_retried_until_successful_is_never_parked(reason: str) -> None:
    kafka = with_letters(1, reason=reason)
    Process(kafka).replay(Policy(max_replays=1))
    first = kafka.dlq[0]
    [[retry]] = kafka.retry.values()
    back = source(0, topic="g.retry", value=first.value(), headers=retry.headers)
    kafka.dlq.append(buried(back, Spot(0, 1), reason))

    assert Process(kafka).replay(Policy(max_replays=1)).replayed.total() == 1


def test_no_more_than_asked_for_are_replayed_and_the_oldest_go_first() -> None:
    kafka = with_letters(4, 3, 2, 1)

    assert Process(kafka).replay(most=3).replayed.total() == 3
    assert origins(kafka) == [1, 2, 3]
    assert Process(kafka).replay(most=3).replayed.total() == 1


def test_what_came_through_a_replay_is_not_parked_when_it_is_asked_for_again() -> None:
    kafka = with_letters(1)
    Process(kafka).replay()
    fail_again(kafka)
    Process(kafka).replay()
    everything = Policy(max_replays=1, again=True, states=frozenset(Standing))

    for _ in range(2):  # On its way, then accepted.
        account = Process(kafka).replay(everything)
        assert (account.replayed.total(), account.parked.total()) == (0, 0)
        accept(kafka)


def test_where_only_so_many_may_go_those_go_that_were_replayed_least() -> None:
    kafka = FakeKafka()
    for offset, subject in enumerate("abcdef"):
        bury(kafka, offset, subject, "server_fault")
    for _ in range(3):
        Process(kafka).replay(most=2)
        fail_again(kafka, "server_fault")

    assert sorted(origins(kafka)) == [0, 1, 2, 3, 4, 5]


def test_a_letter_does_not_pass_an_older_one_of_its_key_that_was_replayed_more_often() -> None:
    kafka = FakeKafka()
    bury(kafka, 1, "s")
    bury(kafka, 2, "t")
    Process(kafka, takes=lambda letter: letter.origin.offset == 1).replay()
    fail_again(kafka)
    bury(kafka, 3, "s")

    assert Process(kafka).replay(most=2).replayed.total() == 2
    assert sorted(kafka.retried()) == [("moves", 0, 1, 1), ("moves", 0, 1, 2), ("moves", 0, 2, 1)]


@settings(max_examples=40)
@given(
    subjects=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=9),
    most=st.integers(1, 4),
    hopeless=st.frozensets(st.sampled_from("abcdef")),
)
def test_however_many_fail_for_ever_each_letter_has_its_turn_in_the_order_of_its_subject(
    subjects: list[str], most: int, hopeless: frozenset[str]
) -> None:
    """Those of hopeless subjects come back each time. Of a subject with more letters than may go
    at once the newest wait until an older one comes through."""
    kafka, replayed, left = FakeKafka(), [], set(range(len(subjects)))
    for offset, subject in enumerate(subjects):
        bury(kafka, offset, subject, "server_fault")

    for _ in range(25):
        taken = {number: len(retries) for number, retries in kafka.retry.items()}
        Process(kafka).replay(most=most, look_ahead=False)
        gone = new_retries(kafka, taken)
        for subject in subjects:
            mine = [offset for offset in gone if subjects[offset] == subject]
            older = [o for o in left if subjects[o] == subject and o < max(mine, default=0)]
            assert mine == sorted(mine)
            assert set(older) <= set(mine)
        replayed += gone
        left -= {offset for offset in gone if subjects[offset] not in hopeless}
        come_back(kafka, taken, lambda offset: subjects[offset] in hopeless)

    few = [o for o, s in enumerate(subjects) if s not in hopeless or subjects.count(s) <= most]
    assert set(few) <= set(replayed)


def new_retries(kafka: FakeKafka, taken: dict[int, int]) -> list[int]:
    """Origins of the retry records behind `taken`, by partition and offset."""
    return [
        letter.origin.offset
        for number in sorted(kafka.retry)
        for retry in kafka.retry[number][taken.get(number, 0) :]
        if (letter := unwrap(retry.headers)) is not None
    ]


def come_back(kafka: FakeKafka, taken: dict[int, int], fails: Callable[[int], bool]) -> None:
    """Of the retry records behind `taken` those that fail are letters again."""
    kafka.committed = taken
    kept = {number: list(retries) for number, retries in kafka.retry.items()}
    for number, retries in kafka.retry.items():
        behind = retries[taken.get(number, 0) :]
        failing = [r for r in behind if (d := unwrap(r.headers)) and fails(d.origin.offset)]
        kafka.retry[number] = [*retries[: taken.get(number, 0)], *failing]
    fail_again(kafka, "server_fault")
    kafka.retry = kept
    accept(kafka)


def test_of_many_that_are_superseded_none_takes_the_place_of_one_that_is_not() -> None:
    """All that could go are looked at, not only as many as may."""
    kafka = FakeKafka()
    for offset, subject in enumerate("abcd"):
        bury(kafka, offset, subject)
    for offset, subject in enumerate("abc", 10):
        kafka.sources.append(source(offset, subject.encode(), value=subject.encode() + b" 1"))

    account = Process(kafka).replay(most=1, skip_superseded=True)

    assert origins(kafka) == [3]
    assert account.superseded.total == 3


def test_another_record_where_a_purged_letter_s_lay_is_another_letter() -> None:
    """The source was made anew: places come again, times do not."""
    kafka = with_letters(1, 2)
    assert Process(kafka).purge().marked.total() == 2
    anew = replace(source(1, b"s", value=b"s 1"), at_ms=AT_MS + 999)
    kafka.dlq.append(buried(anew, Spot(0, 2)))

    assert Process(kafka, takes=lambda _: False).purge().cuts == {0: 2}
    assert Process(kafka).replay().replayed.total() == 1
    assert Process(kafka).replay().replayed.total() == 0


def test_a_mark_of_an_earlier_version_holds_whatever_the_record_s_time() -> None:
    kafka = with_letters(1, 2)
    old = Mark(Standing.PURGED, 0, 1)
    kafka.state.append(encode_mark(key_of(1)._replace(timestamp_ms=None), old))

    assert Process(kafka).replay().replayed.total() == 1
    assert origins(kafka) == [2]


def test_a_later_mark_counts_be_the_earlier_one_of_an_earlier_version() -> None:
    kafka = with_letters(1)
    Process(kafka).replay()
    old = Mark(Standing.PARKED, 0, 1)
    kafka.state.append(encode_mark(key_of(1)._replace(timestamp_ms=None), old))

    assert Process(kafka).replay().replayed.total() == 0
    assert Process(kafka).replay(Policy(again=True)).replayed.total() == 1


def test_a_letter_that_was_written_twice_after_a_crash_is_replayed_once() -> None:
    kafka = with_letters(1)
    kafka.dlq.append(buried(kafka.sources[0], Spot(0, 1)))

    assert Process(kafka).replay().replayed.total() == 1
    assert origins(kafka) == [1]


def test_a_rate_spaces_the_letters_and_keeps_the_run_s_heartbeat_alive() -> None:
    kafka, clock = with_letters(*range(100)), FakeClock()
    began_s = clock.now_s

    Process(kafka, clock).replay(per_s=2.0)

    assert clock.now_s - began_s >= 100 / 2.0
    beats = [beat.beat_ms for beat in kafka.beats()]
    assert max(b - a for a, b in pairwise(beats)) <= 10_000


def test_however_slow_kafka_is_the_run_s_heart_beats() -> None:
    kafka, clock = with_letters(*range(3)), FakeClock()

    def tick() -> None:
        clock.now_s += 4

    kafka.slow = tick
    Process(kafka, clock).replay()

    beats = [beat.beat_ms for beat in kafka.beats()]
    assert max(b - a for a, b in pairwise(beats)) <= 10_000
    assert beats[-1] - beats[0] > 40_000


def test_a_run_that_is_stopped_says_so_and_the_next_goes_on() -> None:
    kafka, clock = with_letters(*range(1200)), FakeClock()

    account = Process(kafka, clock).replay(watcher=FakeWatcher(clock, stop_after=1))

    assert account.interrupted
    assert account.replayed.total() == 500
    assert Process(kafka, clock).replay(take_over=False).replayed.total() == 700
    assert origins(kafka) == list(range(1200))


def test_when_a_write_fails_nothing_of_it_stays_and_the_next_run_goes_on() -> None:
    kafka = with_letters(1)
    kafka.broken = LettersError("a broker is away")
    with pytest.raises(LettersError, match="away"):
        Process(kafka).replay()
    kafka.broken = None

    assert Process(kafka).replay().replayed.total() == 1
    assert origins(kafka) == [1]


def test_a_letter_too_large_for_the_retry_topic_is_named_and_the_others_go() -> None:
    kafka = with_letters(1, 2)
    bury(kafka, 3, size=kafka.largest)

    account = Process(kafka).replay()

    assert (origins(kafka), account.too_large.first) == ([1, 2], [key_of(3)])


def test_a_pointer_letter_is_replayed_from_its_source() -> None:
    kafka = with_letters(1)
    pointer = kafka.dlq[0]
    headers = [*(pointer.headers() or []), ("__dlq.errors.pointer", b"true")]
    kafka.dlq[0] = type(pointer)(pointer.place, 0, None, None, headers, AT_MS)

    Process(kafka).replay()

    [[retry]] = kafka.retry.values()
    assert (retry.key, retry.value) == (b"s", b"s 1")
    assert not any(name.endswith("pointer") for name, _ in retry.headers)


@pytest.mark.parametrize("there", ["nothing", "another record"])
def test_a_pointer_letter_whose_record_is_gone_is_named(there: str) -> None:
    kafka = with_letters(1)
    pointer = kafka.dlq[0]
    headers = [*(pointer.headers() or []), ("__dlq.errors.pointer", b"true")]
    kafka.dlq[0] = type(pointer)(pointer.place, 0, None, None, headers, AT_MS)
    kafka.sources.clear()
    if there == "another record":  # The topic was made anew.
        anew = source(1, b"other")
        kafka.sources.append(type(anew)(anew.place, 1, b"other", b"other", None, AT_MS + 9))

    account = Process(kafka).replay()

    assert (origins(kafka), account.gone.first) == ([], [key_of(1)])


def test_a_letter_whose_subject_has_moved_on_is_reported_with_the_newer_state_s_time() -> None:
    kafka = with_letters(1)
    kafka.sources.append(source(8, b"s", value=b"s 1234"))

    account = Process(kafka).replay()

    assert account.superseded.first == [(key_of(1).origin, Newer(8, 1234))]
    assert origins(kafka) == [1]


def test_a_run_that_is_stopped_while_it_looks_for_what_to_leave_out_changes_nothing() -> None:
    kafka, clock = with_letters(1), FakeClock()

    with pytest.raises(StoppedError, match="nothing was changed"):
        Process(kafka, clock).replay(skip_superseded=True, watcher=FakeWatcher(clock, stop_after=0))

    assert kafka.retried() == []
    assert Process(kafka, clock).replay(take_over=False).replayed.total() == 1


def test_a_run_that_is_stopped_while_it_looks_for_what_to_report_has_replayed_all() -> None:
    """However long the sources are, a run that is ended each time gets on with its letters."""
    kafka, clock = with_letters(1), FakeClock()
    kafka.sources.append(source(8, b"s", value=b"s 1234"))

    account = Process(kafka, clock).replay(watcher=FakeWatcher(clock, stop_after=1))

    assert (account.replayed.total(), account.interrupted, account.looked_ahead) == (
        1,
        False,
        False,
    )
    assert kafka.beats()[-1].ended


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param(b"s", None, id="a tombstone"),
        pytest.param(b"s", b"-s 9", id="one that is skipped"),
        pytest.param(b"s", b"t 9", id="one of another subject with the same key"),
        pytest.param(b"t", b"s 9", id="one of another key, where nobody looks"),
    ],
)
def test_a_newer_record_that_does_not_tell_seek_of_the_subject_supersedes_nothing(
    key: bytes, value: bytes | None
) -> None:
    kafka = with_letters(1)
    kafka.sources.append(source(8, key, value=value))

    account = Process(kafka).replay(skip_superseded=True)

    assert (origins(kafka), account.superseded.total) == ([1], 0)


def test_a_source_that_may_not_be_read_is_told_and_nothing_waits_for_it() -> None:
    kafka = with_letters(1)
    kafka.sources.append(source(8, b"s", value=b"s 9"))
    kafka.forbidden = "moves"

    account = Process(kafka).replay()

    assert (account.replayed.total(), account.looked_ahead) == (1, False)
    assert account.unread == {"moves/0": "reading moves failed"}


def test_what_is_superseded_is_not_left_out_by_guess() -> None:
    kafka = with_letters(1)
    kafka.forbidden = "moves"

    with pytest.raises(LettersError, match="not known which letters are superseded"):
        Process(kafka).replay(skip_superseded=True)
    assert kafka.retried() == []


def test_a_letter_that_does_not_say_where_it_came_from_is_superseded_by_nothing() -> None:
    kafka = with_letters(1)
    lost = kafka.dlq[0]
    kafka.dlq[0] = type(lost)(lost.place, 0, lost.key(), lost.value(), None, AT_MS)
    kafka.sources.append(type(lost)(lost.place, 1, lost.key(), lost.value(), None, AT_MS))

    account = Process(kafka).replay()

    assert (account.replayed.total(), account.superseded.total) == (1, 0)


def test_superseded_letters_are_left_out_when_asked_for() -> None:
    kafka = with_letters(1)
    bury(kafka, 2, subject="t")
    kafka.sources.append(source(8, b"s", value=b"s 1234"))

    account = Process(kafka).replay(skip_superseded=True)

    assert origins(kafka) == [2]
    assert [origin for origin, _ in account.superseded.first] == [key_of(1).origin]


def test_a_newer_letter_that_seek_never_got_supersedes_nothing() -> None:
    """Both go, in order."""
    kafka = with_letters(1, 2)

    account = Process(kafka).replay(skip_superseded=True)

    assert (origins(kafka), account.superseded.total) == ([1, 2], 0)


def test_a_newer_letter_that_was_replayed_before_supersedes() -> None:
    kafka = with_letters(1, 2)
    second = Process(kafka, takes=lambda letter: letter.origin.offset == 2)
    second.replay()

    assert [each for each, _ in Process(kafka).replay().superseded.first] == [key_of(1).origin]


@given(
    offsets=st.lists(st.integers(0, 40), min_size=1, max_size=25, unique=True),
    subjects=st.lists(st.sampled_from("abcde"), min_size=41, max_size=41),
    lives=st.lists(st.integers(0, 14), max_size=8),
    rate=st.sampled_from([1.0, 100.0]),
)
def test_killed_at_any_moments_neither_loses_nor_doubles_and_keeps_the_order(
    offsets: list[int], subjects: list[str], lives: list[int], rate: float
) -> None:
    """Each number of `lives` is how many steps a run lives; the last runs to its end."""
    kafka, clock = FakeKafka(), FakeClock()
    for offset in offsets:
        bury(kafka, offset, subjects[offset])

    for steps in lives:
        kafka.steps_left = steps
        try:
            Process(kafka, clock).replay(per_s=rate)
        except KilledError:
            clock.now_s += 1
    kafka.steps_left = None
    Process(kafka, clock).replay(per_s=rate)

    replayed = origins(kafka)
    assert sorted(replayed) == sorted(offsets)
    for subject in "abcde":
        of_one = [offset for offset in replayed if subjects[offset] == subject]
        assert of_one == sorted(of_one)


def test_killed_at_every_single_step_neither_loses_nor_doubles() -> None:
    for steps in range(20):
        kafka, clock = with_letters(1, 2, 3), FakeClock()
        kafka.steps_left = steps
        with suppress(KilledError):
            Process(kafka, clock).replay(per_s=0.3)
        kafka.steps_left = None
        Process(kafka, clock).replay(per_s=0.3)

        assert origins(kafka) == [1, 2, 3], f"killed at step {steps}"
