"""Whether a writer's schema can be read as ours, decided from the two schemas alone."""

from __future__ import annotations

import json

import pytest

from consumer.adapters.avro.resolution import Resolution, resolve
from consumer.adapters.avro.tree import Record, parse

MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
MICROS = {"type": "long", "logicalType": "timestamp-micros"}
ENUM = {"type": "enum", "name": "E", "symbols": ["A"]}


def record(type_: object, *default: object, name: str = "R") -> Record:
    """A record of one field `x`."""
    field: dict[str, object] = {"name": "x", "type": type_}
    if default:
        field["default"] = default[0]
    node = parse(json.dumps({"type": "record", "name": name, "fields": [field]}))
    assert isinstance(node, Record)
    return node


def resolution(writer: object, reader: object) -> Resolution:
    return resolve(record(writer), record(reader))


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        ("int", "long"),
        ("int", "double"),
        ("long", "float"),
        ("float", "double"),
        ("string", "bytes"),
        ("bytes", "string"),
        ("string", ["null", "string"]),
        ("int", ["null", "long"]),
        (["null", "string"], "string"),
        (["string", "null"], ["null", "string"]),
        (["null", "int", "string"], ["null", "long"]),
        ({"type": "array", "items": "int"}, {"type": "array", "items": "long"}),
        ({"type": "map", "values": "int"}, {"type": "map", "values": "long"}),
        (MILLIS, MILLIS),
        ("long", MILLIS),
        ("int", MILLIS),
        (["null", MILLIS], ["null", MILLIS]),
        ({"type": "string", "logicalType": "uuid"}, "string"),
    ],
)
def test_what_resolves(writer: object, reader: object) -> None:
    found = resolution(writer, reader)

    assert (found.faults, found.wrong_units) == ([], [])


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        ("long", "int"),
        ("double", "float"),
        ("string", "int"),
        ("int", "string"),
        ("null", "string"),
        (ENUM, "string"),
        ({"type": "fixed", "name": "F", "size": 16}, "string"),
        ({"type": "array", "items": "string"}, "string"),
        ({"type": "array", "items": "string"}, {"type": "array", "items": "int"}),
        ({"type": "map", "values": "string"}, {"type": "map", "values": "int"}),
        (["null", "int"], "string"),
        ("int", ["null", "string"]),
        ([], "string"),
    ],
)
def test_what_does_not(writer: object, reader: object) -> None:
    found = resolution(writer, reader)

    assert found.faults
    assert all(fault.startswith("R.x") for fault in found.faults)


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        (MICROS, MILLIS),
        (["null", MICROS], ["null", MILLIS]),
        (["null", MICROS, MILLIS], ["null", MILLIS]),
        ({"type": "long", "logicalType": "local-timestamp-millis"}, MILLIS),
        ({"type": "int", "logicalType": "date"}, MILLIS),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4}, "string"),
    ],
)
def test_other_units_are_refused_and_no_branch_of_a_union_excuses_them(
    writer: object, reader: object
) -> None:
    assert resolution(writer, reader).wrong_units


def test_a_missing_field_needs_a_default() -> None:
    nothing = parse('{"type": "record", "name": "R", "fields": []}')
    assert isinstance(nothing, Record)

    assert resolve(nothing, record("string")).faults == ["R.x: missing, and it has no default"]
    assert resolve(nothing, record(["null", "string"], None)).faults == []


def test_records_inside_are_matched_by_place_and_remembered_by_name() -> None:
    theirs = record({"type": "record", "name": "their.Inner", "fields": []})
    ours = record(["null", {"type": "record", "name": "our.Inner", "fields": []}])

    found = resolve(theirs, ours)

    assert found.faults == []
    assert found.aliases == {"R": {"R"}, "our.Inner": {"their.Inner"}}
