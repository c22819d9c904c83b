"""Bytes to signals, with a registry that goes away and schemas that come late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from consumer.domain.signals import Reason, Rejected, Signal, Skipped, SkipReason, TypeCode
from consumer.ports import Reading, Unresolved
from tests.simulation.faults import Hazard
from tests.simulation.records import Nature, SimRecord, Writer
from tests.simulation.world import World

LOOKUP_S: Final = 0.05
ASKED_FOR_S: Final = 300.0
"""For so long an id that the registry does not know is asked for (design 8)."""
NO_SCHEMA: Final = 99
_READABLE: Final = frozenset(Nature) - {Nature.UNKNOWN_SCHEMA, Nature.UNDECODABLE}


@dataclass(slots=True, eq=False)
class FakeReader:
    """One for each process: what it has looked up dies with it."""

    who: str
    world: World
    writer: Writer
    _known_at_s: dict[int, float] = field(default_factory=dict[int, float])

    def read(self, value: bytes | None, now_ms: int) -> Reading:  # noqa: ARG002 -- the port\'s name
        if value is None:
            self.world.plan.met(Hazard.SKIPPED)
            return Skipped(SkipReason.TOMBSTONE)
        record = self.writer.by_value[value]
        if record.nature is Nature.UNKNOWN_SCHEMA:
            return self._unknown()
        if not self._knows(record.schema_id):
            away = self.world.plan.is_on(Hazard.REGISTRY_AWAY, self.world.now_s)
            self.world.plan.met(Hazard.REGISTRY_AWAY if away else Hazard.SCHEMA_LATE)
            return Unresolved(record.schema_id, outage=away)
        return self._mapped(record)

    def read_alike(self, values: Sequence[bytes | None], now_ms: int) -> Sequence[Reading] | None:
        sound = [self.writer.by_value[value] for value in values if value is not None]
        known = all(it.nature in _READABLE and self._is_known(it.schema_id) for it in sound)
        if not known or len(sound) < len(values):
            return None
        return [self.read(value, now_ms) for value in values]

    def _is_known(self, schema_id: int) -> bool:
        known_at_s = self._known_at_s.get(schema_id)
        return known_at_s is not None and known_at_s <= self.world.now_s

    def _knows(self, schema_id: int) -> bool:
        now_s = self.world.now_s
        known_at_s = self._known_at_s.get(schema_id)
        if self._is_known(schema_id):
            return True
        if self.world.plan.is_on(Hazard.REGISTRY_AWAY, now_s):
            self._known_at_s.pop(schema_id, None)
        elif known_at_s is None:
            self._known_at_s[schema_id] = now_s + LOOKUP_S
        return False

    def _unknown(self) -> Reading:
        given_up_s = self._known_at_s.setdefault(NO_SCHEMA, self.world.now_s + ASKED_FOR_S)
        if self.world.now_s < given_up_s:
            return Unresolved(NO_SCHEMA, outage=False)
        self.world.plan.met(Hazard.UNKNOWN_SCHEMA)
        return Rejected(Reason.UNKNOWN_SCHEMA, "the registry does not know it")

    def _mapped(self, record: SimRecord) -> Reading:
        plan = self.world.plan
        match record.nature:
            case Nature.NOT_FROM_SEEK:
                plan.met(Hazard.SKIPPED)
                return Skipped(SkipReason.NOT_FROM_SEEK)
            case Nature.UNDECODABLE:
                plan.met(Hazard.UNDECODABLE)
                return Rejected(Reason.UNDECODABLE, "garbage")
            case Nature.UNMAPPABLE:
                plan.met(Hazard.UNMAPPABLE)
                return Rejected(Reason.BLANK_TOKEN, "blank")
            case _:
                kind = TypeCode.APPLICATION_STATUS_UPDATE
                return Signal(kind, record.subject, record.hirer, record.number, record.body, ())
