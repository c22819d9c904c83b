"""The port `Reader` on what publishers really write: schemas that are not quite ours.

However a publisher's schema differs, as far as Avro resolves it, the same facts are the
same bytes to SEEK.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.avro.decoder import event_record
from consumer.adapters.avro.event_json import completed
from consumer.adapters.avro.event_schemas import EVENT_TYPES
from consumer.adapters.avro.writer import encode_event
from consumer.domain.signals import Reason, Rejected, Signal, Skipped, SkipReason, Warn
from tests.avro_samples import (
    NOW_MS,
    SAMPLES,
    JsonEvent,
    application_event,
    position_event,
    reader_of,
    schema_json,
    state,
    written,
)

MICROS = {"type": "long", "logicalType": "timestamp-micros"}
NESTED = {"type": "record", "name": "Own", "fields": [{"name": "a", "type": ["null", "string"]}]}
OWN_FIELDS = (
    ({"type": "string"}, "text"),
    ("null", None),
    ("bytes", b"\x00\xff"),
    ({"type": "enum", "name": "Own", "symbols": ["A", "B"]}, "B"),
    ({"type": "map", "values": "double"}, {"a": 1.5}),
    ({"type": "array", "items": ["null", "string"]}, ["a", None]),
    ({"type": "array", "items": "null"}, [None, None]),
    ({"type": "fixed", "name": "Own", "size": 2}, b"ab"),
    (NESTED, {"a": "b"}),
    (["null", MICROS], 5),
)
text = st.text(min_size=1, max_size=12).filter(lambda it: not it.isspace())
moments = st.integers(-(2**31), 2**31 - 1)
"""Within an int, so that a publisher may write them as one."""
steps = st.fixed_dictionaries(
    {"label": text, "index": st.integers(-1, 9), "total": st.integers(0, 300)}
)


def states(times: st.SearchStrategy[int | None]) -> st.SearchStrategy[JsonEvent]:
    return st.fixed_dictionaries(
        {
            "status": steps,
            "phase": st.none() | steps,
            "success": st.none() | st.booleans(),
            "timestamp": times,
        }
    )


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "eventId": text,
    "applicationId": text,
    "positionId": text,
    "hirerId": st.none() | text,
    "occurredAt": moments,
    "seekToken": st.none() | st.text("abc-:=", min_size=1, max_size=12),
    "seekTokenIssuedAt": st.none() | moments,
    "candidateApplicationProfileId": st.none() | text,
    "positionProfileIds": st.lists(text, max_size=3),
    "current": states(moments),
    "previous": st.none() | states(st.none() | moments),
    "completedAt": moments,
}


@st.composite
def evolutions(draw: st.DrawFn, event_type: str) -> tuple[JsonEvent, JsonEvent, JsonEvent]:
    """An event, a publisher's schema for it, and the record that the publisher writes."""
    schema = schema_json(event_type)
    event = {entry["name"]: draw(VALUES[entry["name"]]) for entry in schema["fields"]}
    record = dict(event)
    for entry in list(schema["fields"]):
        if "default" in entry and event[entry["name"]] == entry["default"] and draw(st.booleans()):
            schema["fields"].remove(entry)
            del record[entry["name"]]
    evolved = draw(st.sampled_from([json.dumps(schema), *_rewritten(schema)]))
    schema = json.loads(evolved)
    own_type, own_value = draw(st.sampled_from(OWN_FIELDS))
    schema["fields"].append({"name": "own", "type": own_type})
    record["own"] = own_value
    schema["fields"] = sorted(
        draw(st.permutations(schema["fields"])),
        key=lambda entry: entry["name"] == "previous",  # Uses what `current` defines.
    )
    if draw(st.booleans()):
        schema["namespace"] = "com.example"
    return event, schema, record


def _rewritten(schema: JsonEvent) -> list[str]:
    """Promotions, other names inside, properties of another language."""
    text = json.dumps(schema)
    java = text.replace(
        '"type": "string"', '"type": {"type": "string", "avro.java.string": "String"}'
    )
    names = text
    for old, new in (("State", "Zustand"), ("Step", "Schritt"), ("PreviousState", "Zuvor")):
        names = names.replace(f'"name": "{old}"', f'"name": "{new}"')
        names = names.replace(f'"{old}"', f'"{new}"')
    return [
        text.replace('"long"', '"int"').replace(', "logicalType": "timestamp-millis"', ""),
        text.replace(', "logicalType": "timestamp-millis"', ""),
        java,
        names,
    ]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@given(data=st.data())
def test_an_evolved_writer_schema_gives_the_same_bytes(
    event_type: str, data: st.DataObject
) -> None:
    event, schema, record = data.draw(evolutions(event_type))
    ours = reader_of(schema_json(event_type)).read(encode_event(event_type, event, 1), NOW_MS)

    theirs = reader_of(schema).read(written(schema, record), NOW_MS)

    assert theirs == ours
    assert not isinstance(ours, Rejected)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@given(data=st.data())
def test_the_library_reads_what_we_write(event_type: str, data: st.DataObject) -> None:
    """Our encoding against the library's own, from the same values."""
    names = [entry["name"] for entry in schema_json(event_type)["fields"]]
    event = {name: data.draw(VALUES[name]) for name in names}

    assert encode_event(event_type, event, 1) == written(schema_json(event_type), event)


def test_a_string_written_as_bytes_is_promoted() -> None:
    schema = schema_json("application_completed")
    for entry in schema["fields"]:
        if entry["type"] == "string":
            entry["type"] = "bytes"
    record = completed(event_record("application_completed"), SAMPLES["application_completed"])
    record |= {"eventId": b"event-3", "applicationId": "Ärztin".encode()}

    reading = reader_of(schema).read(written(schema, record), NOW_MS)

    assert isinstance(reading, Signal)
    assert reading.subject == "application:Ärztin"


def test_one_state_record_may_serve_current_and_previous() -> None:
    """Most publishers have one `State`; that ours are two must not matter to them."""
    schema = schema_json("position_status_changed")
    fields = {entry["name"]: entry for entry in schema["fields"]}
    fields["previous"]["type"] = ["null", "State"]
    record = completed(
        event_record("position_status_changed"), position_event(previous=state("Open"))
    )

    reading = reader_of(schema).read(written(schema, record), NOW_MS)

    assert isinstance(reading, Signal)
    assert b'"previous":{"status":{"label":"Open"' in reading.body


def test_a_schema_that_does_not_resolve_rejects_its_records_and_no_others() -> None:
    broken = schema_json("application_completed")
    broken["fields"][0]["type"] = "long"
    reader = reader_of(broken, schema_json("application_completed"))
    value = written(broken, SAMPLES["application_completed"] | {"eventId": 1}, schema_id=1)
    sound = encode_event("application_completed", SAMPLES["application_completed"], 2)

    rejected = reader.read(value, NOW_MS)

    assert isinstance(rejected, Rejected)
    assert rejected.reason is Reason.INCOMPATIBLE_SCHEMA
    assert isinstance(reader.read(sound, NOW_MS), Signal)


def test_a_reading_carries_what_delivery_needs() -> None:
    event = application_event(previous=state(timestamp=None))

    reading = reader_of(schema_json("application_status_changed")).read(
        encode_event("application_status_changed", event, 1), NOW_MS
    )

    assert isinstance(reading, Signal)
    assert reading.type_code == "ApplicationStatusUpdate"
    assert (reading.subject, reading.hirer_id) == ("application:app-1", "hirer-1")
    assert reading.occurred_at_ms == 1_577_923_200_250
    assert reading.warnings == (Warn.PREVIOUS_WITHOUT_TIME,)
    assert reading.body == (
        b'{"typeCode":"ApplicationStatusUpdate","token":"token-1",'
        b'"positionProfileIds":["seekAnz:positionProfile:jobAd:1"],'
        b'"current":{"status":{"label":"Interview","index":3,"total":6},"success":null,'
        b'"timestamp":"2020-01-02T00:00:00.000Z",'
        b'"phase":{"label":"Shortlist","index":2,"total":3}}}'
    )


def test_what_does_not_concern_seek_is_skipped() -> None:
    reader = reader_of(schema_json("application_status_changed"))
    elsewhere = application_event(seekToken=None)

    assert reader.read(None, NOW_MS) == Skipped(SkipReason.TOMBSTONE)
    assert reader.read(encode_event("application_status_changed", elsewhere, 1), NOW_MS) == Skipped(
        SkipReason.NOT_FROM_SEEK
    )
