"""One run at a time: the second stops and says so, or shuts the first out."""

from __future__ import annotations

import pytest

from consumer.errors import ExitCode
from consumer.letters.catalogue import Catalogue
from consumer.letters.errors import BusyError, TakenOverError
from consumer.letters.standing import STALE_AFTER_S
from tests.unit.letters.fake_kafka import FakeClock, FakeKafka
from tests.unit.letters.replaying_process import Process, with_letters


def begin(kafka: FakeKafka, clock: FakeClock, *, take_over: bool = False, run: str = "a") -> object:
    session = Process(kafka, clock).session(run=run)
    with Catalogue() as catalogue:
        session.begin(catalogue, take_over=take_over)
    return session


def test_a_second_run_stops_at_once_and_says_who_is_at_work() -> None:
    kafka, clock = with_letters(1), FakeClock()
    begin(kafka, clock)
    clock.now_s += 7

    with pytest.raises(BusyError, match="replay on host, begun 7 s ago") as caught:
        Process(kafka, clock).replay(take_over=False)

    assert caught.value.exit_code == ExitCode.BUSY
    assert kafka.retried() == []


def test_the_second_run_leaves_the_first_its_right_to_write() -> None:
    kafka, clock = with_letters(1), FakeClock()
    first = Process(kafka, clock).session(run="first")
    with Catalogue() as catalogue:
        first.begin(catalogue, take_over=False)
    with pytest.raises(BusyError):
        Process(kafka, clock).replay(take_over=False)

    first.beat()


def test_a_run_that_is_taken_over_writes_no_more() -> None:
    kafka, clock = with_letters(1), FakeClock()
    first = Process(kafka, clock).session(run="first")
    with Catalogue() as catalogue:
        first.begin(catalogue, take_over=False)
    Process(kafka, clock).replay(take_over=True)

    with pytest.raises(TakenOverError, match="took over") as caught:
        first.beat()

    assert caught.value.exit_code == ExitCode.FENCED
    assert len(kafka.retried()) == 1


def test_a_run_whose_heart_stopped_is_not_waited_for() -> None:
    kafka, clock = with_letters(1), FakeClock()
    begin(kafka, clock)
    clock.now_s += STALE_AFTER_S - 0.1
    with pytest.raises(BusyError):
        Process(kafka, clock).replay(take_over=False)
    clock.now_s += 0.2

    assert Process(kafka, clock).replay(take_over=False).replayed.total() == 1


@pytest.mark.parametrize("skew_s", [-600, 600])
def test_a_run_that_lives_is_waited_for_whatever_its_host_s_clock_says(skew_s: float) -> None:
    kafka, clock = with_letters(1), FakeClock()
    elsewhere = FakeClock(clock.now_s + skew_s)
    first = Process(kafka, elsewhere).session(run="first")
    with Catalogue() as catalogue:
        first.begin(catalogue, take_over=False)

    def go_on() -> None:
        elsewhere.now_s += 12
        first.beat_if_due()

    with pytest.raises(BusyError):
        Process(kafka, clock, meanwhile=go_on).replay(take_over=False)
    first.beat()


def test_a_run_that_died_is_watched_for_a_moment_only() -> None:
    kafka, clock = with_letters(1), FakeClock()
    begin(kafka, clock)
    clock.now_s += 3_600
    began_s = clock.now_s

    assert Process(kafka, clock).replay(take_over=False).replayed.total() == 1
    assert 0 < clock.now_s - began_s <= 15


def test_a_run_that_ended_leaves_the_way_free_at_once() -> None:
    kafka, clock = with_letters(1), FakeClock()
    assert Process(kafka, clock).replay(take_over=False).replayed.total() == 1

    assert Process(kafka, clock).replay(take_over=False).replayed.total() == 0


def test_a_run_beats_when_it_has_not_written_for_a_while() -> None:
    kafka, clock = with_letters(), FakeClock()
    session = Process(kafka, clock).session()
    with Catalogue() as catalogue:
        session.begin(catalogue, take_over=False)
    before = len(kafka.beats())
    for _ in range(12):
        clock.now_s += 1
        session.beat_if_due()

    assert len(kafka.beats()) - before == 2
