"""What was published, as a file of lines: written as Kafka confirms, read by the oracle.

A line is a JSON array of the fields of `Publication`. Texts that can be long are hashes of
64 bits: of two and a half million the chance that any two are alike is one in six million.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from io import FileIO
from typing import NamedTuple

import orjson

from consumer.delivery.records import Headers, TopicPartition
from consumer.demo.balance import Published
from consumer.demo.expectations import (
    Expectation,
    SignalKey,
    ToBeAccepted,
    ToBeBuried,
    ToBeSkipped,
    signal_key,
)


class Fate(IntEnum):
    """What is to become of a record."""

    UNKNOWN = 0
    """Nobody has said yet that it was published."""
    ACCEPT = 1
    BURY = 2
    SKIP = 3


class Publication(NamedTuple):
    topic: str
    partition: int
    offset: int
    subject: int
    """Hash of the key: of whom order is kept."""
    fate: int
    """A `Fate`."""
    reason: str
    """Of a dead letter or a skip."""
    signal: int
    """Hash of the signal that SEEK is to accept; 0 when none is."""
    digest: int
    """Hash of key, value and headers, which a dead letter must give back; 0 when none is due."""

    @property
    def place(self) -> TopicPartition:
        return TopicPartition(self.topic, self.partition)


def hash64(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")


def signal_hash(key: SignalKey) -> int:
    return hash64("\0".join(map(str, key)).encode())


def signal_in(fields: Mapping[str, object]) -> int:
    """Of a signal as SEEK got it. Raises `ValueError` for what is none."""
    return signal_hash(signal_key(fields))


def letter_digest(
    key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
) -> int:
    parts = [key, value, *(part for name, text in headers for part in (name.encode(), text))]
    return hash64(b"".join(b"-" if p is None else b"%d:%b" % (len(p), p) for p in parts))


def publication(published: Published, headers: Headers | None = None) -> Publication:
    key, value = published.key, published.value
    reason, signal, digest = "", 0, 0
    match published.event.expectation:
        case ToBeAccepted(signal=to_accept):
            signal = signal_hash(to_accept)
        case ToBeBuried(reason=reason):
            digest = letter_digest(key, value, headers or [])
        case ToBeSkipped(reason=reason):
            pass
    fate = int(_fate(published.event.expectation))
    subject = hash64(published.event.key.encode())
    return Publication(*published.place, published.offset, subject, fate, reason, signal, digest)


def _fate(expectation: Expectation) -> Fate:
    match expectation:
        case ToBeAccepted():
            return Fate.ACCEPT
        case ToBeBuried():
            return Fate.BURY
        case ToBeSkipped():
            return Fate.SKIP


@dataclass(frozen=True, slots=True)
class PublicationLog:
    """Appends one line a record; what `add` returned from is in the file."""

    file: FileIO

    def add(self, publications: Iterable[Publication]) -> None:
        data = b"".join(orjson.dumps(list(each)) + b"\n" for each in publications)
        while data:
            data = data[self.file.write(data) or 0 :]


def read_line(line: bytes) -> Publication:
    return Publication(*orjson.loads(line))
