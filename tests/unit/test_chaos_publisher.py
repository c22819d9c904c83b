"""The pace of a chaos run's publisher."""

from __future__ import annotations

from tests.faults.chaos.publisher import TRICKLE_PER_S, Pace

BEGIN_S = 1_000.0


def sent_within(pace: Pace, begin_s: float, seconds: float) -> int:
    """How many a publisher sends that is as quick as may be."""
    now_s, sent = begin_s, 0
    while now_s < begin_s + seconds:
        sent += 1
        now_s += max(0.0, pace.wait_s(now_s))
    return sent


def test_it_sends_so_many_a_second() -> None:
    assert abs(sent_within(Pace(500.0), BEGIN_S, 10.0) - 5_000) <= 105  # And what 0.2 s bring.


def test_time_lost_in_an_outage_is_not_made_up_for_by_a_burst() -> None:
    pace = Pace(500.0)
    sent_within(pace, BEGIN_S, 1.0)

    assert sent_within(pace, BEGIN_S + 60.0, 1.0) <= 605


def test_it_trickles_when_told() -> None:
    pace = Pace(500.0)
    sent_within(pace, BEGIN_S, 1.0)
    pace.trickle()

    assert pace.trickles
    assert sent_within(pace, BEGIN_S + 2.0, 10.0) <= (10.0 + 0.3) * TRICKLE_PER_S
