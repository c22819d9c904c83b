"""The way to SEEK and back: what a pool of sender threads does, as events of the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from consumer.delivery.lease import Lease
from consumer.delivery.verdicts import Fault, NotStarted, Outage, Refused, Verdict
from consumer.ports import Landed, Request
from tests.simulation.faults import Hazard
from tests.simulation.invariants import Flight, Invariants
from tests.simulation.ledger import Process
from tests.simulation.seek import FakeSeek
from tests.simulation.world import World

REQUEST_TIMEOUT_S: Final = 20.0


@dataclass(slots=True, eq=False)
class FakeSenders:
    """Satisfies the port `Senders`. Checks the lease as the real pool does."""

    process: Process
    world: World
    seek: FakeSeek
    invariants: Invariants
    lease: Lease
    _landed: list[tuple[Flight, Landed]] = field(default_factory=list[tuple[Flight, Landed]])
    flying: int = 0
    on_the_wire: int = 0

    def submit(self, request: Request) -> None:
        self.world.step(self.process.name, f"submit {request.batch_id}")
        flight = self.invariants.submitted(self.process, request)
        self.flying += 1
        slow = self.world.plan.strikes(Hazard.SLOW_START)
        delay_s = self.world.rng.uniform(1.0, 40.0) if slow else 0.001
        self.world.later(delay_s, partial(self._start, flight))
        self.world.step(self.process.name, f"submitted {flight}")

    def landed(self, wait_s: float) -> Sequence[Landed]:
        self.world.step(self.process.name, f"await landing {wait_s:g}")
        if self.process.may_idle:
            self.world.idle(wait_s, 1.0, lambda: bool(self._landed))
        else:
            self.world.wait(wait_s, lambda: bool(self._landed))
        landed, self._landed = self._landed, []
        for flight, result in landed:
            self.flying -= 1
            self.invariants.landed(flight, result.verdict)
        results = [result for _, result in landed]
        self.world.step(self.process.name, f"landed {_told(results)}")
        return results

    def _start(self, flight: Flight) -> None:
        if not self.process.alive:
            return
        if not self.lease.held(self.world.now_s):
            self.world.plan.met(Hazard.LEASE_RAN_OUT)
            self._land(flight, NotStarted())
            return
        self.invariants.started(flight)
        self.on_the_wire += 1
        rng, plan = self.world.rng, self.world.plan
        if plan.is_on(Hazard.TOKEN_ENDPOINT_AWAY, self.world.now_s):
            plan.met(Hazard.TOKEN_ENDPOINT_AWAY)
            self._land_later(0.1, flight, Outage(Fault.TOKEN_ENDPOINT, "ConnectError"))
        elif plan.strikes(Hazard.TRANSPORT_BEFORE):
            self._land_later(0.05, flight, Outage(Fault.TRANSPORT, "ConnectError"))
        elif plan.strikes(Hazard.TIMEOUT_BEFORE):
            self._land_later(REQUEST_TIMEOUT_S, flight, Outage(Fault.TIMEOUT, "ReadTimeout"))
        elif plan.strikes(Hazard.ACCEPTED_AFTER_TIMEOUT):
            timeout = Outage(Fault.TIMEOUT, "ReadTimeout")
            self._land_later(REQUEST_TIMEOUT_S, flight, timeout)
            late_s = REQUEST_TIMEOUT_S + rng.uniform(0.0, 15.0)
            self.world.later(late_s, partial(self._answer_nobody, flight))
        else:
            self.world.later(rng.uniform(0.01, 0.5), partial(self._answer, flight))

    def _answer(self, flight: Flight) -> None:
        verdict = self._decide(flight)
        if verdict is None:
            return
        timed_out = isinstance(verdict, Outage) and verdict.fault is Fault.TIMEOUT
        delay_s = REQUEST_TIMEOUT_S if timed_out else self.world.rng.uniform(0.01, 0.3)
        self._land_later(delay_s, flight, verdict)

    def _answer_nobody(self, flight: Flight) -> None:
        self._decide(flight)

    def _decide(self, flight: Flight) -> Verdict | None:
        """What SEEK makes of it; nothing when the connection died with its process."""
        if not self.process.alive:
            if self.world.rng.random() < 0.5:
                return None
            self.world.plan.met(Hazard.ACCEPTED_AFTER_CRASH)
        verdict = self.seek.answer(flight.records)
        self.world.tell("SEEK", f"{flight}: {verdict}")
        return verdict

    def _land_later(self, delay_s: float, flight: Flight, verdict: Verdict) -> None:
        self.world.later(delay_s, lambda: self._land(flight, verdict))

    def _land(self, flight: Flight, verdict: Verdict) -> None:
        self._landed.append((flight, Landed(flight.batch_id, verdict, f"r{flight.batch_id}")))


def _told(results: Sequence[Landed]) -> str:
    return " ".join(f"{result.batch_id}={_name(result.verdict)}" for result in results)


def _name(verdict: Verdict) -> str:
    detail = verdict.code if isinstance(verdict, Outage | Refused) else ""
    return f"{type(verdict).__name__}({detail})"
