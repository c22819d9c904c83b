"""Which tuple each record of our reader schemas becomes, and from which of its fields.

Both ways of decoding build the fields of events by this one table: plans while they read, and
`shaped` from what fastavro has read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias, cast

from consumer.adapters.avro.tree import Array, Node, Primitive, Record, Union, unqualified
from consumer.domain.events import (
    ApplicationCompleted,
    ApplicationStatusChanged,
    Event,
    PositionStatusChanged,
)
from consumer.domain.standings import Step, standing
from consumer.domain.tuples import new_tuple

INT_MIN: Final = -(2**31)
INT_MAX: Final = 2**31 - 1


Fields: TypeAlias = tuple[Any, ...]
"""Of an event, in its order."""


class TooWideError(ValueError):
    """An `int` of more than 32 bits: fastavro reads 64 whatever the type says; GraphQL's
    `Int`, like Avro's, has 32."""


class Together(NamedTuple):
    """Fields that make one part, by a function that gives the same for the same values. They come
    back in many records."""

    make: Callable[..., object]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    fields: tuple[str | Together, ...]
    """Names of the reader schema, in the order of the tuple."""
    kind: type[tuple[object, ...]] = tuple


Shapes: TypeAlias = Mapping[str, Shape]
"""By the record's unqualified name."""

EVENT_KINDS: Final[Mapping[str, type[Event]]] = {
    "ApplicationStatusChanged": ApplicationStatusChanged,
    "PositionStatusChanged": PositionStatusChanged,
    "ApplicationCompleted": ApplicationCompleted,
}
_STATE: Final = Shape((Together(standing, ("status", "phase", "success")), "timestamp"))
EVENT_SHAPES: Final[Shapes] = {
    "Step": Shape(("label", "index", "total"), Step),
    "State": _STATE,
    "PreviousState": _STATE,
    "ApplicationStatusChanged": Shape(
        (
            "eventId",
            "applicationId",
            "hirerId",
            "occurredAt",
            "seekToken",
            "seekTokenIssuedAt",
            "candidateApplicationProfileId",
            "positionProfileIds",
            "current",
            "previous",
        ),
    ),
    "PositionStatusChanged": Shape(
        (
            "eventId",
            "positionId",
            "hirerId",
            "occurredAt",
            "positionProfileIds",
            "current",
            "previous",
        ),
    ),
    "ApplicationCompleted": Shape(
        (
            "eventId",
            "applicationId",
            "hirerId",
            "occurredAt",
            "seekToken",
            "seekTokenIssuedAt",
            "completedAt",
        ),
    ),
}


def shape_of(record: Record, shapes: Shapes = EVENT_SHAPES) -> Shape:
    return shapes[unqualified(record.name)]


def shaped(value: object, reader: Node, shapes: Shapes = EVENT_SHAPES) -> object:
    """A value that fastavro resolved to `reader`, its records as tuples. Raises TooWideError."""
    match reader:
        case Record():
            fields = {entry.name: entry.node for entry in reader.fields}
            decoded, shape = cast("dict[str, Any]", value), shape_of(reader, shapes)
            parts = {name: shaped(decoded[name], node, shapes) for name, node in fields.items()}
            return new_tuple(shape.kind, [_part(it, parts) for it in shape.fields])
        case Array():
            return [shaped(item, reader.items, shapes) for item in cast("list[Any]", value)]
        case Union(branches=[Primitive(kind="null"), branch]):
            return None if value is None else shaped(value, branch, shapes)
        case Primitive(kind="int") if not INT_MIN <= cast("int", value) <= INT_MAX:
            msg = "an index or total has more than 32 bits"
            raise TooWideError(msg)
        case _:
            return value


def _part(part: str | Together, held: Mapping[str, object]) -> object:
    if isinstance(part, Together):
        return part.make(*(held[name] for name in part.fields))
    return held[part]
