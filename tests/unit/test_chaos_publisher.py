"""The pace of a chaos run's publisher, and what came of it."""

from __future__ import annotations

from pathlib import Path

from tests.faults.chaos.pace import (
    ARREARS_S,
    BURST_S,
    CATCH_UP,
    TRICKLE_PER_S,
    Milestone,
    Pace,
    between_faults,
    read_milestones,
)
from tests.faults.oracle.timeline import Fault

BEGIN_S = 1_000.0


def sent_within(pace: Pace, begin_s: float, seconds: float) -> int:
    """How many a publisher sends that is as quick as may be."""
    now_s, sent = begin_s, 0
    while now_s < begin_s + seconds:
        sent += 1
        now_s += max(0.0, pace.wait_s(now_s))
    return sent


def pace(per_s: float = 500.0) -> Pace:
    begun = Pace(per_s)
    begun.begin(BEGIN_S)
    return begun


def test_it_sends_so_many_a_second() -> None:
    assert abs(sent_within(pace(), BEGIN_S, 10.0) - 5_000) <= 5


def test_time_lost_in_an_outage_is_made_up_for_without_a_burst() -> None:
    it = pace()
    before = sent_within(it, BEGIN_S, 1.0)
    at_once = sent_within(it, BEGIN_S + 3.0, 1.0)
    later = sent_within(it, BEGIN_S + 4.0, 20.0)

    assert at_once <= 500 * CATCH_UP * (1.0 + BURST_S) + 5
    assert abs(before + at_once + later - 500 * 24) <= 15


def test_no_more_is_made_up_for_than_a_short_outage() -> None:
    it = pace()
    sent_within(it, BEGIN_S, 1.0)

    assert sent_within(it, BEGIN_S + 600.0, 100.0) <= 500 * (100.0 + ARREARS_S) + 5


def test_it_trickles_when_told_and_makes_up_for_nothing() -> None:
    it = pace()
    sent_within(it, BEGIN_S, 1.0)
    it.trickle()

    assert it.trickles
    assert sent_within(it, BEGIN_S + 9.0, 10.0) <= (10.0 + 2 * BURST_S) * TRICKLE_PER_S


def test_the_rate_between_faults_is_that_of_the_time_without_any() -> None:
    milestones = [
        Milestone(at_ms, published)
        for at_ms, published in (
            (0.0, 0),
            (1_000.0, 2_000),
            (2_000.0, 2_100),
            (3_000.0, 2_200),
            (4_500.0, 6_700),
        )
    ]

    assert between_faults(milestones, [Fault("broker.kill", "1", 1_500.0, 2_500.0)]) == 2_600.0
    assert between_faults(milestones, [Fault("broker.kill", "1", 0.0, 9_000.0)]) is None
    assert between_faults(milestones[:1], []) is None


def test_milestones_are_read_as_far_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "milestones.txt"
    path.write_text("1000.5 20\n1500.0 3")

    assert read_milestones(path) == [Milestone(1000.5, 20)]
