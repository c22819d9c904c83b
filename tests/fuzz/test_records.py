"""Any bytes behind any schema: a documented reading, at a bounded cost."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.adapters.avro.event_schemas import EVENT_TYPES
from consumer.adapters.avro.framing import HEADER_BYTES, MAX_RECORD_BYTES, frame, schema_id_of
from consumer.adapters.avro.writer import encode_event
from consumer.domain.signals import Reason, Rejected, Signal
from consumer.ports import Reading
from tests.avro_samples import NOW_MS, SAMPLES, reader_of, schema_json
from tests.fuzz.cost import cheaply
from tests.fuzz.hostile import BODIES, CHAIN, EMPTY, LONGS, SKIPPED, varint, with_skipped

SCHEMAS = [
    *(schema_json(event_type) for event_type in EVENT_TYPES),
    *(with_skipped("application_completed", skipped) for skipped in SKIPPED),
]
READER = reader_of(*SCHEMAS)
IDS = st.integers(1, len(SCHEMAS))
ENDLESS = (1 << 62) - 1
SOUND = {
    event_type: encode_event(event_type, SAMPLES[event_type], number)
    for number, event_type in enumerate(EVENT_TYPES, start=1)
}


def read(value: bytes | None) -> Reading:
    return cheaply(lambda: READER.read(value, NOW_MS))


def id_behind(skipped: object) -> int:
    return len(EVENT_TYPES) + SKIPPED.index(skipped) + 1


@given(value=st.binary(max_size=64))
def test_any_framing_gives_an_id_or_a_reason(value: bytes) -> None:
    found = schema_id_of(value, max_bytes=48)

    if isinstance(found, Rejected):
        assert found.reason in {Reason.NO_BYTES, Reason.BAD_FRAMING, Reason.TOO_LARGE}
    else:
        assert frame(found, value[HEADER_BYTES:]) == value


@given(schema_id=IDS, body=BODIES)
def test_any_numbers_and_bytes_have_a_reading(schema_id: int, body: bytes) -> None:
    assert isinstance(read(frame(schema_id, body)), get_args(Reading))


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@given(data=st.data())
def test_a_record_whose_numbers_were_replaced_has_a_reading(
    event_type: str, data: st.DataObject
) -> None:
    """Lengths, counts and branches that lie, in an else sound record."""
    value = SOUND[event_type]
    place = data.draw(st.integers(HEADER_BYTES, len(value) - 1))
    lie = varint(data.draw(LONGS))

    assert isinstance(read(value[:place] + lie + value[place + 1 :]), get_args(Reading))


@pytest.mark.parametrize("skipped", SKIPPED, ids=str)
@settings(max_examples=20)
@given(data=st.data())
def test_a_field_that_is_passed_over_cannot_be_a_trap(skipped: object, data: st.DataObject) -> None:
    trap = data.draw(BODIES)

    value = frame(id_behind(skipped), trap + SOUND["application_completed"][HEADER_BYTES:])

    assert isinstance(read(value), get_args(Reading))


@pytest.mark.parametrize(
    ("skipped", "trap"),
    [
        (SKIPPED[0], varint(ENDLESS)),
        (SKIPPED[0], varint(-ENDLESS) + varint(0)),
        (SKIPPED[0], varint(1_000_000) * 15_000),
        (SKIPPED[1], varint(ENDLESS)),
        (SKIPPED[2], varint(1) * 200_000),
        (SKIPPED[3], varint(ENDLESS)),
        (SKIPPED[4], b""),
        (CHAIN, b"\x02" * 1_000_000),
        ("bytes", varint(1 << 40)),
        ("bytes", varint(-1)),
    ],
    ids=lambda it: f"{len(it)} bytes" if isinstance(it, bytes) else str(it)[:40],
)
def test_a_bomb_is_undecodable_and_cheap(skipped: object, trap: bytes) -> None:
    value = frame(id_behind(skipped), trap + SOUND["application_completed"][HEADER_BYTES:])

    reading = read(value[:MAX_RECORD_BYTES])

    assert isinstance(reading, Rejected)
    assert reading.reason is Reason.UNDECODABLE


def test_a_huge_text_within_the_limit_is_read() -> None:
    """It is for SEEK to like it or not (P10)."""
    event = SAMPLES["application_completed"] | {"seekToken": "x" * 1_000_000}

    assert isinstance(read(encode_event("application_completed", event, 3)), Signal)


def test_the_traps_stand_before_records_that_are_sound() -> None:
    """Else the tests above would show nothing: without a trap these are read."""
    nothing = varint(0)
    for skipped in ({"type": "array", "items": "null"}, {"type": "array", "items": EMPTY}, CHAIN):
        value = frame(id_behind(skipped), nothing + SOUND["application_completed"][HEADER_BYTES:])
        assert isinstance(read(value), Signal)
