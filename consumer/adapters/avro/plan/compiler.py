"""One writer schema and one of ours → a function from a record's bytes to its event's fields."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, cast

from consumer.adapters.avro.framing import HEADER_BYTES
from consumer.adapters.avro.plan import primitives
from consumer.adapters.avro.plan.reading import Reading
from consumer.adapters.avro.plan.source import Source
from consumer.adapters.avro.shapes import EVENT_SHAPES, Fields, Shapes
from consumer.adapters.avro.tree import Record
from consumer.domain.tuples import new_tuple

Read: TypeAlias = Callable[[bytes], Fields]

_ODD: Final = (primitives.OddError, IndexError, TypeError, ValueError, struct.error)
"""What a plan runs into when bytes are not what it expects; ValueError is for bad UTF-8."""
TOOLS: Final[Mapping[str, object]] = {
    "ODD": _ODD,
    "OddError": primitives.OddError,
    "ENDS": primitives.ENDS,
    "SPANS": primitives.SPANS,
    "COUNTS": primitives.COUNTS,
    "INTS": primitives.INTS,
    "FLAGS": primitives.FLAGS,
    **primitives.GROUPS_BY_NAME,
    "groups": primitives.groups,
    "PADDING": primitives.PADDING,
    "long": primitives.long,
    "integer": primitives.integer,
    "end": primitives.end,
    "count": primitives.count,
    "keep": primitives.keep,
    "len": len,
    "new": new_tuple,
}
"""All that a plan can call or look into, besides the constants of its schema."""


def compile_plan(
    writer: Record, reader: Record, general: Read, shapes: Shapes = EVENT_SHAPES
) -> Read:
    """Raises UnplannedError for a schema that plans do not know.

    The records of `writer` have to resolve to `reader`. `general` decodes any record of
    the schema; a plan leaves to it, from the start, each record that has something odd.
    """
    source = write_plan(writer, reader, shapes)
    return cast("Read", source.function("plan", {**TOOLS, "general": general}))


def write_plan(writer: Record, reader: Record, shapes: Shapes = EVENT_SHAPES) -> Source:
    """The plan's text and constants. Raises UnplannedError."""
    source = Source()
    with source.block("def plan(d)"):
        with source.block("try"):
            source.put(f"p = {HEADER_BYTES}", "padded = d + PADDING")
            fields = Reading(source, shapes).outermost(writer, reader)
            with source.block("if p == len(d)"):
                source.put(f"return {fields}")
        with source.block("except ODD"):
            source.put("pass")
        source.put("return general(d)")
    return source
