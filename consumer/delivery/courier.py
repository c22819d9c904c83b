"""Sends batches through a fallible SEEK: what leaves next, and what an answer settles.

Pure: verdicts, times and jitter come in as arguments; what became of each parcel goes
out as a value. The loop thread owns it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from consumer.delivery.backoff import full_jitter_s
from consumer.delivery.dispatcher import Dispatcher
from consumer.delivery.flood_guard import FloodGuard, Gate
from consumer.delivery.hirers import HirerBreaker
from consumer.delivery.isolation import one_by_one, split
from consumer.delivery.lanes import Batch, Isolation, Lane, Parcel
from consumer.delivery.limits import Limits
from consumer.delivery.pacer import Pacer
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

SEND = "send"
"""The stage of the flood guard's gate, and of the dead letter."""
_BURIABLE = frozenset({Fault.SERVER_FAULT, Fault.UNKNOWN_CODE})
"""Faults that, at last, can be held against a lone record (design 4, sick record)."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A parcel that SEEK will not take: it has to be buried."""

    parcel: Parcel
    reason: str
    code: str
    message: str
    attempts: int


@dataclass(slots=True)
class Landing:
    """What the landing of one batch came to; what is in neither list is still pending."""

    accepted: list[Parcel] = field(default_factory=list[Parcel])
    poison: list[Poison] = field(default_factory=list[Poison])


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
    dispatcher: Dispatcher

    trouble: str = ""
    """The last outage-shaped answer, in codes: what a hold waits to be over."""

    _flights: dict[int, Flight] = field(default_factory=dict[int, Flight])
    _acceptances: int = 0
    _ready_since_s: float | None = None
    _held: dict[str, list[Batch]] = field(default_factory=dict[str, list[Batch]])
    """By topic: lone refused batches that the flood guard keeps from being buried."""
    _next_probe_s: dict[str, float] = field(default_factory=dict[str, float])
    _probes: Counter[str] = field(default_factory=Counter[str])
    """Of each held topic."""
    _sick: set[int] = field(default_factory=set[int])
    """Numbers of lone batches that fail again and again while others are accepted."""

    @classmethod
    def of(cls, limits: Limits, guard: FloodGuard) -> Courier:
        breaker = HirerBreaker(limits.forbidden_before_apart)
        dispatcher = Dispatcher(limits.batch_size, apart=breaker.apart)
        return cls(limits, guard, breaker, Pacer(limits.pacer), dispatcher)

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
        return self.pacer.probes_only and self.dispatcher.ready >= self.limits.batch_size

    def flight(self, number: int) -> Batch:
        return self._flights[number].batch

    @property
    def sick(self) -> int:
        return len(self._sick)

    def add(self, parcel: Parcel, now_s: float) -> None:
        if self._ready_since_s is None:
            self._ready_since_s = now_s
        self.dispatcher.add(parcel)

    def next_batch(self, now_s: float) -> Batch | None:
        """A batch that should be sent now; it counts as in flight until it lands."""
        self._probe_held(now_s)
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
                self.pacer.throttled(now_s, started_s, verdict.retry_after_s, jitter)
                self.dispatcher.seal_first(batch)
            case Unauthenticated():
                self._without_access(batch, verdict, started_s, now_s)
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
        for topic, batches in self._held.items():
            self._held[topic] = [batch for batch in batches if self.dispatcher.strip(batch)]
        self._sick &= {batch.number for batch in self.dispatcher.sealed if batch.blamed}

    def _choose(self, now_s: float) -> Batch | None:
        take = self.dispatcher
        if self.pacer.probes_only:
            # After repeated failure of one batch the next probe is a different one.
            first = take.take_sealed(now_s, lambda batch: batch.failures <= 1)
            return first or self._fresh(now_s) or take.take_sealed(now_s, lambda _: True)
        return take.take_sealed(now_s, lambda _: True) or self._fresh(now_s)

    def _fresh(self, now_s: float) -> Batch | None:
        apart = self.dispatcher.take_apart()
        if apart is not None or self._lingers(now_s):
            return apart
        batch = self.dispatcher.take_ready()
        self._ready_since_s = now_s if self.dispatcher.ready else None
        return batch or self.dispatcher.take_apart()  # Which that look may have found.

    def _lingers(self, now_s: float) -> bool:
        if self._ready_since_s is None or self.dispatcher.ready >= self.limits.batch_size:
            return False
        return now_s < self._ready_since_s + self.limits.linger_s

    def _accept(self, batch: Batch, landing: Landing) -> None:
        self._acceptances += 1
        self._sick.discard(batch.number)
        landing.accepted = batch.parcels
        self.breaker.accepted(parcel.hirer_id for parcel in batch.parcels)
        topics = [parcel.lane.place.topic for parcel in batch.parcels]
        for topic in set(topics):
            if self.guard.passed(Gate(topic, SEND), topics.count(topic)):
                self.release(topic)
        self.dispatcher.settle(batch)

    def _refuse(self, batch: Batch, refused: Refused, landing: Landing, now_s: float) -> None:
        forbidden = refused.refusal is Refusal.FORBIDDEN
        hirer_id = batch.parcels[0].hirer_id
        all_alike = forbidden and batch.apart and hirer_id in self.breaker.apart
        if len(batch.parcels) == 1 or all_alike:
            if forbidden:
                self.breaker.forbidden(hirer_id)
            self._condemn(batch, refused.refusal, (refused.code, refused.message), landing, now_s)
        else:
            self._isolate(batch, refused.culprits)

    def _condemn(
        self, batch: Batch, reason: str, said: tuple[str, str], landing: Landing, now_s: float
    ) -> None:
        """No retry helps these parcels: bury them, unless that would be a flood."""
        self._sick.discard(batch.number)
        ours = [parcel for parcel in batch.parcels if parcel.lane.open]
        if ours:
            topic, hirer_id = ours[0].lane.place.topic, ours[0].hirer_id
            if not self.guard.may_bury(Gate(topic, SEND), hirer_id, len(ours)):
                self._hold(batch, topic, now_s)
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
        self, batch: Batch, verdict: Unauthenticated, started_s: float, now_s: float
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
            self.trouble = f"{outage.fault}: {outage.code}"
            self._set_back(outage, started_s, now_s, jitter)
            self.dispatcher.seal(batch)
            return
        self.pacer.undecided(started_s)
        if len(batch.parcels) > 1:
            self._isolate(batch, frozenset())
            return
        if not batch.parcels[0].lane.open:
            self.dispatcher.settle(batch)
            return
        batch.waits += 1
        if outage.fault in _BURIABLE:
            batch.blamed_since_s = batch.blamed_since_s if batch.blamed else now_s
            batch.blamed += 1
        if self._is_sick(batch, outage.fault, now_s):
            said = (outage.code, outage.message)
            self._condemn(batch, outage.fault, said, landing, now_s)
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

    def _is_sick(self, batch: Batch, fault: Fault, now_s: float) -> bool:
        """A lone record that SEEK never digests; not when there are many at once."""
        limits = self.limits.sick
        if fault not in _BURIABLE or batch.blamed < limits.attempts:
            return False
        self._sick.add(batch.number)
        in_time = now_s - batch.blamed_since_s < limits.after_s
        return not in_time and len(self._sick) <= limits.subjects_max

    def _set_back(self, outage: Outage, started_s: float, now_s: float, jitter: float) -> None:
        match outage.fault:
            case Fault.TIMEOUT:
                self.pacer.timed_out(now_s, started_s, jitter)
            case Fault.TOKEN_ENDPOINT:
                self.pacer.no_token(now_s, started_s, jitter)
            case _:
                self.pacer.failed(now_s, started_s, outage.retry_after_s, jitter)

    def _hold(self, batch: Batch, topic: str, now_s: float) -> None:
        self.dispatcher.hold(topic)
        self.dispatcher.strip(batch)
        self._held.setdefault(topic, []).append(batch)
        self._next_probe_s.setdefault(topic, now_s + self.limits.flood.probe_s)

    def _probe_held(self, now_s: float) -> None:
        for topic in [topic for topic, due_s in self._next_probe_s.items() if due_s <= now_s]:
            self._next_probe_s[topic] = now_s + self.limits.flood.probe_s
            self._probe(topic)

    def _probe(self, topic: str) -> None:
        """What was refused, and what was not tried yet, by turns: either may pass again."""
        self._probes[topic] += 1
        refused = self._held.get(topic)
        untried_first = self._probes[topic] % 2 == 0
        if untried_first and self.dispatcher.probe_shelf(topic):
            return
        if refused:
            self.dispatcher.seal_first(refused.pop(0))
        elif not self.dispatcher.probe_shelf(topic) and not self.dispatcher.shelves(topic):
            # A rebalance took all that was held: only new records can end this hold.
            self.guard.set_ajar(Gate(topic, SEND))
            self.release(topic)

    def release(self, topic: str) -> None:
        """A signal of the held topic was accepted, or none of its partitions is ours now."""
        for batch in reversed(self._held.pop(topic, [])):
            self.dispatcher.seal_first(batch)
        self._next_probe_s.pop(topic, None)
        self._probes.pop(topic, None)
        self.dispatcher.release(topic)
