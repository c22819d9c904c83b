"""Seconds to wait before another try: full jitter, so that many waiters spread out."""

from __future__ import annotations

LARGEST_EXPONENT = 30
"""2 ** 30 times any base is past every cap; larger powers would only overflow."""


def full_jitter_s(attempt: int, jitter: float, base_s: float, max_s: float) -> float:
    """A draw between 0 and the doubled base; `attempt` counts from 1, `jitter` is in [0, 1)."""
    ceiling_s = base_s * 2.0 ** min(attempt - 1, LARGEST_EXPONENT)
    return float(min(max_s, ceiling_s) * jitter)
