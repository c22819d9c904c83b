"""The rate of requests: cut by throttling, back beside what was too much, then past it."""

from __future__ import annotations

import pytest

from consumer.delivery.rate import (
    CUT,
    LATE_S,
    LEAST_PER_S,
    ROUND_REQUESTS,
    ROUND_S,
    RequestRate,
)


def sent(it: RequestRate, requests: int, now_s: float, gap_s: float) -> float:
    """So many starts, one each `gap_s`; the time of the last."""
    for number in range(requests):
        it.started(now_s + number * gap_s)
    return now_s + (requests - 1) * gap_s


def throttled_at(per_s: float) -> RequestRate:
    """A rate that was throttled when so much was sent, at second 10."""
    it = RequestRate()
    last_s = sent(it, 100, 10.0 - 99 / per_s, 1 / per_s)
    it.throttled(last_s, last_s, again=False)
    return it


def learned(it: RequestRate) -> float:
    assert it.learned_per_s is not None
    return it.learned_per_s


def saturated(it: RequestRate, from_s: float, seconds: float) -> None:
    """There is always more to send."""
    now_s = from_s
    while now_s < from_s + seconds:
        now_s += it.due_in_s(now_s)
        it.started(now_s)


def test_without_throttling_or_ceiling_starts_are_not_spaced() -> None:
    it = RequestRate()
    sent(it, 10, 1.0, 0.0)
    assert it.limit_per_s is None
    assert it.due_in_s(1.0) == 0.0


def test_starts_are_spaced() -> None:
    it = RequestRate(ceiling_per_s=4.0)
    it.started(1.0)
    assert it.due_in_s(1.0) == pytest.approx(0.25)
    assert it.due_in_s(1.25) == 0.0


def test_a_start_that_comes_a_little_late_is_made_up_for() -> None:
    it = RequestRate(ceiling_per_s=4.0)
    it.started(1.0)
    it.started(1.25 + LATE_S / 2)
    assert it.due_in_s(1.5) == 0.0


def test_a_quiet_time_is_not_made_up_for() -> None:
    it = RequestRate(ceiling_per_s=4.0)
    it.started(1.0)
    it.started(9.0)
    assert it.due_in_s(9.0) == pytest.approx(0.25)


def test_the_lower_of_ceiling_and_what_was_learned_counts() -> None:
    it = throttled_at(10.0)
    it.ceiling_per_s = 2.0
    assert it.limit_per_s == 2.0
    it.ceiling_per_s = 20.0
    assert it.limit_per_s == it.learned_per_s


def test_a_cut_is_by_a_tenth_of_what_was_sent() -> None:
    assert learned(throttled_at(10.0)) == pytest.approx(CUT * 10.0)


def test_a_second_cut_with_nothing_accepted_between_is_by_more_than_half() -> None:
    it = throttled_at(10.0)
    it.throttled(10.1, 10.1, again=True)
    assert it.learned_per_s == pytest.approx(CUT * 0.5 * 9.0)


def test_no_number_of_cuts_stops_all_requests() -> None:
    it = throttled_at(10.0)
    for second in range(1_000):
        it.throttled(11.0 + second, 11.0 + second, again=True)
    assert it.learned_per_s == pytest.approx(LEAST_PER_S)


def test_after_a_round_the_rate_is_what_it_was_when_it_was_throttled() -> None:
    it = throttled_at(10.0)
    saturated(it, 10.0, ROUND_S)
    assert it.learned_per_s == pytest.approx(10.0, rel=0.001)


def test_a_slow_service_is_not_tried_sooner_than_in_so_many_requests() -> None:
    """A round of 20 seconds would be ten requests: throttled once in ten."""
    it = throttled_at(1.0)
    it.throttled(10.0, 10.0, again=True)
    assert it.learned_per_s == pytest.approx(0.405)
    saturated(it, 10.0, ROUND_S)
    assert learned(it) < 0.45
    saturated(it, 10.0 + ROUND_S, ROUND_REQUESTS / 0.405)
    assert learned(it) >= 0.45


def test_past_what_was_too_much_the_rate_rises_slowly_then_fast() -> None:
    it = throttled_at(10.0)
    saturated(it, 10.0, 2 * ROUND_S)
    assert it.learned_per_s == pytest.approx(11.0, rel=0.05)
    saturated(it, 10.0 + 2 * ROUND_S, 3 * ROUND_S)
    assert learned(it) > 40.0


def test_a_rate_that_is_not_used_does_not_rise() -> None:
    """Nothing is learned from a quiet day but that it was quiet."""
    it = throttled_at(10.0)
    sent(it, 1_000, 11.0, 1.0)
    assert it.learned_per_s == pytest.approx(9.0, rel=0.02)


def test_a_rate_above_the_ceiling_does_not_rise() -> None:
    it = throttled_at(10.0)
    it.ceiling_per_s = 8.0
    saturated(it, 10.0, 100.0)
    assert it.learned_per_s == pytest.approx(9.0)


def test_a_rate_that_was_not_used_is_cut_to_less_than_what_was_sent() -> None:
    it = throttled_at(10.0)
    last_s = sent(it, 100, 11.0, 0.5)
    it.throttled(last_s, last_s, again=False)
    assert it.learned_per_s == pytest.approx(CUT * 2.0, rel=0.05)


def test_a_quiet_night_does_not_make_the_rate_of_the_morning() -> None:
    it = RequestRate()
    sent(it, 12, 1.0, 3_600.0)
    it.throttled(50_000.0, 49_999.0, again=False)
    assert it.learned_per_s == pytest.approx(0.9)


def test_the_wait_of_a_hold_is_no_gap_between_starts() -> None:
    it = RequestRate()
    sent(it, 100, 1.0, 0.1)
    it.interrupted()
    it.started(70.0)
    it.throttled(70.1, 70.0, again=False)
    assert it.learned_per_s == pytest.approx(9.0, rel=0.05)


def test_a_first_start_that_is_throttled_is_measured_by_its_round_trip() -> None:
    it = RequestRate()
    it.started(1.0)
    it.throttled(1.1, 1.0, again=False)
    assert it.learned_per_s == pytest.approx(9.0)
