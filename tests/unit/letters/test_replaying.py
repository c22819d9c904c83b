"""Replay: each letter once, in order, whatever ends the run."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.letters.choosing import Policy
from consumer.letters.errors import LettersError
from consumer.letters.letter import Spot
from consumer.letters.standing import Mark, Standing, encode_mark
from tests.unit.letters.fake_kafka import FakeClock, FakeKafka, FakeWatcher, KilledError
from tests.unit.letters.replaying_process import Process, accept, bury, fail_again, with_letters
from tests.unit.letters.samples import AT_MS, buried, key_of, source


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
    of_one = [offset for offset in kafka.origins() if offset != 2]
    assert of_one == [1, 3, 5, 9]


def test_a_letter_that_was_replayed_is_not_taken_again_unless_asked_for() -> None:
    kafka = with_letters(1, 2)
    Process(kafka).replay()

    assert Process(kafka).replay().replayed.total() == 0
    assert Process(kafka).replay(Policy(again=True)).replayed.total() == 2
    assert sorted(kafka.origins()) == [1, 1, 2, 2]


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
    assert kafka.origins() == [2]


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
    assert kafka.origins() == [1]


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
    assert kafka.origins() == list(range(1200))


def test_when_a_write_fails_nothing_of_it_stays_and_the_next_run_goes_on() -> None:
    kafka = with_letters(1)
    kafka.broken = LettersError("a broker is away")
    with pytest.raises(LettersError, match="away"):
        Process(kafka).replay()
    kafka.broken = None

    assert Process(kafka).replay().replayed.total() == 1
    assert kafka.origins() == [1]


def test_a_letter_too_large_for_the_retry_topic_is_named_and_the_others_go() -> None:
    kafka = with_letters(1, 2)
    bury(kafka, 3, size=kafka.largest)

    account = Process(kafka).replay()

    assert (kafka.origins(), account.too_large.first) == ([1, 2], [key_of(3)])


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

    assert (kafka.origins(), account.gone.first) == ([], [key_of(1)])


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

    replayed = kafka.origins()
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

        assert kafka.origins() == [1, 2, 3], f"killed at step {steps}"
