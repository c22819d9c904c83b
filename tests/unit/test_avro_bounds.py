"""A few bytes must not keep the decoder busy, nor crash it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.avro.bounds import BeyondBoundsError, is_risky, walk
from consumer.adapters.avro.decoder import event_record
from consumer.adapters.avro.event_schemas import EVENT_TYPES
from consumer.adapters.avro.framing import HEADER_BYTES
from consumer.adapters.avro.tree import MAX_DEPTH, Node, parse
from tests.avro_samples import written

EMPTY = {"type": "record", "name": "Empty", "fields": []}
CHAIN = {"type": "record", "name": "Chain", "fields": [{"name": "next", "type": ["null", "Chain"]}]}


def doubling(levels: int) -> object:
    """Each record holds the one before twice; the first has no bytes."""
    schema: object = {"type": "record", "name": "L0", "fields": []}
    for level in range(1, levels + 1):
        fields = [{"name": "a", "type": schema}, {"name": "b", "type": f"L{level - 1}"}]
        schema = {"type": "record", "name": f"L{level}", "fields": fields}
    return schema


def referring(records: int) -> object:
    """A flat text whose types are nested as deep as there are records."""
    branches: list[object] = [{"type": "record", "name": "L0", "fields": []}]
    for level in range(1, records):
        fields = [{"name": "a", "type": f"L{level - 1}"}]
        branches.append({"type": "record", "name": f"L{level}", "fields": fields})
    return branches


def node(schema: object) -> Node:
    return parse(json.dumps(schema))


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_our_own_schemas_cannot_be_abused(event_type: str) -> None:
    assert not is_risky(event_record(event_type))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": "null"},
        {"type": "array", "items": EMPTY},
        {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}},
        {"type": "map", "values": {"type": "array", "items": "null"}},
        CHAIN,
        ["null", CHAIN],
        doubling(20),
        referring(MAX_DEPTH + 2),
    ],
)
def test_schemas_that_could_be_abused_are_known_from_the_schema(schema: object) -> None:
    assert is_risky(node(schema))


@pytest.mark.parametrize(
    "schema",
    [
        "null",
        EMPTY,
        doubling(5),
        referring(8),
        {"type": "map", "values": "null"},
        {"type": "array", "items": ["null", "string"]},
        {"type": "array", "items": {"type": "enum", "name": "E", "symbols": ["A"]}},
        {"type": "array", "items": {"type": "array", "items": "boolean"}},
    ],
)
def test_ordinary_schemas_are_not(schema: object) -> None:
    assert not is_risky(node(schema))


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ({"type": "array", "items": "null"}, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"),
        ({"type": "array", "items": "null"}, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x00"),
        ({"type": "array", "items": "int"}, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"),
        (CHAIN, b"\x02" * 1_000_000 + b"\x00"),
        (CHAIN, b"\x02" * (MAX_DEPTH + 1) + b"\x00"),
        (doubling(40), b""),
        ("string", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ("string", b"\x01"),
        ("bytes", b"\x04a"),
        ("long", b"\xff" * 11),
        ("long", b"\xff"),
        ("double", b"1234567"),
        ({"type": "fixed", "name": "F", "size": 3}, b"12"),
        (["null", "int"], b"\x04"),
        (["null", "int"], b"\x01"),
    ],
)
def test_a_record_that_declares_more_than_it_has_is_stopped(schema: object, data: bytes) -> None:
    with pytest.raises(BeyondBoundsError):
        walk(data, 0, node(schema))


EVERYTHING = {
    "type": "record",
    "name": "All",
    "fields": [
        {"name": "n", "type": "null"},
        {"name": "b", "type": "boolean"},
        {"name": "i", "type": "int"},
        {"name": "f", "type": "float"},
        {"name": "d", "type": "double"},
        {"name": "t", "type": "bytes"},
        {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
        {"name": "x", "type": {"type": "fixed", "name": "F", "size": 3}},
        {"name": "m", "type": {"type": "map", "values": ["null", "string"]}},
        {"name": "a", "type": {"type": "array", "items": "long"}},
        {"name": "nulls", "type": {"type": "array", "items": "null"}},
        {"name": "chain", "type": CHAIN},
    ],
}


@given(
    record=st.fixed_dictionaries(
        {
            "n": st.none(),
            "b": st.booleans(),
            "i": st.integers(-(2**31), 2**31 - 1),
            "f": st.just(1.5),
            "d": st.floats(allow_nan=False),
            "t": st.binary(),
            "e": st.sampled_from("AB"),
            "x": st.binary(min_size=3, max_size=3),
            "m": st.dictionaries(st.text(max_size=5), st.none() | st.text(), max_size=4),
            "a": st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
            "nulls": st.lists(st.none(), max_size=50),
            "chain": st.just({"next": {"next": {"next": None}}}),
        }
    )
)
def test_whatever_a_library_writes_passes_and_a_cut_does_not(record: dict[str, Any]) -> None:
    value = written(EVERYTHING, record)

    walk(value, HEADER_BYTES, node(EVERYTHING))
    with pytest.raises(BeyondBoundsError):
        walk(value[:-1], HEADER_BYTES, node(EVERYTHING))
