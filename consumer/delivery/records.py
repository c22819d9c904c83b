"""Records and places in Kafka, in the words of Kafka."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, NewType, Protocol, TypeAlias

Offset = NewType("Offset", int)
Headers: TypeAlias = list[tuple[str, bytes | None]]


class TopicPartition(NamedTuple):
    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class Record(Protocol):
    """One Kafka record, bytes as read. `confluent_kafka.Message` has this very shape,
    so the adapter hands its messages on as they are: nothing is copied per record."""

    def topic(self) -> str: ...
    def partition(self) -> int: ...
    def offset(self) -> int: ...
    def key(self) -> bytes | None: ...
    def value(self) -> bytes | None: ...
    def headers(self) -> Headers | None: ...
    def timestamp(self) -> tuple[int, int]:
        """(kind of timestamp, milliseconds since the epoch)."""
        ...


@dataclass(frozen=True, slots=True)
class OutgoingRecord:
    """A record to be written; its timestamp is the broker's or producer's now."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
