"""What a plan is made of, and when there is none."""

from __future__ import annotations

import json
import keyword
import re
import tokenize
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.avro.decoder import (
    Decode,
    FastavroDecoder,
    UndecodableError,
    compile_decoder,
    event_record,
)
from consumer.adapters.avro.event_schemas import EVENT_TYPES
from consumer.adapters.avro.plan import primitives
from consumer.adapters.avro.plan.compiler import TOOLS, compile_plan, write_plan
from consumer.adapters.avro.plan.primitives import OddError
from consumer.adapters.avro.plan.source import UnplannedError
from consumer.adapters.avro.shapes import Fields
from consumer.adapters.avro.writer import encode_event
from consumer.domain.events import ApplicationCompleted
from tests.avro_samples import (
    SAMPLES,
    application_event,
    completed_event,
    schema_json,
    state,
    written,
)
from tests.unit.plan_samples import plan, record

CHAIN = {"type": "record", "name": "Chain", "fields": [{"name": "n", "type": ["null", "Chain"]}]}
LONG = 9_223_372_036_854_775_807


def with_own(type_: object) -> Any:  # noqa: ANN401 -- a schema as JSON has it
    """A publisher's schema of a completed application, with a field of its own."""
    schema = schema_json("application_completed")
    schema["fields"].insert(1, {"name": "own", "type": type_})
    return schema


def read_own(type_: object, value: object) -> ApplicationCompleted:
    """Read by the plan alone, from a record that has `value` as its own field."""
    schema = with_own(type_)
    decoded = plan(schema)(written(schema, completed_event(own=value)))
    assert isinstance(decoded, ApplicationCompleted)
    return decoded


class TestWhatIsSkipped:
    @pytest.mark.parametrize(
        ("type_", "value"),
        [
            ("null", None),
            ("boolean", True),
            ("int", -(2**31)),
            ("long", LONG),
            ("float", 1.5),
            ("double", 1.5),
            ("bytes", b"\xff" * 100),
            ("string", "x" * 20_000),
            ({"type": "enum", "name": "E", "symbols": [f"S{n}" for n in range(200)]}, "S199"),
            ({"type": "fixed", "name": "F", "size": 300}, b"x" * 300),
            ({"type": "array", "items": "long"}, [LONG] * 100),
            ({"type": "map", "values": ["null", "string"]}, {"a": None, "b": "c" * 70}),
            (["null", "int", "string"], "text"),
            ({"type": "record", "name": "R", "fields": []}, {}),
        ],
    )
    def test_a_field_of_any_type_leaves_the_event_as_it_is(
        self, type_: object, value: object
    ) -> None:
        expected = compile_decoder(json.dumps(schema_json("application_completed")))
        assert not isinstance(expected, tuple)

        assert read_own(type_, value) == expected(
            encode_event("application_completed", completed_event(), 1)
        )

    def test_a_text_that_is_not_read_need_not_be_utf_8(self) -> None:
        schema = with_own("string")
        value = written(with_own("bytes"), completed_event(own=b"\xff\xfe"))

        assert plan(schema)(value)

    @pytest.mark.parametrize("bytes_", [b"\xff" * 10 + b"\x01", b"\x80" * 10 + b"\x00"])
    def test_an_integer_of_more_than_ten_bytes_is_odd(self, bytes_: bytes) -> None:
        value = written(with_own("long"), completed_event(own=0))
        place = value.index(b"event-3") + len(b"event-3")

        with pytest.raises(OddError):
            plan(with_own("long"))(value[:place] + bytes_ + value[place + 1 :])


class TestNumbers:
    @given(moment=st.integers(-(2**63), 2**63 - 1) | st.integers(0, 2**42))
    def test_any_long_is_read(self, moment: int) -> None:
        schema = schema_json("application_completed")
        decoded = plan(schema)(written(schema, completed_event(completedAt=moment)))

        assert isinstance(decoded, ApplicationCompleted)
        assert decoded.completed_at_ms == moment

    @given(total=st.integers(-(2**31), 2**31 - 1))
    def test_any_int_is_read(self, total: int) -> None:
        status = {"label": "Open", "index": total, "total": total}
        event = application_event(current=state(status=status, timestamp=0))
        value = encode_event("application_status_changed", event, 1)

        decoded = plan(schema_json("application_status_changed"), "application_status_changed")(
            value
        )

        assert not isinstance(decoded, ApplicationCompleted)
        assert decoded.current[0].status == ("Open", total, total)

    def test_what_has_more_bits_than_its_type_is_odd(self) -> None:
        assert primitives.long(b"\xff" * 9 + b"\x01", 0) == (-(2**63), 9)
        assert primitives.integer(b"\xff\xff\xff\xff\x0f", 0) == (-(2**31), 4)
        with pytest.raises(OddError):
            primitives.long(b"\xff" * 9 + b"\x02", 0)
        with pytest.raises(OddError):
            primitives.integer(b"\x80\x80\x80\x80\x10", 0)

    def test_a_length_below_zero_is_odd_and_a_count_below_zero_is_followed_by_a_size(self) -> None:
        assert primitives.end(b"\x80\x01", 0) == (65, 1)
        assert primitives.count(b"\x05\x08", 0) == (3, 1)
        with pytest.raises(OddError):
            primitives.end(b"\x01", 0)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_our_own_schemas_have_plans_that_read_our_samples(event_type: str) -> None:
    value = encode_event(event_type, SAMPLES[event_type], 1)

    assert plan(schema_json(event_type), event_type)(value)


class TestOddRecords:
    def test_are_left_from_their_start_to_the_general_decoder(self) -> None:
        reader = event_record("application_completed")
        left: list[bytes] = []

        def general(value: bytes) -> Fields:
            left.append(value)
            return FIELDS

        assert compile_plan(reader, reader, general)(b"\0\0\0\0\1odd") is FIELDS
        assert left == [b"\0\0\0\0\1odd"]

    def test_are_refused_with_the_general_decoders_reason(self) -> None:
        decode = compile_decoder(json.dumps(schema_json("application_completed")))
        assert isinstance(decode, Decode)
        assert not isinstance(decode.read, FastavroDecoder)

        with pytest.raises(UndecodableError, match="bytes declared at"):
            decode(b"\0\0\0\0\1\x08abc")

    @pytest.mark.parametrize("event_type", EVENT_TYPES)
    def test_one_cut_in_a_field_that_is_not_read_is_refused(self, event_type: str) -> None:
        schema = schema_json(event_type)
        schema["fields"].append({"name": "own", "type": "string"})
        value = written(schema, SAMPLES[event_type] | {"own": "text"} | TIMES)
        decode = compile_decoder(json.dumps(schema))
        assert not isinstance(decode, tuple)

        assert decode(value)
        for cut in (value[:-1], value[:-5], value + b"\0"):
            with pytest.raises(UndecodableError):
                decode(cut)


class TestSchemasWithoutAPlan:
    @pytest.mark.parametrize(
        ("type_", "own"),
        [
            (CHAIN, {"n": {"n": None}}),
            ({"type": "array", "items": "null"}, [None, None]),
            ([{"type": "fixed", "name": f"F{n}", "size": n} for n in range(65)], b"x" * 64),
        ],
        ids=["recursive", "items without bytes", "65 branches"],
    )
    def test_are_read_by_the_library(self, type_: object, own: object) -> None:
        schema = with_own(type_)
        decode = compile_decoder(json.dumps(schema))

        assert isinstance(decode, Decode)
        assert isinstance(decode.read, FastavroDecoder)
        assert decode(written(schema, completed_event(own=own)))

    def test_are_those_with_too_many_lines(self) -> None:
        fields = [{"name": f"f{n}", "type": ["null", "string"]} for n in range(400)]

        with pytest.raises(UnplannedError, match="lines"):
            plan(with_own({"type": "record", "name": "Big", "fields": fields}))

    def test_are_those_with_too_many_blocks_inside_each_other(self) -> None:
        type_: object = "string"
        for _ in range(20):
            type_ = {"type": "array", "items": type_}

        with pytest.raises(UnplannedError, match="blocks"):
            plan(with_own(type_))


anything = st.text(max_size=20) | st.sampled_from(
    [
        "d",
        "p",
        "v1",
        "k1",
        "new",
        "'''",
        '"""',
        "\\",
        "\n",
        "{p}",
        "%s",
        "__class__",
        "import os",
        "#",
    ]
)
OUR_NAMES = {word for it in EVENT_TYPES for word in re.findall(r"\w+", json.dumps(schema_json(it)))}
hostile = anything.filter(lambda text: not OUR_NAMES & set(re.findall(r"\w+", text)))
"""A field or type of ours would be read: that is what its name is for. The strategy knows our
names, since it collects the constants of the code under test."""


class TestNothingOfASchemaReachesThePlan:
    @given(data=st.data())
    def test_names_docs_symbols_and_defaults_change_nothing(self, data: st.DataObject) -> None:
        names = iter(data.draw(st.lists(hostile, min_size=40, max_size=40, unique=True)))
        theirs, tame = schema_json("application_status_changed"), iter(range(10_000))
        _with_own_things(theirs, names)
        ours = schema_json("application_status_changed")
        _with_own_things(ours, (f"tame{n}" for n in tame))
        reader = event_record("application_status_changed")

        assert write_plan(record(theirs), reader).text == write_plan(record(ours), reader).text

    @pytest.mark.parametrize("event_type", EVENT_TYPES)
    def test_a_plan_has_no_texts_and_only_names_that_we_chose(self, event_type: str) -> None:
        reader = event_record(event_type)
        source = write_plan(reader, reader)

        tokens = list(tokenize.generate_tokens(StringIO(source.text).readline))

        assert not [it for it in tokens if it.type in (tokenize.STRING, tokenize.COMMENT)]
        names = {it.string for it in tokens if it.type == tokenize.NAME}
        assert not {it for it in names if it[1:].isdigit() and it[0] not in "vk"}
        assert {it for it in names if not it[1:].isdigit()} <= WORDS


OURS = ("plan", "general", "d", "p", "_", "padded", "append", "decode", "get")
WORDS = {*keyword.kwlist, *TOOLS, *OURS}
TIMES = {"current": state(timestamp=0), "previous": None}
FIELDS: Fields = ("e", "a", None, 0, None, None, 0)


def _with_own_things(schema: Any, names: Iterator[str]) -> None:  # noqa: ANN401 -- a JSON schema
    """Names all that a publisher is free to name; the rest stays what resolution needs."""
    schema["doc"] = next(names)
    schema["aliases"] = [next(names)]
    for entry in schema["fields"]:
        entry["doc"] = next(names)
        entry[f"{next(names)} of theirs"] = next(names)  # Never `type` itself.
    enum = {"type": "enum", "name": next(names), "symbols": [next(names), next(names)]}
    inner = {"type": "record", "name": next(names), "fields": [{"name": "e", "type": enum}]}
    default = next(names)
    schema["fields"] += [
        {"name": f"own {next(names)}", "type": inner},
        {"name": f"own {next(names)}", "type": "string", "default": default},
    ]
