"""A SEEK with a quota, and a service with always more to send, in simulated time."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

from consumer.delivery.limits import PacerLimits
from consumer.delivery.pacer import Pacer

END_OF_A_TURN_S = 0.000_01


@dataclass(slots=True)
class Bucket:
    """Grants a request for each token; tokens come steadily, up to `burst`."""

    per_s: float
    burst: float
    tokens: float = field(init=False)
    granted_until_s: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def grants(self, now_s: float) -> bool:
        more = (now_s - self.granted_until_s) * self.per_s
        self.tokens = min(self.burst, self.tokens + more)
        self.granted_until_s = now_s
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True


class Account(NamedTuple):
    used: float
    """Of what was granted, as a share."""
    throttled: float
    """Of the requests, as a share."""


@dataclass(slots=True)
class Service:
    bucket: Bucket
    latency_s: float
    retry_after_s: float | None = None
    turn_s: float = 0.0
    """How often the loop looks whether a request may start; 0: at once."""
    pacer: Pacer = field(default_factory=lambda: Pacer(PacerLimits()))
    now_s: float = 0.0
    _random: Random = field(default_factory=lambda: Random(1))
    _requests: int = 0
    _throttled: int = 0
    _flying: list[tuple[float, int, float, bool]] = field(
        default_factory=list[tuple[float, int, float, bool]]
    )

    def run(self, seconds: float) -> Account:
        """Keeps sending for so long, and says what came of it."""
        before, throttled, until_s = self._requests, self._throttled, self.now_s + seconds
        while self.now_s < until_s:
            self._land()
            self._start()
            self.now_s = min(until_s, self._next_s())
        requests, throttled = self._requests - before, self._throttled - throttled
        granted = seconds * self.bucket.per_s
        return Account((requests - throttled) / granted, throttled / max(1, requests))

    def _land(self) -> None:
        while self._flying and self._flying[0][0] <= self.now_s:
            _, _, started_s, granted = heappop(self._flying)
            if granted:
                self.pacer.answered(started_s)
            else:
                draw = self._random.random()
                self.pacer.throttled(self.now_s, started_s, self.retry_after_s, draw)

    def _start(self) -> None:
        while self.pacer.may_start(self.now_s, len(self._flying)):
            self.pacer.started(self.now_s)
            granted = self.bucket.grants(self.now_s)
            self._requests += 1
            self._throttled += not granted
            took_s = self.latency_s * self._random.uniform(0.75, 1.25)
            heappush(self._flying, (self.now_s + took_s, self._requests, self.now_s, granted))

    def _next_s(self) -> float:
        """When the loop turns next: a landing wakes it, and so does the end of its wait."""
        landing_s = self._flying[0][0] if self._flying else float("inf")
        due_s = self.now_s + self.pacer.due_in_s(self.now_s, len(self._flying))
        if self.turn_s:
            due_s = self.now_s + self.turn_s
        return max(self.now_s + END_OF_A_TURN_S, min(landing_s, due_s))
