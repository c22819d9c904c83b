"""How many requests a second SEEK takes, learned from its throttling.

Multiplicative decrease, and a return as in CUBIC (RFC 9438, 4.2): quickly back towards the
rate at which SEEK throttled, long beside it, then faster and faster past it, since a quota
may have grown. Pure: time in seconds is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CUT: Final = 0.9
"""Kept of the rate when throttled: a steady quota is used to nine tenths and more."""
CUT_AGAIN: Final = 0.5
"""Kept besides when the first request after a cut is throttled too: far off, not a little."""
ROUND_REQUESTS: Final = 40
ROUND_S: Final = 20.0
"""It takes so many requests, and so long, to return to the rate that was too much: half as
often as one in twenty, and a Retry-After of a second costs a twentieth at most."""
LEAST_PER_S: Final = 0.2
"""A lower rate would take hours to recover; fewer requests are a matter for holds."""
LATE_S: Final = 0.1
"""A start that comes so much later than it might is made up for: the loop looks every 50 ms."""
USED: Final = 1.5
"""A rate that is more than so many times what is sent was not the reason for it."""
NEWEST: Final = 0.05
"""Weight of the newest gap in the running mean of gaps between starts."""
LONGEST_GAP_S: Final = 1.0
"""A longer gap between starts says that there was nothing to send, not that SEEK was slow:
without this bound one throttled answer after a quiet night would set a rate of hours."""
SHORTEST_S: Final = 0.001


@dataclass(slots=True, eq=False)
class RequestRate:
    ceiling_per_s: float | None = None
    """A setting. None: none."""
    learned_per_s: float | None = None
    """None: SEEK never throttled us."""

    _due_s: float = 0.0
    _throttled_at_per_s: float = 0.0
    _round_requests: int = 0
    _round_s: float = 0.0
    _mean_gap_s: float | None = None
    _last_start_s: float | None = None

    @property
    def limit_per_s(self) -> float | None:
        """None: starts are not spaced."""
        limits = [r for r in (self.learned_per_s, self.ceiling_per_s) if r is not None]
        return min(limits, default=None)

    def due_in_s(self, now_s: float) -> float:
        return max(0.0, self._due_s - now_s)

    def started(self, now_s: float) -> None:
        if self._last_start_s is not None:
            self._measure(now_s - self._last_start_s)
        self._last_start_s = now_s
        limit = self.limit_per_s
        if limit is not None:
            late = now_s - self._due_s
            self._due_s = (self._due_s if late <= LATE_S else now_s) + 1.0 / limit

    def interrupted(self) -> None:
        """The wait of a hold is no gap between starts."""
        self._last_start_s = None

    def throttled(self, now_s: float, started_s: float, *, again: bool) -> None:
        """`again`: nothing was accepted since the last time."""
        observed = 1.0 / (self._mean_gap_s or max(SHORTEST_S, now_s - started_s))
        learned = self.learned_per_s
        at = learned if learned is not None and self._is_used(learned) else observed
        if again:
            at *= CUT_AGAIN
        self._throttled_at_per_s = max(LEAST_PER_S / CUT, at)
        self._round_requests, self._round_s = 0, 0.0
        self.learned_per_s = CUT * self._throttled_at_per_s
        self._due_s = now_s + 1.0 / self.learned_per_s

    def _measure(self, gap_s: float) -> None:
        shown_s = min(LONGEST_GAP_S, gap_s)
        mean_s = shown_s if self._mean_gap_s is None else self._mean_gap_s
        self._mean_gap_s = mean_s + NEWEST * (shown_s - mean_s)
        learned = self.learned_per_s
        if learned is not None and learned == self.limit_per_s and self._is_used(learned):
            self._round_requests += 1
            self._round_s += gap_s
            rounds = min(self._round_requests / ROUND_REQUESTS, self._round_s / ROUND_S)
            self.learned_per_s = self._throttled_at_per_s * (
                1.0 + (1.0 - CUT) * (rounds - 1.0) ** 3
            )

    def _is_used(self, learned: float) -> bool:
        """Without need of it a rate is neither tried nor proved."""
        return self._mean_gap_s is None or self._mean_gap_s * learned <= USED
