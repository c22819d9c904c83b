"""Drives a courier by hand: its clock, its parcels, and a SEEK that answers as told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from consumer.delivery.courier import Courier
from consumer.delivery.flood_guard import FloodGuard
from consumer.delivery.landing import Landing, Poison
from consumer.delivery.lanes import Batch, Parcel
from consumer.delivery.limits import FloodLimits, Limits
from consumer.delivery.verdicts import (
    Accepted,
    Fault,
    Outage,
    Refusal,
    Refused,
    Throttled,
    Unauthenticated,
    Verdict,
)
from tests.unit.delivery_samples import Publisher

HALF = 0.5
ACCEPTED = Accepted()
BAD = Refused(Refusal.BAD_USER_INPUT, "BAD_USER_INPUT", "no such token")
FORBIDDEN = Refused(Refusal.FORBIDDEN, "FORBIDDEN", "no relationship")
TOO_LARGE = Refused(Refusal.REQUEST_TOO_LARGE, "HTTP 413", "")
BROKEN = Outage(Fault.SERVER_FAULT, "INTERNAL_SERVER_ERROR", "oh")
STRANGE = Outage(Fault.UNKNOWN_CODE, "TEAPOT", "I am one")
SLOW = Outage(Fault.TIMEOUT, "ReadTimeout")
NO_TOKEN = Outage(Fault.TOKEN_ENDPOINT, "HTTP 503")
SILENT = Outage(Fault.NOT_TRUE, "RESULT_NULL")
NO_ACCESS = Unauthenticated("who are you")
BUSY = Throttled(retry_after_s=20.0)

NO_GUARD = FloodLimits(window=1, at_least=2)
"""Never a flood: for tests of what is buried."""


@dataclass(slots=True)
class Driver:
    limits: Limits = field(default_factory=lambda: Limits(flood=NO_GUARD))
    now_s: float = 100.0
    publisher: Publisher = field(default_factory=Publisher)
    guard: FloodGuard = field(init=False)
    it: Courier = field(init=False)
    requests: int = 0
    accepted: list[Parcel] = field(default_factory=list[Parcel])
    buried: list[Poison] = field(default_factory=list[Poison])

    def __post_init__(self) -> None:
        self.guard = FloodGuard(self.limits.flood)
        self.it = Courier.of(self.limits, self.guard)

    def add(self, *subjects: str | None, hirer: str | None = None) -> list[Parcel]:
        parcels = [self.publisher.parcel(subject, hirer) for subject in subjects]
        self.it.add(parcels, self.now_s)
        return parcels

    def add_many(self, count: int, hirer: str | None = None) -> list[Parcel]:
        return self.add(*[None] * count, hirer=hirer)

    def send(self) -> Batch:
        batch = self.it.next_batch(self.now_s)
        assert batch is not None, "nothing is sent"
        self.requests += 1
        return batch

    def is_quiet(self) -> bool:
        """Nothing may be sent at this moment."""
        return self.it.next_batch(self.now_s) is None

    def land(self, batch: Batch, verdict: Verdict, jitter: float = HALF) -> Landing:
        landing = self.it.land(batch.number, verdict, self.now_s, jitter)
        self.accepted += landing.accepted
        self.buried += landing.poison
        return landing

    def exchange(self, verdict: Verdict) -> Batch:
        """One request and its answer, a tenth of a second later."""
        batch = self.send()
        self.now_s += 0.1
        self.land(batch, verdict)
        return batch

    def serve(self, seek: Callable[[Batch], Verdict], until_s: float, step_s: float = 0.5) -> None:
        """Send and answer until then, one step after another."""
        while self.now_s < until_s:
            while (batch := self.it.next_batch(self.now_s)) is not None:
                self.requests += 1
                self.land(batch, seek(batch))
            self.now_s += step_s

    def pass_over(self, hold_s: float = 60.0) -> None:
        """Wait as long as any hold may last."""
        self.now_s += hold_s


def bad_are(culprits: Iterable[int], verdict: Verdict = BAD) -> Callable[[Batch], Verdict]:
    """A SEEK that fails whatever carries one of these offsets, and accepts the rest."""
    guilty = set(culprits)

    def answer(batch: Batch) -> Verdict:
        return verdict if any(p.offset in guilty for p in batch.parcels) else ACCEPTED

    return answer
