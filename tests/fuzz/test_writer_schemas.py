"""Any text as a writer schema: compiled or refused, at a bounded cost; never an exception.

The registry is an input: whoever may register schemas chooses this text.
"""

from __future__ import annotations

import json
from functools import partial
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.avro.decoder import compile_decoder
from consumer.adapters.avro.event_schemas import EVENT_TYPES
from consumer.adapters.avro.framing import frame
from consumer.adapters.avro.registry import WriterSchema
from consumer.adapters.avro.schema_store import SchemaStore
from consumer.domain.signals import Rejected, Skipped
from consumer.ports import Reading, Unresolved
from tests.avro_samples import (
    NOW_MS,
    FakeClock,
    FakeRegistry,
    FakeSchemas,
    JsonEvent,
    reader_of,
    schema_json,
)
from tests.fuzz.cost import cheaply
from tests.fuzz.hostile import BODIES, TYPES

MANY = 2_000
LONGEST_DETAIL = 2_000
"""Characters: it rides in a header of each dead letter, where it is cut at 1 KiB."""


def outcome(text: str) -> str:
    """What the records of the schema come to; a decoder is tried on some bytes."""
    compiled = cheaply(lambda: compile_decoder(text))
    if isinstance(compiled, Rejected):
        assert len(compiled.detail) <= LONGEST_DETAIL
        return "rejected"
    if isinstance(compiled, Skipped):
        return "skipped"
    reader = reader_of()
    assert isinstance(reader.schemas, FakeSchemas)
    reader.schemas.known[1] = compiled
    for body in (b"", b"\x00" * 300, b"\x02" * 300, b"\xff" * 300):
        value = frame(1, body)
        assert isinstance(cheaply(partial(reader.read, value, NOW_MS)), get_args(Reading))
    return "compiled"


def with_types(**types: object) -> JsonEvent:
    """Ours, with other types for some of its fields, or further fields."""
    schema = schema_json("application_status_changed")
    for entry in schema["fields"]:
        entry["type"] = types.pop(entry["name"], entry["type"])
    schema["fields"] += [{"name": name, "type": kind} for name, kind in types.items()]
    return schema


def nested(depth: int, wrap: str) -> object:
    inner: object = "string"
    for level in range(depth):
        if wrap == "record":
            fields = [{"name": "f", "type": inner}]
            inner = {"type": "record", "name": f"N{level}", "fields": fields}
        else:
            inner = [inner, "null"] if wrap == "union" else {"type": "array", "items": inner}
    return inner


def multiplying_unions() -> JsonEvent:
    """Each of many branches has many branches, which have many: 8,000,000,000 in 60 KB."""
    step = {
        "type": "record",
        "name": "S",
        "fields": [
            {"name": "label", "type": ["int"] * MANY},
            {"name": "index", "type": "int"},
            {"name": "total", "type": "int"},
        ],
    }
    fields = [{"name": "status", "type": [step] + ["S"] * MANY}]
    state = {"type": "record", "name": "T", "fields": fields}
    return with_types(current=[state] + ["T"] * MANY)


def doubling_records(levels: int) -> list[JsonEvent]:
    schemas: list[JsonEvent] = []
    for level in range(levels):
        kind = f"L{level - 1}" if level else "int"
        fields = [{"name": name, "type": kind} for name in "ab"]
        schemas.append({"type": "record", "name": f"L{level}", "fields": fields})
    return schemas


def doubled_unions(levels: int) -> object:
    union: object = "string"
    for _ in range(levels):
        union = [union, union]
    return union


BOMBS = {
    "unions that multiply": multiplying_unions(),
    "one union, very wide": with_types(eventId=["string"] * 100_000),
    "a union of unions": with_types(eventId=doubled_unions(12)),
    "records that double": with_types(**{f"l{i}": it for i, it in enumerate(doubling_records(40))}),
    "fields without end": with_types(**{f"x{i}": "null" for i in range(20_000)}),
    "a long recursion": with_types(
        y={
            "type": "record",
            "name": "R",
            "fields": [{"name": f"n{i}", "type": ["null", "R"]} for i in range(5_000)],
        }
    ),
    "a fixed of no machine": with_types(x={"type": "fixed", "name": "F", "size": 10**4_000}),
    "a name of a megabyte": {**with_types(), "name": "N" * 1_000_000},
    "many aliases": {**with_types(), "aliases": ["A"] * 100_000},
    **{
        f"{wrap}s in {wrap}s, {depth}": with_types(x=nested(depth, wrap))
        for wrap in ("array", "record", "union")
        for depth in (18, 60, 300)
    },
}


@given(text=st.text(max_size=200))
def test_any_text_is_refused_or_compiled(text: str) -> None:
    outcome(text)


@given(schema=TYPES)
def test_any_json_is_refused_or_compiled(schema: object) -> None:
    outcome(json.dumps(schema))


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@given(data=st.data())
def test_ours_with_anything_for_a_type_is_refused_or_compiled(
    event_type: str, data: st.DataObject
) -> None:
    schema = schema_json(event_type)
    entry = data.draw(st.sampled_from(schema["fields"]))
    entry["type"] = data.draw(TYPES)

    outcome(json.dumps(schema))


@given(unknown=TYPES, body=BODIES)
def test_whatever_we_pass_over_records_have_a_reading(unknown: object, body: bytes) -> None:
    reader = reader_of(with_types(unknown=unknown))

    assert isinstance(cheaply(lambda: reader.read(frame(1, body), NOW_MS)), get_args(Reading))


@pytest.mark.parametrize("name", BOMBS)
def test_a_schema_that_is_a_bomb_is_cheap(name: str) -> None:
    outcome(json.dumps(BOMBS[name]))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        '{"type":' * 100_000,
        '"' + "x" * 2_000_000 + '"',
        "9" * 100_000,
        '{"type": "fixed", "name": "F", "size": ' + "9" * 5_000 + "}",
        "NaN",
        '"\\ud800"',
        '{"type": "record", "name": "ApplicationStatusChanged", "fields": [{"name": "\\ud800"}]}',
    ],
    ids=lambda text: str(text[:20]),
)
def test_a_text_that_is_no_schema_is_refused(text: str) -> None:
    assert outcome(text) == "rejected"


@given(schema=TYPES)
def test_the_look_up_survives_whatever_the_registry_answers(schema: object) -> None:
    """Its thread is the only one: if it died, topics would wait for ever."""
    answer = WriterSchema(json.dumps(schema), "AVRO", references=False)
    store = SchemaStore(FakeRegistry({1: [answer]}), FakeClock())

    assert isinstance(store.lookup(1), Unresolved)
    store.ask_due()

    assert not isinstance(store.lookup(1), Unresolved)


def test_schemas_without_end_are_not_all_kept() -> None:
    """Whoever registers one for each record must not fill the memory."""
    answer = WriterSchema('"string"', "AVRO", references=False)
    ids = range(1, 1_502)
    store = SchemaStore(FakeRegistry({schema_id: [answer] for schema_id in ids}), FakeClock())

    for schema_id in ids:
        store.lookup(schema_id)
        store.ask_due()

    kept = [it for it in reversed(ids) if not isinstance(store.lookup(it), Unresolved)]
    assert len(kept) == 1_000
    assert kept[0] == ids[-1]
    store.ask_due()
    assert not isinstance(store.lookup(1), Unresolved)
