"""How many requests are in flight, how fast they start, and what ends a hold."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.limits import PacerLimits
from consumer.delivery.pacer import Cause, Pacer

HALF = 0.5


def pacer(limits: PacerLimits | None = None) -> Pacer:
    return Pacer(limits or PacerLimits(in_flight_start=4))


def held(it: Pacer, at_s: float = 10.0) -> Pacer:
    """After the first failure: until 0.25 s later, at a jitter of a half."""
    it.failed(at_s, at_s, None, HALF)
    return it


def test_as_many_requests_start_at_once_as_may_be_in_flight() -> None:
    it = pacer()
    assert it.may_start(0.0, 3)
    assert not it.may_start(0.0, 4)
    assert it.due_in_s(0.0, 4) == inf


def test_a_round_of_successes_adds_one_request_in_flight() -> None:
    it = pacer()
    for _ in range(4):
        it.answered(0.0)
    assert it.in_flight_limit == pytest.approx(5.0, abs=0.12)


def test_requests_in_flight_stay_within_their_bound() -> None:
    it = pacer()
    for _ in range(1_000):
        it.answered(0.0)
    assert it.in_flight_limit == 8.0


def test_a_timeout_halves_the_requests_in_flight() -> None:
    it = pacer()
    it.timed_out(20.0, 0.0, HALF)
    assert it.in_flight_limit == 2.0


def test_timeouts_leave_the_least_in_flight() -> None:
    it = pacer()
    for second in range(10):
        it.timed_out(20.0 * second, 20.0 * second, HALF)
    assert it.in_flight_limit == 1.0


def test_requests_that_time_out_together_halve_once() -> None:
    """The second left before the first came back: it tells nothing new."""
    it = pacer()
    it.timed_out(20.0, 0.0, HALF)
    it.timed_out(20.1, 0.1, HALF)
    assert it.in_flight_limit == 2.0
    assert it.due_in_s(20.1, 0) == pytest.approx(0.15)


def test_an_outage_holds_all_requests() -> None:
    it = held(pacer())
    assert it.probes_only
    assert it.cause is Cause.SEEK
    assert it.due_in_s(10.0, 0) == pytest.approx(0.25)
    assert it.may_start(10.25, 0)


def test_one_probe_follows_a_hold() -> None:
    it = held(pacer())
    it.started(10.25)
    assert it.due_in_s(10.3, 1) == inf


def test_a_probe_that_is_answered_ends_the_hold() -> None:
    it = held(pacer())
    it.started(10.25)
    it.answered(10.25)
    assert not it.probes_only
    assert it.cause is None
    assert it.may_start(10.3, 1)


def test_each_probe_that_fails_doubles_the_hold_up_to_its_bound() -> None:
    it, now_s, waits = pacer(), 0.0, list[float]()
    for _ in range(9):
        it.failed(now_s, now_s, None, HALF)
        waits.append(round(it.due_in_s(now_s, 0), 6))
        now_s += waits[-1]
        it.started(now_s)
    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_an_answer_begins_the_doubling_again() -> None:
    it = held(held(pacer()), 11.0)
    it.answered(12.0)
    held(it, 20.0)
    assert it.due_in_s(20.0, 0) == pytest.approx(0.25)


def test_an_answer_to_a_request_from_before_the_outage_ends_no_hold() -> None:
    it = held(pacer())
    it.answered(9.0)
    assert it.probes_only


def test_a_probe_that_told_nothing_makes_room_for_another() -> None:
    it = held(pacer())
    it.started(11.0)
    it.undecided(11.0)
    assert it.may_start(11.1, 0)
    assert it.probes_only


def test_only_the_probe_itself_makes_room_for_another() -> None:
    """A request from before the hold lands without a word while the probe is under way."""
    it = held(pacer())
    it.started(11.0)
    it.undecided(9.0)
    assert it.due_in_s(11.1, 1) == inf


def test_refused_credentials_are_probed_each_minute() -> None:
    it = pacer()
    it.credentials_refused(5.0)
    assert it.cause is Cause.AUTH
    assert it.due_in_s(5.0, 0) == 60.0
    it.started(65.0)
    it.credentials_refused(65.2)
    assert it.due_in_s(65.2, 0) == 60.0


def test_a_token_endpoint_that_is_away_is_a_hold_for_access() -> None:
    it = pacer()
    it.no_token(5.0, 5.0, None, HALF)
    assert it.cause is Cause.AUTH
    assert it.due_in_s(5.0, 0) == pytest.approx(0.25)


def test_late_news_of_the_token_endpoint_begins_no_hold() -> None:
    it = held(pacer())
    it.started(11.0)
    it.answered(11.0)
    it.no_token(11.5, 9.0, None, HALF)
    assert it.cause is None
    assert it.may_start(11.5, 0)


def test_throttling_is_no_outage_and_the_first_is_answered_by_a_lower_rate_alone() -> None:
    it = pacer()
    for tenth in range(100):
        it.started(tenth / 10)
    it.throttled(10.0, 9.9, None, HALF)
    assert it.cause is None
    assert not it.probes_only
    assert it.rate.limit_per_s == pytest.approx(9.0, rel=0.05)
    assert it.due_in_s(10.0, 0) == pytest.approx(1 / 9, rel=0.05)


def test_throttling_that_a_lower_rate_does_not_end_holds() -> None:
    it = pacer()
    it.throttled(10.0, 9.9, None, HALF)
    it.throttled(11.0, 10.5, None, HALF)
    assert it.probes_only
    assert it.due_in_s(11.0, 0) == pytest.approx(0.5)


def test_an_answer_between_makes_the_next_throttling_the_first_again() -> None:
    it = pacer()
    it.throttled(10.0, 9.9, None, HALF)
    it.answered(10.5)
    it.throttled(11.0, 10.8, None, HALF)
    assert not it.probes_only


def test_requests_that_are_throttled_together_cut_the_rate_once() -> None:
    it = pacer()
    it.throttled(10.0, 9.9, None, HALF)
    cut = it.rate.limit_per_s
    it.throttled(10.1, 9.95, None, HALF)
    assert it.rate.limit_per_s == cut
    assert not it.probes_only


def test_a_probe_that_is_throttled_says_nothing_about_the_rate() -> None:
    """However long SEEK throttles everything, the rate of before is not forgotten."""
    it = pacer()
    it.throttled(10.0, 9.9, 30.0, HALF)
    cut = it.rate.limit_per_s
    for minute in range(1, 60):
        it.started(60.0 * minute)
        it.throttled(60.0 * minute, 60.0 * minute, 30.0, HALF)
    assert it.rate.limit_per_s == cut


def test_the_probe_of_an_outage_that_is_throttled_is_followed_by_another() -> None:
    it = pacer()
    it.credentials_refused(5.0)
    it.started(65.0)
    it.throttled(65.2, 65.0, None, HALF)
    assert it.due_in_s(65.2, 0) == pytest.approx(0.25)


def test_the_time_that_throttling_stops_is_counted_as_it_passes_and_once() -> None:
    it = pacer()
    it.throttled(10.0, 9.9, 40.0, HALF)
    it.throttled(12.0, 9.9, 10.0, HALF)
    it.throttled(20.0, 9.9, 35.0, HALF)
    assert [it.throttled_s(now_s) for now_s in (10.0, 20.0, 50.0, 55.0, 90.0)] == [
        0.0,
        10.0,
        40.0,
        45.0,
        45.0,
    ]


def test_an_outage_and_a_lower_rate_are_no_time_that_throttling_stops() -> None:
    it = pacer()
    it.throttled(10.0, 9.9, None, HALF)
    it.failed(11.0, 10.5, 30.0, HALF)
    assert it.throttled_s(90.0) == 0.0


def test_throttling_leaves_the_requests_in_flight_alone() -> None:
    it = pacer()
    it.throttled(10.0, 9.9, 30.0, HALF)
    assert it.in_flight_limit == 4.0


def test_a_late_word_of_how_long_to_wait_holds_though_the_first_had_none() -> None:
    it = pacer()
    it.throttled(10.0, 9.9, None, HALF)
    it.throttled(10.1, 9.8, 3.0, HALF)
    assert it.due_in_s(10.1, 0) == pytest.approx(3.0)


def test_throttling_that_lasts_is_told_with_its_end() -> None:
    it = pacer()
    it.throttled(10.0, 9.9, 5.5, HALF)
    assert it.throttled_until_s == 15.5
    it.started(15.5)
    it.answered(15.5)
    assert it.throttled_until_s is None


def test_throttling_for_a_moment_is_not_told() -> None:
    it = pacer()
    it.throttled(10.0, 9.9, 5.0, HALF)
    assert it.throttled_until_s is None


def test_an_outage_is_not_told_as_throttling() -> None:
    it = pacer()
    it.failed(10.0, 9.9, 60.0, HALF)
    assert it.throttled_until_s is None


def test_a_ceiling_spaces_the_starts_though_nobody_throttles() -> None:
    it = pacer(PacerLimits(in_flight_start=4, rate_max_per_s=2.0))
    it.started(1.0)
    assert it.due_in_s(1.0, 1) == pytest.approx(0.5)


LANDINGS = (
    "answered",
    "failed",
    "timed_out",
    "throttled",
    "told to wait",
    "refused",
    "no_token",
    "undecided",
)


@given(
    landings=st.lists(
        st.tuples(st.sampled_from(LANDINGS), st.integers(0, 7), st.floats(0.0, 30.0)), max_size=60
    ),
    data=st.data(),
)
def test_whatever_lands_a_request_may_start_again_at_last(
    landings: list[tuple[str, int, float]], data: st.DataObject
) -> None:
    """Requests land in any order and with any end: once all have, none waits for ever."""
    it, now_s, flying = pacer(), 0.0, list[float]()
    for name, which, later_s in landings:
        now_s += later_s
        while it.may_start(now_s, len(flying)) and data.draw(st.booleans()):
            it.started(now_s)
            flying.append(now_s)
        assert len(flying) <= 8 + 1
        if flying:
            land(it, name, now_s, flying.pop(which % len(flying)))
    while flying:
        land(it, "undecided", now_s, flying.pop())
    assert it.due_in_s(now_s, 0) <= 60.001


def land(it: Pacer, name: str, now_s: float, started_s: float) -> None:
    match name:
        case "answered":
            it.answered(started_s)
        case "failed":
            it.failed(now_s, started_s, None, HALF)
        case "timed_out":
            it.timed_out(now_s, started_s, HALF)
        case "throttled":
            it.throttled(now_s, started_s, None, HALF)
        case "told to wait":
            it.throttled(now_s, started_s, 12.0, HALF)
        case "refused":
            it.credentials_refused(now_s)
        case "no_token":
            it.no_token(now_s, started_s, None, HALF)
        case _:
            it.undecided(started_s)
