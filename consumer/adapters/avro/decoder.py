"""From one writer schema to one small function: bytes of a record → an event's fields.

What can be decided about a schema is decided here, once: a type that is to be ignored,
one that nobody knows, one that does not resolve. What is left for a record is its value.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any, Final, TypeAlias, cast

from fastavro import (
    parse_schema,
    schemaless_reader,  # pyright: ignore[reportUnknownVariableType] -- its stub leaves IO open
)
from fastavro.schema import SchemaParseException, UnknownType

from consumer.adapters.avro.bounds import BeyondBoundsError, is_risky, walk
from consumer.adapters.avro.event_schemas import EVENT_TYPES, event_schema
from consumer.adapters.avro.framing import HEADER_BYTES
from consumer.adapters.avro.plain import Plain, reader_plain, writer_plain
from consumer.adapters.avro.plan.compiler import Read, compile_plan
from consumer.adapters.avro.plan.source import UnplannedError
from consumer.adapters.avro.resolution import resolve
from consumer.adapters.avro.shapes import EVENT_KINDS, Fields, TooWideError, shaped
from consumer.adapters.avro.tree import BadSchemaError, Record, parse, unqualified
from consumer.domain.events import Event
from consumer.domain.signals import Reason, Rejected, Skipped, SkipReason

_MAX_DETAIL: Final = 1_024
"""Characters: no more than a dead letter keeps."""


class UndecodableError(ValueError):
    """These bytes are no record of their schema. The message may quote them."""


@dataclass(frozen=True, slots=True)
class Decode:
    """What the records of one writer schema say."""

    kind: type[Event]
    read: Read
    """A value with its framing → the fields of its event. Raises UndecodableError, and nothing
    else."""

    def __call__(self, value: bytes) -> Event:
        """Raises as `read` does."""
        return self.kind(*self.read(value))


Compiled: TypeAlias = Decode | Skipped | Rejected


def compile_decoder(schema_text: str, ignore_types: Collection[str] = ()) -> Compiled:
    """What the records of a writer schema come to. Never raises for any text.

    `ignore_types`: record names, qualified or not, that the service is told to skip.
    """
    try:
        writer = parse(schema_text)
    except BadSchemaError as error:
        return _incompatible(f"not an Avro schema: {error}")
    if not isinstance(writer, Record):
        kind = type(writer).__name__.lower()
        return _incompatible(f"the schema is a {kind}, an event is a record")
    names = {writer.name, *writer.aliases}
    names |= {unqualified(name) for name in names}
    if not names.isdisjoint(ignore_types):
        return Skipped(SkipReason.IGNORED_TYPE)
    for event_type in EVENT_TYPES:
        if event_schema(event_type).record_name in names:
            return _compile(writer, event_type)
    detail = f"{writer.name[-_MAX_DETAIL:]} is not an event of ours"
    return Rejected(Reason.UNKNOWN_RECORD_TYPE, detail)


def _incompatible(detail: str) -> Rejected:
    """Kept for each schema, and told in each dead letter: hostile schemas have long names."""
    return Rejected(Reason.INCOMPATIBLE_SCHEMA, detail[:_MAX_DETAIL])


def _compile(writer: Record, event_type: str) -> Compiled:
    reader = event_record(event_type)
    resolution = resolve(writer, reader)
    faults = resolution.faults + resolution.wrong_units
    if faults:
        return _incompatible("; ".join(faults))
    try:
        general = general_decoder(writer, reader, resolution.aliases)
    except (SchemaParseException, UnknownType) as error:
        return _incompatible(f"not an Avro schema: {error}")
    read: Read = general
    if not is_risky(writer):
        with suppress(UnplannedError):
            read = compile_plan(writer, reader, general)
    return Decode(EVENT_KINDS[unqualified(reader.name)], read)


def general_decoder(
    writer: Record, reader: Record, aliases: Mapping[str, Collection[str]]
) -> FastavroDecoder:
    """For two schemas that resolve; `aliases` as resolution found them.

    Raises what fastavro raises for a schema that it does not take.
    """
    return FastavroDecoder(
        writer, _parsed(writer_plain(writer)), reader, _parsed(reader_plain(reader, aliases))
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
class FastavroDecoder:
    """The general way: any schema that resolves, at ten times the cost of a plan.

    Records are walked first: the library, when it skips what we do not read, runs past
    the end of a record that was cut, and for ever through items without bytes.
    """

    writer: Record
    writer_schema: Plain
    reader: Record
    reader_schema: Plain

    def __call__(self, value: bytes) -> Fields:
        stream = BytesIO(value)
        stream.seek(HEADER_BYTES)
        try:
            walk(value, HEADER_BYTES, self.writer)
            decoded: object = schemaless_reader(
                stream,
                cast("dict[str, Any]", self.writer_schema),
                cast("dict[str, Any]", self.reader_schema),
            )
            fields = cast("Fields", shaped(decoded, self.reader))
        except (BeyondBoundsError, TooWideError) as error:
            raise UndecodableError(str(error)) from error
        except Exception as error:  # The library lets escape whatever it trips over.
            raise UndecodableError(f"{type(error).__name__}: {error}"[:500]) from error
        if stream.tell() != len(value):
            msg = f"the record ends at byte {stream.tell()}, the value has {len(value)}"
            raise UndecodableError(msg)
        return fields
