"""What a sandbox has seen, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypedDict


class StatsJson(TypedDict):
    """The answer of `GET /_sandbox/stats`."""

    requests: int
    """GraphQL requests."""
    tokenRequests: int
    signals: int
    """Received, accepted or not."""
    accepted: int
    """Signals answered as accepted or stored, the swallowed among them."""
    swallowed: int
    validated: int
    """Signals found valid on the Playground."""
    refused: dict[str, int]
    """Requests by the code of their first error."""
    throttled: int
    faults: dict[str, int]
    """Requests by the scripted fault that decided them."""
    inFlight: int
    peakInFlight: int


@dataclass(slots=True)
class Stats:
    requests: int = 0
    token_requests: int = 0
    signals: int = 0
    accepted: int = 0
    swallowed: int = 0
    validated: int = 0
    throttled: int = 0
    in_flight: int = 0
    peak_in_flight: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])

    @contextmanager
    def one_in_flight(self) -> Generator[None]:
        """Counts a request from its arrival until its answer is sent, or it is given up."""
        self.requests += 1
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1

    def as_json(self) -> StatsJson:
        return {
            "requests": self.requests,
            "tokenRequests": self.token_requests,
            "signals": self.signals,
            "accepted": self.accepted,
            "swallowed": self.swallowed,
            "validated": self.validated,
            "refused": dict(self.refused),
            "throttled": self.throttled,
            "faults": dict(self.faults),
            "inFlight": self.in_flight,
            "peakInFlight": self.peak_in_flight,
        }
