"""Lanes, parcels and records, made short, for the tests of the delivery."""

from __future__ import annotations

from dataclasses import dataclass, field

from consumer.delivery.dead_letter import Envelope, Failure, wrap
from consumer.delivery.lanes import Batch, Lane, Parcel
from consumer.delivery.records import (
    Headers,
    Offset,
    OutgoingRecord,
    Record,
    TopicPartition,
    headers_of,
)
from consumer.delivery.tracker import OffsetTracker
from consumer.domain.signals import Signal, TypeCode

TOPIC = "moves"


@dataclass(frozen=True, slots=True)
class PlainRecord:
    """Satisfies the protocol `Record`."""

    place: TopicPartition
    number: int
    key_bytes: bytes | None = b"key"
    value_bytes: bytes | None = b"value"
    header_list: Headers | None = None
    at_ms: int = 1_700_000_000_000

    def topic(self) -> str:
        return self.place.topic

    def partition(self) -> int:
        return self.place.partition

    def offset(self) -> Offset:
        return Offset(self.number)

    def key(self) -> bytes | None:
        return self.key_bytes

    def value(self) -> bytes | None:
        return self.value_bytes

    def headers(self) -> Headers | None:
        return self.header_list

    def timestamp(self) -> tuple[int, int]:
        return 1, self.at_ms


def record(offset: int = 0, topic: str = TOPIC, value: bytes | None = b"value") -> PlainRecord:
    return PlainRecord(TopicPartition(topic, 0), offset, value_bytes=value)


def lane(topic: str = TOPIC, partition: int = 0, start: int = 0) -> Lane:
    return Lane(TopicPartition(topic, partition), OffsetTracker(Offset(start)))


@dataclass(slots=True)
class Publisher:
    """Makes parcels of one lane, at the offset after the last."""

    lane: Lane = field(default_factory=lane)
    offset: int = 0

    def parcel(self, subject: str | None = None, hirer: str | None = None) -> Parcel:
        """Of a subject of its own when none is named."""
        offset = Offset(self.offset)
        self.offset += 1
        signal = Signal(
            TypeCode.APPLICATION_STATUS_UPDATE,
            subject or f"{self.lane.place}:{offset}",
            hirer,
            1_700_000_000_000 + offset,
            b"{}",
            (),
        )
        return Parcel(self.lane, offset, PlainRecord(self.lane.place, offset), signal, size=100)

    def parcels(self, *subjects: str) -> list[Parcel]:
        return [self.parcel(subject) for subject in subjects]


def close(closing: Lane) -> None:
    """As the loop does when the partition is lost."""
    closing.open, closing.gone = False, True


def offsets(batch: Batch | None) -> list[int]:
    return [] if batch is None else [parcel.offset for parcel in batch.parcels]


def wrapped(record: Record, failure: Failure, envelope: Envelope) -> OutgoingRecord:
    """The letter of a record whose headers were not asked for yet."""
    return wrap(record, headers_of(record), failure, envelope)
