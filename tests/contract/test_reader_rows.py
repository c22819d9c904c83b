"""Records of one partition are read by rows where all are sound and of one known schema."""

from __future__ import annotations

import pytest

from consumer.adapters.avro.reader import AvroReader
from consumer.adapters.avro.writer import encode_event
from consumer.domain.signals import Signal, Skipped, SkipReason
from tests.avro_samples import NOW_MS, application_event, reader_of, schema_json

TYPE = "application_status_changed"
MINE: bytes = encode_event(TYPE, application_event(seekToken=None), 1)
SOUND: list[bytes] = [
    encode_event(TYPE, application_event(applicationId=f"app-{number}"), 1) for number in range(3)
]


@pytest.fixture
def reader() -> AvroReader:
    """Has read a record of schema 1 and one of schema 2."""
    reader = reader_of(schema_json(TYPE), schema_json(TYPE))
    for schema_id in (1, 2):
        reader.read(encode_event(TYPE, application_event(), schema_id), NOW_MS)
    return reader


def test_each_is_read_as_if_it_were_alone(reader: AvroReader) -> None:
    row = [*SOUND, MINE]

    readings = reader.read_alike(row, NOW_MS)

    assert readings == [reader.read(value, NOW_MS) for value in row]
    assert readings is not None
    assert [type(it) for it in readings] == [Signal, Signal, Signal, Skipped]
    assert readings[-1] == Skipped(SkipReason.NOT_FROM_SEEK)


@pytest.mark.parametrize(
    "other",
    [
        None,
        b"",
        b"garbage",
        encode_event(TYPE, application_event(), 2),
        encode_event(TYPE, application_event(), 9),
        SOUND[0][:-1],
        SOUND[0] + b"x",
    ],
    ids=["tombstone", "empty", "unframed", "other-schema", "unknown-schema", "cut", "longer"],
)
@pytest.mark.parametrize("place", [0, 2])
def test_one_that_is_different_has_all_read_alone(
    reader: AvroReader, other: bytes | None, place: int
) -> None:
    row: list[bytes | None] = [*SOUND[:place], other, *SOUND[place:]]

    assert reader.read_alike(row, NOW_MS) is None


def test_one_that_is_too_large_has_all_read_alone(reader: AvroReader) -> None:
    small = AvroReader(reader.schemas, reader.policy, max_record_bytes=len(SOUND[0]))
    small.read(SOUND[0], NOW_MS)
    long = encode_event(TYPE, application_event(hirerId="h" * 50), 1)

    assert small.read_alike(SOUND, NOW_MS) is not None
    assert small.read_alike([*SOUND, long], NOW_MS) is None


def test_a_schema_that_was_not_asked_for_yet_has_all_read_alone() -> None:
    assert reader_of(schema_json(TYPE)).read_alike(SOUND, NOW_MS) is None
