"""How many requests may be in flight, and when the next may start.

Requests in flight: additive increase, multiplicative decrease on time-outs. The rate, which
spaces the starts, is cut by throttling (`rate`). An outage, a Retry-After, or throttling that
a cut did not end is a hold shared by all senders, ended by a single probe. Pure: time in
seconds and jitter in [0, 1) are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from consumer.delivery.backoff import full_jitter_s
from consumer.delivery.limits import PacerLimits
from consumer.delivery.rate import RequestRate

IN_FLIGHT_CUT: Final = 0.5
LONG_S: Final = 5.0
"""Throttling that stops all requests for longer is worth telling."""


class Cause(StrEnum):
    """What a hold waits for."""

    SEEK = "seek"
    AUTH = "auth"


@dataclass(slots=True, eq=False)
class Pacer:
    limits: PacerLimits
    in_flight_limit: float = field(init=False)
    rate: RequestRate = field(init=False)
    cause: Cause | None = None
    """Set while an outage is waited out."""

    _hold_until_s: float = 0.0
    _after_hold: bool = False
    """The next request is a probe: alone, until it lands."""
    _probing: bool = False
    _failures: int = 0
    """In a row."""
    _last_setback_s: float = -1.0
    _throttled_s: float = 0.0
    """Up to `_throttled_to_s`."""
    _throttled_to_s: float = 0.0

    def __post_init__(self) -> None:
        self.in_flight_limit = float(self.limits.in_flight_start)
        self.rate = RequestRate(self.limits.rate_max_per_s)

    @property
    def probes_only(self) -> bool:
        """A hold is on, or its end has not been confirmed by a probe yet."""
        return self._after_hold

    @property
    def throttled_until_s(self) -> float | None:
        """While throttling stops all requests for long: when one may start again."""
        long = self._hold_until_s - self._last_setback_s > LONG_S
        return self._hold_until_s if self._after_hold and self.cause is None and long else None

    def throttled_s(self, now_s: float) -> float:
        """How long, up to now, throttling stopped all requests. It slows them at other times."""
        return self._throttled_s - max(0.0, self._throttled_to_s - now_s)

    def may_start(self, now_s: float, in_flight: int) -> bool:
        return self.due_in_s(now_s, in_flight) == 0.0

    def due_in_s(self, now_s: float, in_flight: int) -> float:
        """Seconds until a request may start; infinite when one has to land first."""
        if self._after_hold:
            return float("inf") if self._probing else max(0.0, self._hold_until_s - now_s)
        if in_flight >= int(self.in_flight_limit):
            return float("inf")
        return self.rate.due_in_s(now_s)

    def started(self, now_s: float) -> None:
        self._probing = self._after_hold
        self.rate.started(now_s)

    def answered(self, started_s: float) -> None:
        """SEEK answered as it should, be it with a refusal: whatever was held goes on."""
        if self._is_old_news(started_s):
            return
        self._after_hold = self._probing = False
        self.cause = None
        self._failures = 0
        step = 1.0 / max(1.0, self.in_flight_limit)
        self.in_flight_limit = min(float(self.limits.in_flight_max), self.in_flight_limit + step)

    def throttled(self, now_s: float, started_s: float, retry_s: float | None, draw: float) -> None:
        if self._is_old_news(started_s):
            if retry_s is not None:
                self._wait(now_s, retry_s)
                self._count_throttled(now_s, now_s + retry_s)
            return
        again, probe = self._failures > 0, self._after_hold
        if not probe:  # Which would say nothing about the rate.
            self.rate.throttled(now_s, started_s, again=again)
        if again or probe or retry_s is not None:
            self._set_back(now_s, retry_s, draw)
            self._count_throttled(now_s, self._hold_until_s)
        else:
            self._failures, self._last_setback_s = 1, now_s

    def timed_out(self, now_s: float, started_s: float, draw: float) -> None:
        if not self._is_old_news(started_s):
            least = float(self.limits.in_flight_min)
            self.in_flight_limit = max(least, self.in_flight_limit * IN_FLIGHT_CUT)
        self.failed(now_s, started_s, None, draw)

    def failed(self, now_s: float, started_s: float, retry_s: float | None, draw: float) -> None:
        """An outage of SEEK: the hold doubles with each failed probe."""
        if self._is_old_news(started_s):
            if retry_s is not None:
                self.cause = self.cause or Cause.SEEK
                self._wait(now_s, retry_s)
            return
        self.cause = self.cause or Cause.SEEK
        self._set_back(now_s, retry_s, draw)

    def no_token(self, now_s: float, started_s: float, retry_s: float | None, draw: float) -> None:
        """The token endpoint is away."""
        self.failed(now_s, started_s, retry_s, draw)
        if self.cause is not None:
            self.cause = Cause.AUTH

    def credentials_refused(self, now_s: float) -> None:
        """A fresh token was refused, or the credentials for one: more tries will not help soon."""
        self.cause = Cause.AUTH
        self._after_hold, self._probing = True, False
        self._last_setback_s = now_s
        self.rate.interrupted()
        self._hold_until_s = max(self._hold_until_s, now_s + self.limits.auth_probe_s)

    def undecided(self, started_s: float) -> None:
        """The request told nothing about SEEK: it was never made, or the fault is its own.
        If it was the probe, another may be."""
        if not self._is_old_news(started_s):
            self._probing = False

    def _is_old_news(self, started_s: float) -> bool:
        """The request left before the last setback: it tells nothing about what came after."""
        return started_s < self._last_setback_s

    def _set_back(self, now_s: float, retry_s: float | None, draw: float) -> None:
        self._failures += 1
        limits = self.limits
        wait_s = full_jitter_s(self._failures, draw, limits.hold_base_s, limits.hold_max_s)
        self._hold_until_s = 0.0
        self._wait(now_s, wait_s if retry_s is None else retry_s)

    def _wait(self, now_s: float, seconds: float) -> None:
        """What left before this word tells nothing about what comes after it."""
        self._after_hold, self._probing = True, False
        self._last_setback_s = now_s
        self.rate.interrupted()
        self._hold_until_s = max(self._hold_until_s, now_s + seconds)

    def _count_throttled(self, now_s: float, until_s: float) -> None:
        self._throttled_s += max(0.0, until_s - max(now_s, self._throttled_to_s))
        self._throttled_to_s = max(self._throttled_to_s, until_s)
