"""The value of a letter as its writer meant it: decoded with the writer's schema alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO

from fastavro import (
    parse_schema,
    schemaless_reader,  # pyright: ignore[reportUnknownVariableType] -- its stub leaves IO open
)

from consumer.adapters.avro.bounds import walk
from consumer.adapters.avro.framing import HEADER_BYTES, schema_id_of
from consumer.adapters.avro.registry import Registry, WriterSchema
from consumer.adapters.avro.tree import parse
from consumer.domain.signals import Rejected


@dataclass(frozen=True, slots=True)
class Undecoded:
    """Why there is nothing to show. Names no part of the value."""

    why: str


def decoded(value: bytes | None, registry: Registry) -> object:
    """Dicts, lists and scalars, or `Undecoded`. Never raises, never unbounded."""
    if value is None:
        return Undecoded("there is no value (a tombstone, or a letter that points at its origin)")
    schema_id = schema_id_of(value, max_bytes=len(value))
    if isinstance(schema_id, Rejected):
        return Undecoded("no Confluent framing")
    schema = registry.fetch(schema_id)
    if not isinstance(schema, WriterSchema):
        return Undecoded(f"schema {schema_id} could not be had from the registry")
    try:
        walk(value, HEADER_BYTES, parse(schema.text))  # Bounded, which the library is not.
        return schemaless_reader(
            BytesIO(value[HEADER_BYTES:]), parse_schema(json.loads(schema.text)), None
        )
    except Exception as error:  # noqa: BLE001 -- the library lets escape whatever it trips over
        return Undecoded(f"the bytes do not fit schema {schema_id} ({type(error).__name__})")
