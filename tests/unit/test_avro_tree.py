"""Schema texts: what is one, and what is refused before any library sees it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.avro.decoder import event_record
from consumer.adapters.avro.event_schemas import EVENT_TYPES, event_schema
from consumer.adapters.avro.plain import reader_plain, writer_plain
from consumer.adapters.avro.tree import (
    MAX_DEPTH,
    MAX_SCHEMA_CHARACTERS,
    BadSchemaError,
    Primitive,
    Record,
    parse,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["string", "record", "N", ""]),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "name", "fields", "items", "values", "symbols", "size"]),
            children,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_a_schema_or_is_refused(value: object) -> None:
    try:
        parse(json.dumps(value))
    except BadSchemaError as error:
        assert str(error)  # noqa: PT017 -- either way is right, but a refusal says why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('"Unheard"', "no type named"),
        ("null", "is not a type"),
        ('{"type": "record", "name": "R"}', "fields"),
        ('{"type": "record", "fields": []}', "name"),
        ('{"type": "record", "name": "R", "fields": ["x"]}', "a field of R"),
        ('{"type": "record", "name": "R", "fields": [{"type": "int"}]}', "name"),
        ('{"type": "fixed", "name": "F", "size": -1}', "size"),
        ('{"type": "enum", "name": "E", "symbols": [1]}', "symbol"),
        ('{"type": "array"}', "is not a type"),
        ('[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":1}]', "twice"),
        (" " * (MAX_SCHEMA_CHARACTERS + 1), "the limit"),
    ],
)
def test_what_is_no_schema_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(BadSchemaError, match=why):
        parse(text)


def test_nesting_is_bounded_since_the_library_recurses_on_the_c_stack() -> None:
    def nested(depth: int) -> str:
        return '{"type":"array","items":' * depth + '"int"' + "}" * depth

    parse(nested(MAX_DEPTH))
    with pytest.raises(BadSchemaError, match="deeper"):
        parse(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_a_schema_survives_the_tree_without_its_prose(event_type: str) -> None:
    tree = event_record(event_type)

    again = parse(json.dumps(reader_plain(tree)))

    assert reader_plain(again) == reader_plain(tree)
    assert "timestamp-millis" in event_schema(event_type).text
    assert "logicalType" not in json.dumps(reader_plain(tree))
    assert "default" not in json.dumps(writer_plain(tree))


def test_names_follow_the_enclosing_namespace() -> None:
    inner = {"type": "record", "name": "In", "fields": []}
    elsewhere = {"type": "record", "name": "b.Else", "fields": [{"name": "x", "type": "a.In"}]}
    outer = {
        "type": "record",
        "name": "Out",
        "namespace": "a",
        "aliases": ["Old", "c.Older"],
        "fields": [
            {"name": "in", "type": inner},
            {"name": "again", "type": "In"},
            {"name": "else", "type": elsewhere},
        ],
    }

    record = parse(json.dumps(outer))

    assert isinstance(record, Record)
    assert (record.name, list(record.aliases)) == ("a.Out", ["a.Old", "c.Older"])
    first, second, third = (entry.node for entry in record.fields)
    assert isinstance(first, Record)
    assert first.name == "a.In"
    assert second is first
    assert isinstance(third, Record)
    assert third.fields[0].node is first


def test_properties_of_other_languages_are_no_hindrance() -> None:
    assert parse('{"type": "string", "avro.java.string": "String"}') == Primitive("string")
    assert parse('{"type": {"type": "string"}}') == Primitive("string")
