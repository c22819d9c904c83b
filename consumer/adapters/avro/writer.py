"""Events to bytes, for those who publish: `publish`, the demo, tests.

An event is given as JSON has it, with the names of the schema. Times may be RFC 3339
texts or integers of milliseconds; what is nullable or has a default may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any, Final, Protocol, cast

from fastavro import (
    parse_schema,
    schemaless_writer,  # pyright: ignore[reportUnknownVariableType] -- its stub leaves IO open
)

from consumer.adapters.avro.decoder import event_record
from consumer.adapters.avro.event_json import EventFaultError, completed
from consumer.adapters.avro.event_schemas import EVENT_TYPES, event_schema
from consumer.adapters.avro.framing import frame
from consumer.adapters.avro.plain import Plain, reader_plain

__all__ = ["EVENT_TYPES", "EventFaultError", "EventWriter", "encode_event", "subject_id"]

_SUBJECTS: Final[Mapping[str, str]] = {
    "application_status_changed": "applicationId",
    "position_status_changed": "positionId",
    "application_completed": "applicationId",
}


def subject_id(event_type: str, event: Mapping[str, object]) -> str:
    """The application's or position's id: the best Kafka key. Raises EventFaultError."""
    name = _SUBJECTS[_known(event_type)]
    subject = event.get(name)
    if not isinstance(subject, str):
        raise EventFaultError([f"{name}: expected a string"])
    return subject


def encode_event(event_type: str, event: Mapping[str, object], schema_id: int) -> bytes:
    """Confluent-framed Avro of our newest schema.

    Raises EventFaultError, which names every field at fault and quotes none.
    """
    record = completed(event_record(_known(event_type)), event)
    stream = BytesIO()
    schemaless_writer(stream, cast("dict[str, Any]", _schema(event_type)), record)
    return frame(schema_id, stream.getvalue())


class Registrar(Protocol):
    """What a writer needs of the registry; `RegistryClient` has it."""

    def register(self, subject: str, text: str) -> int: ...


@dataclass(frozen=True, slots=True)
class EventWriter:
    """Registers a schema for a topic when its first event is written."""

    registry: Registrar
    _ids: dict[tuple[str, str], int] = field(init=False, default_factory=dict[tuple[str, str], int])

    def encode(self, event_type: str, topic: str, event: Mapping[str, object]) -> bytes:
        """Raises EventFaultError; RegistryError when the schema cannot be registered."""
        return encode_event(event_type, event, self.register(event_type, topic))

    def register(self, event_type: str, topic: str) -> int:
        """Under the subject `<topic>-value`. Blocks the first time. Raises RegistryError."""
        schema_id = self._ids.get((event_type, topic))
        if schema_id is None:
            text = event_schema(_known(event_type)).text
            schema_id = self.registry.register(f"{topic}-value", text)
            self._ids[event_type, topic] = schema_id
        return schema_id


def _known(event_type: str) -> str:
    if event_type not in EVENT_TYPES:
        raise EventFaultError([f"type: must be one of {', '.join(EVENT_TYPES)}"])
    return event_type


@cache
def _schema(event_type: str) -> Plain:
    plain = cast("dict[str, Any]", reader_plain(event_record(event_type)))
    return cast("Plain", parse_schema(plain))
