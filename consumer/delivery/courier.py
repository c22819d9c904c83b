"""Sends batches through a fallible SEEK: what leaves next, and what an answer settles.

Pure: verdicts, times and jitter come in as arguments; what became of each parcel goes
out as a value. The loop thread owns it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from consumer.delivery.backoff import full_jitter_s
from consumer.delivery.batch_size import BatchSize
from consumer.delivery.dispatcher import Dispatcher
from consumer.delivery.flood_guard import FloodGuard, Gate
from consumer.delivery.flooded import SEND, FloodedTopics
from consumer.delivery.hirers import HirerBreaker
from consumer.delivery.isolation import one_by_one, split
from consumer.delivery.landing import Landing, Poison
from consumer.delivery.lanes import Batch, Isolation, Lane, Parcel
from consumer.delivery.limits import Limits
from consumer.delivery.pacer import Pacer
from consumer.delivery.sickness import Sickness
from consumer.delivery.verdicts import (
    Accepted,
    Fault,
    NotStarted,
    Outage,
    Refusal,
    Refused,
    Throttled,
    Unauthenticated,
    Verdict,
)

_BURIABLE = frozenset({Fault.SERVER_FAULT, Fault.UNKNOWN_CODE})
"""Faults that, at last, can be held against a lone record (design 4, sick record)."""


@dataclass(slots=True)
class Flight:
    batch: Batch
    started_s: float


@dataclass(slots=True, eq=False)
class Courier:
    limits: Limits
    guard: FloodGuard
    breaker: HirerBreaker
    pacer: Pacer
    size: BatchSize
    dispatcher: Dispatcher
    flooded: FloodedTopics
    sickness: Sickness

    trouble: str = ""
    """The last outage-shaped answer, in codes: what a hold waits to be over."""

    _flights: dict[int, Flight] = field(default_factory=dict[int, Flight])
    _acceptances: int = 0
    _ready_since_s: float | None = None

    @classmethod
    def of(cls, limits: Limits, guard: FloodGuard) -> Courier:
        breaker = HirerBreaker(limits.forbidden_before_apart)
        dispatcher = Dispatcher(limits.batch_size, apart=breaker.apart)
        return cls(
            limits=limits,
            guard=guard,
            breaker=breaker,
            pacer=Pacer(limits.pacer),
            size=BatchSize(limits.batch_size),
            dispatcher=dispatcher,
            flooded=FloodedTopics(dispatcher, guard, limits.flood.probe_s),
            sickness=Sickness(limits.sick),
        )

    @property
    def in_flight(self) -> int:
        """Requests that have not landed."""
        return len(self._flights)

    @property
    def flying(self) -> list[Parcel]:
        return [parcel for flight in self._flights.values() for parcel in flight.batch.parcels]

    @property
    def has_enough(self) -> bool:
        """A hold is on, and there is another batch to probe with: no more need be read."""
        return self.pacer.probes_only and self.dispatcher.ready >= self.size.limit

    @property
    def has_next(self) -> bool:
        """As much is under way, and as much again ready, as may be in flight."""
        flying, limit = len(self._flights), self.pacer.in_flight_limit
        return bool(flying) and self.dispatcher.ready >= limit * self.size.limit

    @property
    def lacks_company(self) -> bool:
        """A few batches fail, and nothing else is there to tell whether it is they or SEEK."""
        sealed = self.dispatcher.sealed
        few = 0 < len(sealed) <= self.limits.sick.subjects_max
        return (
            few
            and not self._flights
            and not self.dispatcher.has_fresh
            and all(b.failures and b.acceptances_seen == self._acceptances for b in sealed)
        )

    def flight(self, number: int) -> Batch:
        return self._flights[number].batch

    def add(self, parcels: Sequence[Parcel], now_s: float) -> None:
        if parcels and self._ready_since_s is None:
            self._ready_since_s = now_s
        self.dispatcher.add(*parcels)

    def next_batch(self, now_s: float) -> Batch | None:
        """A batch that should be sent now; it counts as in flight until it lands."""
        self.flooded.probe_due(now_s)
        if self.dispatcher.idle or not self.pacer.may_start(now_s, len(self._flights)):
            return None
        batch = self._choose(now_s)
        if batch is None:
            return None
        batch.attempts += 1
        self.pacer.started(now_s)
        self._flights[batch.number] = Flight(batch, now_s)
        return batch

    def land(self, number: int, verdict: Verdict, now_s: float, jitter: float) -> Landing:
        flight = self._flights.pop(number)
        batch, started_s, landing = flight.batch, flight.started_s, Landing()
        if not isinstance(verdict, Unauthenticated | NotStarted):
            batch.token_renewed = False
        match verdict:
            case Accepted():
                self.pacer.answered(started_s)
                self._accept(batch, landing)
            case Refused():
                self.pacer.answered(started_s)
                self._refuse(batch, verdict, landing, now_s)
            case Throttled():
                self.size.answered()
                self.pacer.throttled(now_s, started_s, verdict.retry_after_s, jitter)
                self.dispatcher.seal_first(batch)
            case Unauthenticated():
                self._without_access(batch, verdict, started_s, now_s, landing)
            case Outage():
                self._fail(batch, verdict, started_s, now_s, jitter, landing)
            case NotStarted():
                batch.attempts -= 1
                self.pacer.undecided(started_s)
                self.dispatcher.seal_first(batch)
        return landing

    def forget(self, lane: Lane) -> None:
        """The lane was closed: nothing of it may be sent any more."""
        self.dispatcher.forget(lane)
        self.flooded.forget_closed()
        self.sickness.keep(self.dispatcher.sealed)

    def release(self, topic: str) -> None:
        """None of its partitions is ours any more."""
        self.flooded.release(topic)

    def _choose(self, now_s: float) -> Batch | None:
        take = self.dispatcher
        if self.pacer.probes_only:
            # After repeated failure of one batch the next probe is a different one.
            first = take.take_sealed(now_s, lambda batch: batch.failures <= 1)
            return first or self._fresh(now_s) or take.take_sealed(now_s, lambda _: True)
        return take.take_sealed(now_s, lambda _: True) or self._fresh(now_s)

    def _fresh(self, now_s: float) -> Batch | None:
        self.dispatcher.batch_size = self.size.limit
        apart = self.dispatcher.take_apart()
        if apart is not None or self._lingers(now_s):
            return apart
        batch = self.dispatcher.take_ready()
        self._ready_since_s = now_s if self.dispatcher.ready else None
        return batch or self.dispatcher.take_apart()  # Which that look may have found.

    def _lingers(self, now_s: float) -> bool:
        if self._ready_since_s is None or self.dispatcher.ready >= self.size.limit:
            return False
        return now_s < self._ready_since_s + self.limits.linger_s

    def _accept(self, batch: Batch, landing: Landing) -> None:
        self._acceptances += 1
        self.size.accepted(len(batch.parcels))
        self.sickness.over(batch)
        self.sickness.passed(batch.parcels)
        landing.accepted = batch.parcels
        self.breaker.accepted(parcel.signal.hirer_id for parcel in batch.parcels)
        lanes = [parcel.lane for parcel in batch.parcels]
        for lane in dict.fromkeys(lanes):
            topic = lane.place.topic
            if self.guard.passed(Gate(topic, SEND), lanes.count(lane)):
                self.flooded.release(topic)
        self.dispatcher.settle(batch)

    def _refuse(self, batch: Batch, refused: Refused, landing: Landing, now_s: float) -> None:
        self.size.answered()
        forbidden = refused.refusal is Refusal.FORBIDDEN
        hirer_id = batch.parcels[0].signal.hirer_id
        all_alike = forbidden and batch.apart and hirer_id in self.breaker.apart
        if len(batch.parcels) == 1 or all_alike:
            if forbidden:
                self.breaker.forbidden(hirer_id)
            self._condemn(batch, refused.refusal, (refused.code, refused.message), landing, now_s)
        else:
            # The parts of a batch are refused for the one large signal that they carry.
            if refused.refusal is Refusal.REQUEST_TOO_LARGE and batch.isolation is None:
                self.size.too_large(len(batch.parcels))
            self._isolate(batch, refused.culprits)

    def _condemn(
        self, batch: Batch, reason: str, said: tuple[str, str], landing: Landing, now_s: float
    ) -> None:
        """No retry helps these parcels: bury them, unless that would be a flood."""
        self.sickness.over(batch)
        ours = [parcel for parcel in batch.parcels if parcel.lane.open]
        if ours:
            topic, hirer_id = ours[0].lane.place.topic, ours[0].signal.hirer_id
            if not self.guard.may_bury(Gate(topic, SEND), hirer_id, len(ours)):
                self.flooded.hold(batch, topic, now_s)
                return
        code, message = said
        landing.poison = [Poison(p, reason, code, message, batch.attempts) for p in ours]
        self.dispatcher.settle(batch)

    def _isolate(self, batch: Batch, culprits: frozenset[int]) -> None:
        isolation = batch.isolation
        if isolation is None:
            isolation = batch.isolation = Isolation(self.limits.isolation_requests)
        if isolation.requests_left <= 0:
            chains = one_by_one(batch.parcels)
        else:
            chains = split(batch.parcels, culprits)
        isolation.requests_left -= sum(len(chain) for chain in chains)
        self.dispatcher.divide(batch, chains)

    def _without_access(
        self,
        batch: Batch,
        verdict: Unauthenticated,
        started_s: float,
        now_s: float,
        landing: Landing,
    ) -> None:
        if not batch.token_renewed:
            batch.token_renewed = True
            self.pacer.undecided(started_s)
            self.dispatcher.seal_first(batch)
            return
        batch.token_renewed = False
        if not self._is_to_blame(batch):
            self.trouble = verdict.trouble
            self.pacer.credentials_refused(now_s)
            self.dispatcher.seal(batch)
            return
        landing.at_fault = "unauthenticated"
        self.pacer.undecided(started_s)
        if len(batch.parcels) > 1:
            self._isolate(batch, frozenset())
        else:
            batch.not_before_s = now_s + self.limits.pacer.auth_probe_s
            self.dispatcher.seal(batch)

    def _fail(
        self,
        batch: Batch,
        outage: Outage,
        started_s: float,
        now_s: float,
        jitter: float,
        landing: Landing,
    ) -> None:
        if outage.fault is Fault.TOKEN_ENDPOINT or not self._is_to_blame(batch):
            self.trouble = f"{outage.fault}: {outage.plain_code}"
            self._set_back(batch, outage, started_s, now_s, jitter)
            return
        # No cut of requests in flight for a time-out here: the batch's first one was answered
        # by a cut, and now that others pass it is the batch that is slow.
        landing.at_fault = outage.fault
        self.pacer.undecided(started_s)
        if len(batch.parcels) > 1:
            self._isolate(batch, frozenset())
        elif not batch.parcels[0].lane.open:
            self.dispatcher.settle(batch)
        else:
            self._blame(batch, outage, now_s, jitter, landing)

    def _blame(
        self, batch: Batch, outage: Outage, now_s: float, jitter: float, landing: Landing
    ) -> None:
        """A lone record failed while others pass: it waits, and is buried at last if it is sick."""
        batch.waits += 1
        if outage.fault in _BURIABLE:
            batch.blamed_since_s = batch.blamed_since_s if batch.blamed else now_s
            batch.blamed += 1
            if self.sickness.may_bury(batch, now_s):
                said = (outage.code, outage.message)
                self._condemn(batch, outage.fault, said, landing, now_s)
                for poison in landing.poison:
                    self.sickness.buried(poison.parcel)
                return
        pacing = self.limits.pacer
        wait_s = full_jitter_s(batch.waits, jitter, pacing.hold_base_s, pacing.hold_max_s)
        batch.not_before_s = now_s + wait_s
        self.dispatcher.seal(batch)

    def _is_to_blame(self, batch: Batch) -> bool:
        """It failed before, and since then others were accepted: the fault is the batch's."""
        others_passed = batch.failures > 0 and self._acceptances > batch.acceptances_seen
        batch.failures += 1
        batch.acceptances_seen = self._acceptances
        return others_passed

    def _set_back(
        self, batch: Batch, outage: Outage, started_s: float, now_s: float, jitter: float
    ) -> None:
        match outage.fault:
            case Fault.TIMEOUT:
                self.pacer.timed_out(now_s, started_s, jitter)
                self.size.timed_out(len(batch.parcels), started_s, now_s)
                if len(batch.parcels) > self.size.limit:
                    # As it is it may never be answered in time, and nothing else be there.
                    self.dispatcher.divide(batch, split(batch.parcels, ()))
                    return
            case Fault.TOKEN_ENDPOINT:
                self.pacer.no_token(now_s, started_s, outage.retry_after_s, jitter)
            case _:
                self.pacer.failed(now_s, started_s, outage.retry_after_s, jitter)
        self.dispatcher.seal(batch)
