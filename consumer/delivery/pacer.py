"""How many requests may be in flight, and when the next may start.

Additive increase, multiplicative decrease: of the requests in flight on timeouts, of the
rate (which spaces the starts) on throttling. An outage is a hold shared by all senders,
ended by a single probe. Pure: time in seconds and jitter in [0, 1) are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from consumer.delivery.backoff import full_jitter_s
from consumer.delivery.limits import PacerLimits

RATE_CUT: Final = 0.9
"""Kept of the rate when throttled: a steady quota is used to nine tenths and more."""
RATE_GAIN: Final = 1.005
"""A success: about 20 of them win back what one throttled answer cost."""
IN_FLIGHT_CUT: Final = 0.5
RATE_WEIGHT: Final = 0.05
"""Of the newest gap in the running mean of gaps between starts."""
LONGEST_GAP_S: Final = 1.0
"""A longer gap between starts says that there was nothing to send, not that SEEK was slow:
without this bound one throttled answer after a quiet night would set a rate of hours."""


class Cause(StrEnum):
    """What a hold waits for."""

    SEEK = "seek"
    AUTH = "auth"


@dataclass(slots=True, eq=False)
class Pacer:
    limits: PacerLimits
    in_flight_limit: float = field(init=False)
    rate_per_s: float | None = None
    """None: SEEK never throttled us, so starts are not spaced."""
    cause: Cause | None = None
    """Set while an outage is waited out."""

    _not_before_s: float = 0.0
    _hold_until_s: float = 0.0
    _after_hold: bool = False
    """The next request is a probe: alone, until it lands."""
    _probing: bool = False
    _failures: int = 0
    _last_setback_s: float = -1.0
    _mean_gap_s: float | None = None
    _last_start_s: float | None = None

    def __post_init__(self) -> None:
        self.in_flight_limit = float(self.limits.in_flight_start)

    @property
    def probes_only(self) -> bool:
        """A hold is on, or its end has not been confirmed by a probe yet."""
        return self._after_hold

    def may_start(self, now_s: float, in_flight: int) -> bool:
        return self.due_in_s(now_s, in_flight) == 0.0

    def due_in_s(self, now_s: float, in_flight: int) -> float:
        """Seconds until a request may start; infinite when one has to land first."""
        if self._after_hold:
            return float("inf") if self._probing else max(0.0, self._hold_until_s - now_s)
        if in_flight >= int(self.in_flight_limit):
            return float("inf")
        return max(0.0, self._not_before_s - now_s)

    def started(self, now_s: float) -> None:
        self._probing = self._after_hold
        self._measure(now_s)
        rates = [r for r in (self.rate_per_s, self.limits.rate_max_per_s) if r is not None]
        if rates:
            self._not_before_s = max(now_s, self._not_before_s) + 1.0 / min(rates)

    def answered(self, started_s: float) -> None:
        """SEEK answered as it should, be it with a refusal: whatever was held goes on."""
        if self._is_old_news(started_s):
            return
        self._after_hold = self._probing = False
        self.cause = None
        self._failures = 0
        step = 1.0 / max(1.0, self.in_flight_limit)
        self.in_flight_limit = min(float(self.limits.in_flight_max), self.in_flight_limit + step)
        if self.rate_per_s is not None:
            self.rate_per_s *= RATE_GAIN

    def throttled(self, now_s: float, started_s: float, retry_s: float | None, draw: float) -> None:
        if self._is_old_news(started_s):
            self._extend(now_s, retry_s)
            return
        observed = 1.0 / (self._mean_gap_s or LONGEST_GAP_S)
        self.rate_per_s = RATE_CUT * min(self.rate_per_s or observed, observed)
        self._set_back(now_s, retry_s, draw)

    def timed_out(self, now_s: float, started_s: float, draw: float) -> None:
        if not self._is_old_news(started_s):
            least = float(self.limits.in_flight_min)
            self.in_flight_limit = max(least, self.in_flight_limit * IN_FLIGHT_CUT)
        self.failed(now_s, started_s, None, draw)

    def failed(self, now_s: float, started_s: float, retry_s: float | None, draw: float) -> None:
        """An outage of SEEK: the hold doubles with each failed probe."""
        if self._is_old_news(started_s):
            self._extend(now_s, retry_s)
            return
        self.cause = self.cause or Cause.SEEK
        self._set_back(now_s, retry_s, draw)

    def no_token(self, now_s: float, started_s: float, draw: float) -> None:
        """The token endpoint is away."""
        self.failed(now_s, started_s, None, draw)
        if self.cause is not None:
            self.cause = Cause.AUTH

    def credentials_refused(self, now_s: float) -> None:
        """A fresh token was refused, or the credentials for one: more tries will not help soon."""
        self.cause = Cause.AUTH
        self._after_hold, self._probing = True, False
        self._last_setback_s = now_s
        self._last_start_s = None
        self._hold_until_s = max(self._hold_until_s, now_s + self.limits.auth_probe_s)

    def undecided(self, started_s: float) -> None:
        """The request told nothing about SEEK: it was never made, or the fault is its own.
        If it was the probe, another may be."""
        if not self._is_old_news(started_s):
            self._probing = False

    def _measure(self, now_s: float) -> None:
        if self._last_start_s is not None:
            gap_s = min(LONGEST_GAP_S, now_s - self._last_start_s)
            mean_s = gap_s if self._mean_gap_s is None else self._mean_gap_s
            self._mean_gap_s = mean_s + RATE_WEIGHT * (gap_s - mean_s)
        self._last_start_s = now_s

    def _is_old_news(self, started_s: float) -> bool:
        """The request left before the last setback: it tells nothing about what came after."""
        return started_s < self._last_setback_s

    def _set_back(self, now_s: float, retry_s: float | None, draw: float) -> None:
        self._failures += 1
        limits = self.limits
        wait_s = full_jitter_s(self._failures, draw, limits.hold_base_s, limits.hold_max_s)
        self._after_hold, self._probing = True, False
        self._last_setback_s = now_s
        self._last_start_s = None
        self._hold_until_s = now_s + (wait_s if retry_s is None else retry_s)

    def _extend(self, now_s: float, retry_s: float | None) -> None:
        if retry_s is not None:
            self._hold_until_s = max(self._hold_until_s, now_s + retry_s)
