"""Waits grow, spread out and stay under their bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.backoff import full_jitter_s

ALMOST_ONE = 0.999_999_999


def test_the_longest_wait_doubles_with_each_attempt() -> None:
    waits = [round(full_jitter_s(attempt, ALMOST_ONE, 0.5, 60.0), 6) for attempt in range(1, 6)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_jitter_spreads_the_wait_down_to_nothing() -> None:
    assert full_jitter_s(3, 0.0, 0.5, 60.0) == 0.0
    assert full_jitter_s(3, 0.25, 0.5, 60.0) == 0.5


@given(attempt=st.integers(1, 10**9), jitter=st.floats(0.0, 1.0, exclude_max=True))
def test_no_wait_is_longer_than_its_bound(attempt: int, jitter: float) -> None:
    assert 0.0 <= full_jitter_s(attempt, jitter, 0.5, 60.0) <= 60.0
