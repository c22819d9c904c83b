"""The machine's clocks, and jitter."""

from __future__ import annotations

import random
import time

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux's monotonic clock stands still while the machine is suspended; the broker's session
timeout does not. The lease (P4) needs the clock that goes on."""


class SystemClock:
    """Implements the port `Clock`. Safe to share between threads."""

    def monotonic_s(self) -> float:
        """Seconds since some fixed moment; counts time asleep, never goes back."""
        return time.clock_gettime(_STEADY)

    def wall_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def jitter(self) -> float:
        """A draw in [0, 1)."""
        return random.random()  # noqa: S311 -- spreads retries, guards nothing
