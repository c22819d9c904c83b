"""From one writer schema to one small function: bytes of a record → event.

What can be decided about a schema is decided here, once: a type that is to be ignored,
one that nobody knows, one that does not resolve. What is left for a record is its value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any, Final, Protocol, TypeAlias, cast

from fastavro import (
    parse_schema,
    schemaless_reader,  # pyright: ignore[reportUnknownVariableType] -- its stub leaves IO open
)
from fastavro.schema import SchemaParseException, UnknownType

from consumer.adapters.avro.bounds import BeyondBoundsError, needs_walking, walk
from consumer.adapters.avro.event_schemas import EVENT_TYPES, event_schema
from consumer.adapters.avro.framing import HEADER_BYTES
from consumer.adapters.avro.plain import Plain, reader_plain, writer_plain
from consumer.adapters.avro.resolution import reads_as_is, resolve
from consumer.adapters.avro.tree import BadSchemaError, Record, parse, unqualified
from consumer.domain.events import (
    ApplicationCompleted,
    ApplicationStatusChanged,
    Event,
    PositionStatusChanged,
    State,
    Step,
)
from consumer.domain.signals import Reason, Rejected, Skipped, SkipReason

_Decoded: TypeAlias = dict[str, Any]  # fastavro's records are untyped; checked by resolution.
_INT_MIN: Final = -(2**31)
_INT_MAX: Final = 2**31 - 1


class UndecodableError(ValueError):
    """These bytes are no record of their schema. The message may quote them."""


class Decode(Protocol):
    def __call__(self, value: bytes) -> Event:
        """`value` with its framing. Raises UndecodableError, and nothing else."""
        ...


Compiled: TypeAlias = Decode | Skipped | Rejected


def compile_decoder(schema_text: str, ignore_types: Collection[str] = ()) -> Compiled:
    """What the records of a writer schema come to. Never raises for any text.

    `ignore_types`: record names, qualified or not, that the service is told to skip.
    """
    try:
        writer = parse(schema_text)
    except BadSchemaError as error:
        return Rejected(Reason.INCOMPATIBLE_SCHEMA, f"not an Avro schema: {error}")
    if not isinstance(writer, Record):
        detail = f"the schema is a {type(writer).__name__.lower()}, an event is a record"
        return Rejected(Reason.INCOMPATIBLE_SCHEMA, detail)
    names = {writer.name, *writer.aliases}
    names |= {unqualified(name) for name in names}
    if not names.isdisjoint(ignore_types):
        return Skipped(SkipReason.IGNORED_TYPE)
    for event_type in EVENT_TYPES:
        if event_schema(event_type).record_name in names:
            return _compile(writer, event_type)
    return Rejected(Reason.UNKNOWN_RECORD_TYPE, f"{writer.name} is not an event of ours")


def _compile(writer: Record, event_type: str) -> Compiled:
    reader = event_record(event_type)
    resolution = resolve(writer, reader)
    faults = resolution.faults + resolution.wrong_units
    if faults:
        return Rejected(Reason.INCOMPATIBLE_SCHEMA, "; ".join(faults))
    try:
        writer_schema = _parsed(writer_plain(writer))
        reader_schema = _parsed(reader_plain(reader, resolution.aliases))
    except (SchemaParseException, UnknownType) as error:
        return Rejected(Reason.INCOMPATIBLE_SCHEMA, f"not an Avro schema: {error}")
    return _FastavroDecoder(
        writer_schema,
        None if reads_as_is(writer, reader) else reader_schema,
        writer if needs_walking(writer) else None,
        _BUILDERS[event_type],
    )


@cache  # Our own schemas, parsed once a process.
def event_record(event_type: str) -> Record:
    """The newest version of one of `EVENT_TYPES`. Raises ValueError for another name."""
    node = parse(event_schema(event_type).text)
    if not isinstance(node, Record):
        msg = f"the schema of {event_type} is not a record"
        raise BadSchemaError(msg)
    return node


def _parsed(plain: Plain) -> Plain:
    return cast("Plain", parse_schema(cast("dict[str, Any]", plain)))


@dataclass(frozen=True, slots=True)
class _FastavroDecoder:
    writer_schema: Plain
    reader_schema: Plain | None
    walked: Record | None
    build: Callable[[_Decoded], Event]

    def __call__(self, value: bytes) -> Event:
        stream = BytesIO(value)
        stream.seek(HEADER_BYTES)
        try:
            if self.walked is not None:
                walk(value, HEADER_BYTES, self.walked)
            decoded = schemaless_reader(
                stream,
                cast("dict[str, Any]", self.writer_schema),
                cast("dict[str, Any] | None", self.reader_schema),
            )
        except BeyondBoundsError as error:
            raise UndecodableError(str(error)) from error
        except Exception as error:  # The library lets escape whatever it trips over.
            raise UndecodableError(f"{type(error).__name__}: {error}"[:500]) from error
        if stream.tell() != len(value):
            msg = f"the record ends at byte {stream.tell()}, the value has {len(value)}"
            raise UndecodableError(msg)
        return self.build(cast("_Decoded", decoded))


def _application_status_changed(decoded: _Decoded) -> ApplicationStatusChanged:
    return ApplicationStatusChanged(
        decoded["eventId"],
        decoded["applicationId"],
        decoded["hirerId"],
        decoded["occurredAt"],
        decoded["seekToken"],
        decoded["seekTokenIssuedAt"],
        decoded["candidateApplicationProfileId"],
        decoded["positionProfileIds"],
        _state(decoded["current"]),
        _state_or_none(decoded["previous"]),
    )


def _position_status_changed(decoded: _Decoded) -> PositionStatusChanged:
    return PositionStatusChanged(
        decoded["eventId"],
        decoded["positionId"],
        decoded["hirerId"],
        decoded["occurredAt"],
        decoded["positionProfileIds"],
        _state(decoded["current"]),
        _state_or_none(decoded["previous"]),
    )


def _application_completed(decoded: _Decoded) -> ApplicationCompleted:
    return ApplicationCompleted(
        decoded["eventId"],
        decoded["applicationId"],
        decoded["hirerId"],
        decoded["occurredAt"],
        decoded["seekToken"],
        decoded["seekTokenIssuedAt"],
        decoded["completedAt"],
    )


_BUILDERS: Final[Mapping[str, Callable[[_Decoded], Event]]] = {
    "application_status_changed": _application_status_changed,
    "position_status_changed": _position_status_changed,
    "application_completed": _application_completed,
}


def _state_or_none(decoded: _Decoded | None) -> State | None:
    return None if decoded is None else _state(decoded)


def _state(decoded: _Decoded) -> State:
    phase = decoded["phase"]
    return State(
        _step(decoded["status"]),
        None if phase is None else _step(phase),
        decoded["success"],
        decoded["timestamp"],
    )


def _step(decoded: _Decoded) -> Step:
    """fastavro reads 64 bits whatever the type says; GraphQL's `Int`, like Avro's, has 32."""
    place, total = decoded["index"], decoded["total"]
    if not (_INT_MIN <= place <= _INT_MAX and _INT_MIN <= total <= _INT_MAX):
        msg = "an index or total has more than 32 bits"
        raise UndecodableError(msg)
    return Step(decoded["label"], place, total)
