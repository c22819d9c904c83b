"""The value of a letter as its writer meant it: decoded with the writer's schema alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import cast

from fastavro import (
    parse_schema,
    schemaless_reader,  # pyright: ignore[reportUnknownVariableType] -- its stub leaves IO open
)

from consumer.adapters.avro.bounds import walk
from consumer.adapters.avro.framing import HEADER_BYTES, schema_id_of
from consumer.adapters.avro.registry import Registry, WriterSchema
from consumer.adapters.avro.tree import parse
from consumer.domain.signals import Rejected
from consumer.letters.masking import Entries


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
        written = json.loads(schema.text)
        found = schemaless_reader(BytesIO(value[HEADER_BYTES:]), parse_schema(written), None)
        return _with_maps_told_apart(found, frozenset(_names_of_fields(written)))
    except Exception as error:  # noqa: BLE001 -- the library lets escape whatever it trips over
        return Undecoded(f"the bytes do not fit schema {schema_id} ({type(error).__name__})")


def _names_of_fields(schema: object) -> Iterator[str]:
    """Of all records in it."""
    if isinstance(schema, list):
        for each in cast("Sequence[object]", schema):
            yield from _names_of_fields(each)
    elif isinstance(schema, dict):
        parts = cast("Mapping[str, object]", schema)
        fields = parts.get("fields")
        if isinstance(fields, list):
            yield from (str(field["name"]) for field in cast("list[Mapping[str, object]]", fields))
        for each in parts.values():
            yield from _names_of_fields(each)


def _with_maps_told_apart(value: object, names: frozenset[str]) -> object:
    """The library gives a dict for a record and for a map. What has a key that no field is named
    by is a map."""
    if isinstance(value, list):
        return [_with_maps_told_apart(each, names) for each in cast("Sequence[object]", value)]
    if not isinstance(value, dict):
        return value
    parts = {
        key: _with_maps_told_apart(each, names)
        for key, each in cast("Mapping[str, object]", value).items()
    }
    return parts if parts.keys() <= names else Entries(parts)
