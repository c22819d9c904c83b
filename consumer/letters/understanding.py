"""What today's code makes of the value in a letter. Asks the registry and waits for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from consumer.adapters.avro.reader import AvroReader
from consumer.adapters.avro.registry import Registry
from consumer.adapters.avro.schema_store import Looked, SchemaStore, StorePolicy
from consumer.domain.events import ApplicationCompleted, Event
from consumer.domain.mapping import MappingPolicy
from consumer.domain.signals import Mapped, Rejected, Signal, Skipped
from consumer.letters.errors import LettersError
from consumer.letters.letter import Letter
from consumer.ports import Clock, Unresolved


@dataclass(frozen=True, slots=True)
class Waiting:
    """Schemas for a person: an id that the registry does not know is unknown at once, and a
    registry that does not answer ends the verb."""

    store: SchemaStore

    def lookup(self, schema_id: int) -> Looked:
        found = self.store.lookup(schema_id)
        if isinstance(found, Unresolved):
            self.store.ask_due()
            found = self.store.lookup(schema_id)
        if isinstance(found, Unresolved):
            msg = f"the schema registry does not answer: {self.store.outage}"
            raise LettersError(msg)
        return found


@dataclass(frozen=True, slots=True)
class Understanding:
    reader: AvroReader
    clock: Clock

    def judge(self, value: bytes | None) -> Mapped:
        """Raises LettersError when the registry is away."""
        reading = self.reader.read(value, self.clock.wall_ms())
        if isinstance(reading, Unresolved):
            msg = f"schema {reading.schema_id} could not be had"
            raise LettersError(msg)
        return reading

    def event(self, value: bytes | None) -> Event | None:
        decoded = self.reader.decode(value)
        return None if isinstance(decoded, Skipped | Rejected | Unresolved) else decoded

    def hirer_of(self, letter: Letter) -> str | None:
        event = self.event(letter.value)
        return None if event is None else event.hirer_id

    def subject_of(self, value: bytes | None) -> str | None:
        """As it is locked while in flight; None where the value is not understood."""
        judged = self.judge(value)
        return judged.subject if isinstance(judged, Signal) else None

    def state_time_ms(self, value: bytes | None) -> int | None:
        """Since when the state holds that the record tells of."""
        event = self.event(value)
        if isinstance(event, ApplicationCompleted):
            return event.completed_at_ms
        return None if event is None else event.current[1]


def understanding(
    registry: Registry,
    policy: MappingPolicy,
    ignore_types: Collection[str],
    record_bytes_max: int,
    clock: Clock,
) -> Understanding:
    at_once = StorePolicy(unknown_schema_after_s=0.0, ignore_types=frozenset(ignore_types))
    schemas = Waiting(SchemaStore(registry, clock, at_once))
    return Understanding(AvroReader(schemas, policy, record_bytes_max), clock)
