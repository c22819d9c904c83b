"""The machine's clocks keep what the port promises."""

from __future__ import annotations

from consumer.adapters.clock import SystemClock

YEAR_2020_MS = 1_577_836_800_000
YEAR_2200_MS = 7_258_118_400_000


def test_monotonic_time_never_goes_back() -> None:
    clock = SystemClock()
    readings = [clock.monotonic_s() for _ in range(1_000)]
    assert readings == sorted(readings)
    assert readings[-1] > readings[0]


def test_wall_time_is_in_milliseconds() -> None:
    assert YEAR_2020_MS < SystemClock().wall_ms() < YEAR_2200_MS


def test_jitter_is_drawn_between_zero_and_one() -> None:
    clock = SystemClock()
    draws = {clock.jitter() for _ in range(1_000)}
    assert all(0 <= draw < 1 for draw in draws)
    assert len(draws) > 900
