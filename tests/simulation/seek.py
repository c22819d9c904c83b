"""SEEK: which answer a request gets, and what is stored whatever the answer says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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
from tests.simulation.faults import Hazard
from tests.simulation.invariants import Invariants
from tests.simulation.records import BANNED, Nature, SimRecord
from tests.simulation.truth import Truth
from tests.simulation.world import World

SMALL_REQUEST: Final = 3
"""Signals that a proxy on the way lets through during a spell of 413."""
_REFUSALS: Final = {
    Nature.BAD_INPUT: Refusal.BAD_USER_INPUT,
    Nature.FORBIDDEN: Refusal.FORBIDDEN,
    Nature.OVERSIZE: Refusal.REQUEST_TOO_LARGE,
}
_STUCK: Final[dict[Nature, Verdict]] = {
    Nature.STUCK_SILENT: Outage(Fault.NOT_TRUE, "RESULT_NULL"),
    Nature.STUCK_TIMEOUT: Outage(Fault.TIMEOUT, "ReadTimeout"),
    Nature.STUCK_REFUSED_TOKEN: Unauthenticated("refused"),
}
_SICK: Final[dict[Nature, Outage]] = {
    Nature.SICK_FAULT: Outage(Fault.SERVER_FAULT, "INTERNAL_SERVER_ERROR"),
    Nature.SICK_CODE: Outage(Fault.UNKNOWN_CODE, "TEAPOT"),
}
_CHANCES: Final[dict[Hazard, Verdict]] = {
    Hazard.THROTTLED: Throttled(),
    Hazard.THROTTLED_RETRY_AFTER: Throttled(1.0),
    Hazard.SERVER_FAULT_ONCE: Outage(Fault.SERVER_FAULT, "INTERNAL_SERVER_ERROR"),
    Hazard.UNKNOWN_CODE_ONCE: Outage(Fault.UNKNOWN_CODE, "TEAPOT"),
    Hazard.NOT_TRUE: Outage(Fault.NOT_TRUE, "RESULT_FALSE"),
}


@dataclass(slots=True, eq=False)
class FakeSeek:
    world: World
    truth: Truth
    invariants: Invariants
    flooded_topic: str
    """What SEEK refuses altogether, now and then."""
    flooding: bool = False
    """It does, until somebody mends it."""
    down: bool = False
    """Nobody is accepted, for longer than a sick record has."""
    cured: bool = False
    """Stuck records pass from now on."""

    def answer(self, records: Sequence[SimRecord]) -> Verdict:
        """Decides, stores when it accepts, and says so; or lies about it."""
        verdict = self._spell() or self._proxy(records) or self._chance()
        verdict = verdict or self._by_records(records)
        if isinstance(verdict, Outage):
            self._note_failure(records)
        if verdict is not None:
            return verdict
        self.invariants.accepted(records)
        return self._told()

    def _note_failure(self, records: Sequence[SimRecord]) -> None:
        """Nobody can tell a sick record's failures from those of SEEK."""
        for record in records:
            self.truth.first_failed_s.setdefault(record, self.world.now_s)
        if len(records) == 1:
            self.truth.lone_failures[records[0]] += 1

    def _spell(self) -> Verdict | None:
        world, plan, now_s = self.world, self.world.plan, self.world.now_s
        if self.down:
            plan.met(Hazard.LONG_OUTAGE)
            return world.rng.choice(tuple(_SICK.values()))
        if plan.is_on(Hazard.SERVER_OUTAGE, now_s):
            plan.met(Hazard.SERVER_OUTAGE)
            wait_s = world.rng.choice((None, None, 5.0))
            return Outage(Fault.SERVER_FAULT, "HTTP 503", retry_after_s=wait_s)
        if plan.is_on(Hazard.UNAUTHENTICATED, now_s):
            plan.met(Hazard.UNAUTHENTICATED)
            return Unauthenticated("refused")
        return None

    def _chance(self) -> Verdict | None:
        struck = next((hazard for hazard in _CHANCES if self.world.plan.strikes(hazard)), None)
        if struck is Hazard.THROTTLED_RETRY_AFTER:
            return Throttled(self.world.rng.uniform(0.5, 40.0))
        return None if struck is None else _CHANCES[struck]

    def _proxy(self, records: Sequence[SimRecord]) -> Verdict | None:
        plan = self.world.plan
        if len(records) <= SMALL_REQUEST or not plan.is_on(Hazard.TOO_MANY_BYTES, self.world.now_s):
            return None
        plan.met(Hazard.TOO_MANY_BYTES)
        self.invariants.refused_for_size()
        return Refused(Refusal.REQUEST_TOO_LARGE, "HTTP 413", "")

    def _by_records(self, records: Sequence[SimRecord]) -> Verdict | None:
        return self._failing(records) or self._refused(records)

    def _failing(self, records: Sequence[SimRecord]) -> Verdict | None:
        """A server fault beats a refusal, as in design 4."""
        for record in records:
            if record.nature in _SICK:
                self.world.plan.met(Hazard(record.nature.value))
                return _SICK[record.nature]
            if record.nature in _STUCK and not self.cured:
                self.world.plan.met(Hazard.STUCK)
                return _STUCK[record.nature]
        return None

    def _refused(self, records: Sequence[SimRecord]) -> Verdict | None:
        guilty = {i: refusal for i, r in enumerate(records) if (refusal := self._refusal(r))}
        if not guilty:
            return None
        for index, refusal in guilty.items():
            self.truth.charge(records[index], refusal)
        kinds = set(guilty.values())
        if Refusal.REQUEST_TOO_LARGE in kinds:
            return Refused(Refusal.REQUEST_TOO_LARGE, "HTTP 413", "")
        bad_input = Refusal.BAD_USER_INPUT in kinds
        refusal = Refusal.BAD_USER_INPUT if bad_input else Refusal.FORBIDDEN
        named = self._named(guilty, len(records))
        return Refused(refusal, refusal.upper(), "pointers" if named else "no pointers", named)

    def _refusal(self, record: SimRecord) -> Refusal | None:
        plan, now_s = self.world.plan, self.world.now_s
        refusal = _REFUSALS.get(record.nature)
        if refusal is not None:
            plan.met(Hazard(record.nature.value))
            return refusal
        if record.hirer == BANNED and plan.is_on(Hazard.BANNED_HIRER, now_s):
            plan.met(Hazard.BANNED_HIRER)
            return Refusal.FORBIDDEN
        if record.topic() == self.flooded_topic:
            return self._flood()
        return None

    def _flood(self) -> Refusal | None:
        plan = self.world.plan
        spell = plan.is_on(Hazard.REFUSES_TOPIC, self.world.now_s)
        if not (spell or self.flooding):
            return None
        plan.met(Hazard.REFUSES_TOPIC if spell else Hazard.FLOOD)
        return Refusal.BAD_USER_INPUT

    def _named(self, guilty: dict[int, Refusal], size: int) -> frozenset[int]:
        plan = self.world.plan
        if size > 1 and plan.strikes(Hazard.MISLEADING_POINTER):
            return frozenset({self.world.rng.randrange(size + 2)})
        if plan.strikes(Hazard.POINTER):
            return frozenset(guilty)
        plan.met(Hazard.NO_POINTER)
        return frozenset()

    def _told(self) -> Verdict:
        """The records are stored; whether the sender gets to know is another matter."""
        plan = self.world.plan
        if plan.strikes(Hazard.LOST_ANSWER):
            return Outage(Fault.TRANSPORT, "RemoteProtocolError")
        if plan.strikes(Hazard.TIMEOUT_AFTER):
            return Outage(Fault.TIMEOUT, "ReadTimeout")
        if plan.strikes(Hazard.UNREADABLE):
            return Outage(Fault.UNREADABLE, "HTTP 200")
        if plan.strikes(Hazard.NOT_TRUE_BUT_STORED):
            return Outage(Fault.NOT_TRUE, "RESULT_NULL")
        return Accepted()
