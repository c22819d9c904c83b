"""When the broker would delete what is not settled yet."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.records import Offset
from consumer.delivery.retention import (
    MOVES,
    SPEED_OVER_S,
    Extent,
    Retention,
    Standstill,
    StartSpeed,
    time_to_loss_s,
)

DAY_S = 86_400.0
WEEK = Retention(ms=round(7 * DAY_S * 1000), size_bytes=None)


def test_a_record_is_lost_when_its_age_reaches_the_retention() -> None:
    assert time_to_loss_s(WEEK, DAY_S, ahead=0, start_speed=None) == 6 * DAY_S


def test_what_is_overdue_can_be_gone_at_any_moment() -> None:
    assert time_to_loss_s(WEEK, 8 * DAY_S, ahead=0, start_speed=None) == 0


def test_a_topic_that_is_kept_for_ever_loses_nothing() -> None:
    assert time_to_loss_s(Retention(None, None), DAY_S, 0, None) == math.inf


@pytest.mark.parametrize(
    ("retention", "age_s", "speed"),
    [
        (None, DAY_S, 1.0),
        (WEEK, None, 1.0),
        (Retention(None, 1_000), DAY_S, None),
        (Retention(WEEK.ms, 1_000), DAY_S, None),
    ],
    ids=["configuration", "age", "speed", "speed-beside-a-known-age"],
)
def test_what_cannot_be_known_is_not_guessed(
    retention: Retention | None, age_s: float | None, speed: float | None
) -> None:
    assert math.isnan(time_to_loss_s(retention, age_s, 100, speed))


def test_of_two_limits_the_nearer_counts() -> None:
    both = Retention(WEEK.ms, 1_000_000)
    assert time_to_loss_s(both, DAY_S, ahead=500, start_speed=5.0) == 100
    assert time_to_loss_s(both, 7 * DAY_S - 10, ahead=500, start_speed=5.0) == 10


def test_a_log_whose_start_does_not_move_is_not_limited_by_size() -> None:
    assert time_to_loss_s(Retention(None, 1_000), None, 500, start_speed=0.0) == math.inf


@given(
    age_s=st.floats(0, 1e9),
    more_s=st.floats(0, 1e9),
    ahead=st.integers(0, 10**9),
    speed=st.floats(0, 1e6),
)
def test_waiting_never_brings_more_time(
    age_s: float, more_s: float, ahead: int, speed: float
) -> None:
    both = Retention(WEEK.ms, 1_000_000)
    now = time_to_loss_s(both, age_s, ahead, speed)
    assert time_to_loss_s(both, age_s + more_s, ahead, speed) <= now
    assert now >= 0


def _extent(start: int, at_s: float) -> Extent:
    return Extent(Offset(start), Offset(10_000), at_s)


def _speeds(*seen: tuple[int, float]) -> list[float | None]:
    """After each sight of (start, intervals since the first)."""
    speed, speeds = StartSpeed(), list[float | None]()
    for start, intervals in seen:
        speed.see(_extent(start, intervals * SPEED_OVER_S))
        speeds.append(speed.per_s)
    return speeds


def test_a_start_is_watched_for_a_whole_interval_before_it_has_a_speed() -> None:
    assert _speeds((0, 0.0), (1_000, 0.5), (1_200, 1.0)) == [None, None, 1_200 / SPEED_OVER_S]


def test_a_start_that_never_moved_has_no_speed() -> None:
    assert _speeds((7, 0.0), (7, 1.0), (7, 9.0))[1:] == [0, 0]


def test_a_start_that_stands_until_the_next_segment_is_deleted_keeps_its_speed() -> None:
    """A segment in two hours, seen each ten minutes: never is it said that nothing moves."""
    seen = [(interval // 12 * 600, float(interval)) for interval in range(61)]
    speeds = _speeds(*seen)
    after_two_moves = speeds[24:]
    true = 600 / (12 * SPEED_OVER_S)
    assert all(each is not None and true <= each <= 2 * true for each in after_two_moves)


def test_a_start_that_moves_no_more_slows_down() -> None:
    moves = [(1_000 * number, float(number)) for number in range(MOVES)]
    last = moves[-1][0]
    *_, at_first, later = _speeds(*moves, (last, 2.0 * MOVES), (last, 11.0 * MOVES))
    assert at_first is not None
    assert later is not None
    assert later < at_first / 5


def test_old_moves_do_not_count_for_ever() -> None:
    slow = [(number, float(number)) for number in range(10)]
    fast = [(1_000 * number, 10.0 + number) for number in range(1, 10)]
    assert _speeds(*slow, *fast)[-1] == 1_000 / SPEED_OVER_S


def test_a_speed_is_taken_over_a_whole_interval_however_many_moves_that_are() -> None:
    often = [(number, number / 40) for number in range(100)]
    assert _speeds(*often)[-1] == pytest.approx(40 / SPEED_OVER_S)


def test_a_log_made_anew_has_no_speed_yet() -> None:
    speed = StartSpeed()
    speed.see(_extent(5_000, 0.0))
    speed.see(_extent(6_000, SPEED_OVER_S))
    speed.see(_extent(0, SPEED_OVER_S + 1))
    assert speed.per_s is None


def _stood(*seen: tuple[int, int, float]) -> list[float]:
    """Seconds of standing still, as of each moment of (mark, end, now)."""
    still, stood = Standstill(), list[float]()
    for mark, end, now_s in seen:
        still.see(mark, end, now_s)
        stood.append(still.seconds(now_s))
    return stood


def test_a_partition_stands_still_from_when_its_mark_was_last_seen_to_move() -> None:
    assert _stood((5, 9, 10.0), (5, 12, 40.0), (6, 12, 50.0), (6, 12, 55.0)) == [0, 30, 0, 5]


def test_a_partition_that_is_read_to_its_end_does_not_stand_still() -> None:
    """Only from when there is something behind it."""
    assert _stood((9, 9, 10.0), (9, 9, 500.0), (9, 10, 510.0), (9, 10, 520.0)) == [0, 0, 0, 10]
