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
    def offset(self) -> Offset: ...
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


def headers_of(record: Record) -> Headers | None:
    """None where a name is no UTF-8: the Kafka client cannot read any of them then.

    Ask once for each record: asked again, the client gives a list that is broken. Seen with
    2.16, which ends in either error.
    """
    try:
        return record.headers() or []
    except (UnicodeDecodeError, SystemError):
        return None
