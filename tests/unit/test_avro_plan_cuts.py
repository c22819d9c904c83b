"""Leading fields are cut where those of an earlier record were, if they end there as well."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from consumer.adapters.avro.decoder import event_record, general_decoder
from consumer.adapters.avro.event_schemas import EVENT_TYPES, event_schema
from consumer.adapters.avro.plan.compiler import Read, compile_plan
from consumer.adapters.avro.plan.cuts import Cuts, leading
from consumer.adapters.avro.tree import Record, parse
from consumer.adapters.avro.writer import encode_event
from tests.avro_samples import application_event, written
from tests.evolved_schemas import evolved, mutated, values
from tests.unit.test_avro_plan_oracle import agree, leave, plan_and_oracle

TYPE = "application_status_changed"
SEEN = b"seekAnz:application:token:0123456789abcdef"
MS = 1_577_923_200_250
NEVER = 1 << 62


def plan_of(event_type: str = TYPE) -> Read:
    record = event_record(event_type)
    return compile_plan(record, record, leave)


def oracle_of(event_type: str = TYPE) -> Read:
    record = event_record(event_type)
    return general_decoder(record, record, {})


def encoded(**fields: object) -> bytes:
    return encode_event(TYPE, application_event(occurredAt=MS, **fields), 1)


def cuts_of(*types: object, wanted: int = 9) -> Cuts:
    """For fields of these types, so many of them wanted."""
    schema = {"type": "record", "name": "R", "fields": _fields(types)}
    record = parse(json.dumps(schema))
    assert isinstance(record, Record)
    plain = leading(record.fields, {it.name: it.node for it in record.fields[:wanted]})
    assert len(plain) == len(types)
    return Cuts([(it.node, place < wanted) for place, it in enumerate(plain)])


def framed(types: tuple[object, ...], *said: object) -> bytes:
    schema = {"type": "record", "name": "R", "fields": _fields(types)}
    return written(schema, {f"f{place}": it for place, it in enumerate(said)})


def _fields(types: tuple[object, ...]) -> list[dict[str, object]]:
    return [{"name": f"f{place}", "type": type_} for place, type_ in enumerate(types)]


def taken(cuts: Cuts, data: bytes) -> object:
    """What is cut of a record that has its lengths where the layout wants them."""
    least, marks, expected, cut, take = cuts.layout
    assert isinstance(least, int)
    assert callable(marks)
    assert callable(cut)
    assert callable(take)
    if len(data) < least or marks(data) != expected:
        return "elsewhere"
    return take(cut(data))


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_records_one_after_another_are_read_as_fastavro_reads_them(
    event_type: str, data: st.DataObject
) -> None:
    schema = data.draw(evolved(event_type))
    plan, oracle = plan_and_oracle(schema, event_type)
    first = written(schema, data.draw(values(schema)))

    for value in (first, written(schema, data.draw(values(schema))), first):
        agree(plan, oracle, value)
    agree(plan, oracle, first[:5] + data.draw(mutated(first[5:])))


@given(
    texts=st.lists(st.text(max_size=70) | st.just("x" * 32), min_size=2, max_size=6),
    ads=st.lists(st.lists(st.just("seekAnz:positionProfile:jobAd:1"), max_size=3), min_size=1),
)
def test_ids_of_any_length_are_read(texts: list[str], ads: list[list[str]]) -> None:
    plan, oracle = plan_of(), oracle_of()
    for number, text in enumerate(texts * 2):
        value = encoded(
            eventId=text,
            seekToken=texts[number - len(texts)] or None,
            positionProfileIds=ads[number % len(ads)],
        )
        assert plan(value) == oracle(value)


@given(place=st.integers(5, 200), byte=st.integers(0, 255))
def test_a_byte_that_differs_is_never_read_as_if_it_did_not(place: int, byte: int) -> None:
    plan, oracle, value = plan_of(), oracle_of(), encoded(seekToken=SEEN.decode())
    plan(value)
    assume(place < len(value))

    agree(plan, oracle, value[:place] + bytes([byte]) + value[place + 1 :])


def test_what_was_learned_from_one_record_cuts_the_next() -> None:
    types = ("string", "long", ["null", "string"], {"type": "array", "items": "string"})
    cuts = cuts_of(*types)
    cuts.missed(framed(types, "ab", MS, "cd", ["ef", "gh"]))

    assert taken(cuts, framed(types, "AB", MS + 1, "CD", ["EF", "GH"])) == (
        "AB",
        MS + 1,
        "CD",
        ["EF", "GH"],
    )


@pytest.mark.parametrize(
    "other",
    [
        ("abc", MS, "cd", ["ef"]),
        ("ab", MS, None, ["ef"]),
        ("ab", MS, "cd", []),
        ("ab", MS, "cd", ["ef", "gh"]),
        ("", MS, "", []),
    ],
)
def test_a_record_with_other_lengths_is_not_cut(other: tuple[object, ...]) -> None:
    types = ("string", "long", ["null", "string"], {"type": "array", "items": "string"})
    cuts = cuts_of(*types)
    cuts.missed(framed(types, "ab", MS, "cd", ["ef"]))

    assert taken(cuts, framed(types, *other)) == "elsewhere"


def test_a_moment_of_another_length_is_not_cut() -> None:
    types = ("long", "string", "string")
    cuts = cuts_of(*types)
    cuts.missed(framed(types, MS, "ab", "ab"))

    assert taken(cuts, framed(types, 1, "b" * 7, "ab")) in (None, "elsewhere")
    assert taken(cuts, framed(types, -MS, "ab", "ab")) is None


def test_null_and_an_empty_list_are_cut_as_what_they_are() -> None:
    types = (["null", "string"], {"type": "array", "items": "string"}, "string")
    cuts = cuts_of(*types)
    cuts.missed(framed(types, None, [], "a"))

    assert taken(cuts, framed(types, None, [], "b")) == (None, [], "b")


def test_fields_that_nobody_wants_are_passed_over() -> None:
    types = ("string", "string", "long", {"type": "array", "items": "string"})
    cuts = cuts_of(*types, wanted=1)
    value = framed(types, "a", "bc", MS, ["de"])
    cuts.missed(value)

    assert cuts.layout[0] == len(value)
    assert taken(cuts, value) == ("a",)


@pytest.mark.parametrize(
    "odd",
    [
        ("x" * 64, MS, ["a"]),  # a length of two bytes
        ("x", 1, ["a"]),
        ("x", -MS, ["a"]),
        ("x", MS, ["a"] * 64),
    ],
)
def test_nothing_is_learned_from_an_unusual_record(odd: tuple[object, ...]) -> None:
    types = ("string", "long", {"type": "array", "items": "string"})
    cuts = cuts_of(*types)

    cuts.missed(framed(types, *odd))

    assert cuts.layout[0] == NEVER


def test_an_array_in_two_blocks_teaches_nothing() -> None:
    types = ({"type": "array", "items": "string"},)
    cuts = cuts_of(*types)

    cuts.missed(framed(types, [])[:5] + b"\x02\x02a\x02\x02b\x00")

    assert cuts.layout[0] == NEVER


def test_now_and_then_it_is_learned_anew() -> None:
    types = ("string",)
    cuts = cuts_of(*types)
    cuts.missed(framed(types, "ab"))
    for _ in range(99):
        cuts.missed(framed(types, "abc"))
    assert taken(cuts, framed(types, "abc")) == "elsewhere"

    cuts.missed(framed(types, "abc"))

    assert taken(cuts, framed(types, "xyz")) == ("xyz",)


def test_a_logical_type_of_a_text_makes_no_difference() -> None:
    uuid = {"type": "string", "logicalType": "uuid"}
    texts = {"type": "array", "items": uuid}
    schema = {"type": "record", "name": "R", "fields": _fields((uuid, ["null", uuid], texts))}
    plain = {"type": "array", "items": "string"}
    ours = {"type": "record", "name": "R", "fields": _fields(("string", ["null", "string"], plain))}
    writer, reader = parse(json.dumps(schema)), parse(json.dumps(ours))
    assert isinstance(writer, Record)
    assert isinstance(reader, Record)

    assert len(leading(writer.fields, {it.name: it.node for it in reader.fields})) == 3


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("bytes", "string"),
        ("int", "long"),
        ({"type": "array", "items": "bytes"}, {"type": "array", "items": "string"}),
        ({"type": "array", "items": "string"}, "string"),
        (["null", "string"], "string"),
        (["null", "string", "long"], ["null", "string"]),
        ("boolean", "boolean"),
    ],
)
def test_what_is_read_as_another_type_is_not_cut(theirs: object, ours: object) -> None:
    writer = parse(json.dumps({"type": "record", "name": "R", "fields": _fields((theirs,))}))
    reader = parse(json.dumps({"type": "record", "name": "R", "fields": _fields((ours,))}))
    assert isinstance(writer, Record)
    assert isinstance(reader, Record)

    assert not leading(writer.fields, {it.name: it.node for it in reader.fields})


def test_fields_are_cut_up_to_the_first_that_is_no_text_and_no_moment() -> None:
    record = parse(event_schema(TYPE).text)
    assert isinstance(record, Record)

    plain = leading(record.fields, {it.name: it.node for it in record.fields})

    assert [it.name for it in plain] == [it.name for it in record.fields][: len(plain)]
    assert record.fields[len(plain)].name == "current"
