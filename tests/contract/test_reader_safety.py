"""The port `Reader` never raises, and what it makes of bad bytes has one reason each."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumer.adapters.avro.event_schemas import EVENT_TYPES
from consumer.adapters.avro.framing import MAX_RECORD_BYTES, frame
from consumer.adapters.avro.writer import encode_event
from consumer.domain.signals import Reason, Rejected, Signal, Skipped, SkipReason
from consumer.ports import Reading, Unresolved
from tests.avro_samples import NOW_MS, SAMPLES, application_event, reader_of, schema_json

NUMBERED = list(enumerate(EVENT_TYPES, start=1))
CHAIN = {
    "type": "record",
    "name": "ApplicationCompleted",
    "fields": [{"name": "next", "type": ["null", "ApplicationCompleted"]}],
}
READER = reader_of(*(schema_json(event_type) for event_type in EVENT_TYPES), CHAIN, "string")
"""Ids 1 to 3 are ours, 4 and 5 cannot be read, the others are being looked up."""


@given(value=st.none() | st.binary(max_size=400))
@example(b"\x00" * 5)
def test_any_bytes_have_a_reading(value: bytes | None) -> None:
    assert isinstance(READER.read(value, NOW_MS), get_args(Reading))


@given(schema_id=st.integers(0, 7), body=st.binary(max_size=400))
def test_any_bytes_behind_a_known_schema_have_a_reading(schema_id: int, body: bytes) -> None:
    assert isinstance(READER.read(frame(schema_id, body), NOW_MS), get_args(Reading))


@pytest.mark.parametrize(("schema_id", "event_type"), NUMBERED)
@given(data=st.data())
def test_a_record_with_flipped_bits_has_a_reading(
    schema_id: int, event_type: str, data: st.DataObject
) -> None:
    value = bytearray(encode_event(event_type, SAMPLES[event_type], schema_id))
    for _ in range(data.draw(st.integers(1, 6))):
        value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))

    assert isinstance(READER.read(bytes(value), NOW_MS), get_args(Reading))


@pytest.mark.parametrize(("schema_id", "event_type"), NUMBERED)
def test_a_record_cut_anywhere_is_refused(schema_id: int, event_type: str) -> None:
    value = encode_event(event_type, SAMPLES[event_type], schema_id)

    reasons = [_reason(READER.read(value[:end], NOW_MS)) for end in range(len(value))]

    assert reasons[0] is Reason.NO_BYTES
    assert set(reasons[1:5]) == {Reason.BAD_FRAMING}
    assert set(reasons[5:]) == {Reason.UNDECODABLE}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", Reason.NO_BYTES),
        (b"garbage", Reason.BAD_FRAMING),
        (b"\x01\x00\x00\x00\x01", Reason.BAD_FRAMING),
        (b"\x00\xff\xff\xff\xff", Reason.BAD_FRAMING),
        (frame(1, b"\xff" * 40), Reason.UNDECODABLE),
        (frame(4, b"\x02" * 500_000), Reason.INCOMPATIBLE_SCHEMA),
        (frame(5, b"\x02a"), Reason.INCOMPATIBLE_SCHEMA),
        (frame(1, b"\x00" * MAX_RECORD_BYTES), Reason.TOO_LARGE),
        (
            encode_event("application_status_changed", application_event(eventId=" "), 1),
            Reason.BLANK_EVENT_ID,
        ),
        (
            encode_event("application_status_changed", application_event(seekToken="a b"), 1),
            Reason.TOKEN_WHITESPACE,
        ),
    ],
)
def test_each_kind_of_poison_has_its_own_reason(value: bytes, reason: Reason) -> None:
    assert _reason(READER.read(value, NOW_MS)) is reason


def test_bad_bytes_leave_the_records_around_them_unharmed() -> None:
    sound = encode_event("application_completed", SAMPLES["application_completed"], 3)
    values = [sound, b"garbage", sound, frame(3, b"\x02"), None, sound]

    readings = [READER.read(value, NOW_MS) for value in values]

    assert [isinstance(it, Signal) for it in readings] == [True, False, True, False, False, True]
    assert readings[0] == readings[2] == readings[5]
    assert readings[4] == Skipped(SkipReason.TOMBSTONE)


def test_an_unknown_id_is_unresolved_and_not_refused() -> None:
    assert READER.read(frame(99, b""), NOW_MS) == Unresolved(99, outage=False)


def test_the_limit_of_size_is_a_setting() -> None:
    value = encode_event("application_completed", SAMPLES["application_completed"], 3)

    assert isinstance(replace(READER, max_record_bytes=len(value)).read(value, NOW_MS), Signal)
    small = replace(READER, max_record_bytes=len(value) - 1)
    assert _reason(small.read(value, NOW_MS)) is Reason.TOO_LARGE


def _reason(reading: Reading) -> Reason | None:
    return reading.reason if isinstance(reading, Rejected) else None
