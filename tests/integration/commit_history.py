"""Every commit that a group ever made, in order: the log behind the group's offsets.

Whoever asks for committed offsets sees those of the moment; here none is missed. The format
is Kafka's own: `OffsetCommitKey` 0 and 1, `OffsetCommitValue` up to version 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from math import inf
from typing import Final, NamedTuple, cast

from consumer.delivery.dead_letter import unwrap
from consumer.delivery.records import Headers, TopicPartition
from consumer.demo.balance import Published
from consumer.demo.expectations import SignalKey, ToBeAccepted, ToBeBuried, signal_key
from tests.faults.scene import Scene
from tests.testbed import KafkaCluster, read_all

TOPIC: Final = "__consumer_offsets"
OF_OFFSETS: Final = (0, 1)
"""Versions of a key; others are about the group's members."""
WITH_EPOCH: Final = 3
COMPACT: Final = 4
"""From these versions of a value on there is a leader epoch, and strings have short lengths."""


class Commit(NamedTuple):
    place: TopicPartition
    offset: int
    metadata: str
    at_ms: int
    """By the broker's clock."""


def commit_history(kafka: KafkaCluster, group: str) -> list[Commit]:
    commits: list[Commit] = []
    for record in read_all(kafka, TOPIC):
        key, value = record.key(), record.value()
        if key is not None and value is not None:
            commit = read_commit(key, value, group)
            commits += [] if commit is None else [commit]
    return commits


def read_commit(key: bytes, value: bytes, group: str) -> Commit | None:
    """None: of another group, or about the group's members."""
    name, told = _Bytes(BytesIO(key)), _Bytes(BytesIO(value))
    if name.number(2) not in OF_OFFSETS or name.text() != group:
        return None
    place = TopicPartition(name.text(), name.number(4))
    version = told.number(2)
    offset = told.number(8)
    if version >= WITH_EPOCH:
        told.number(4)
    metadata = told.compact_text() if version >= COMPACT else told.text()
    return Commit(place, offset, metadata, at_ms=told.number(8))


def steps_back(commits: Sequence[Commit]) -> list[Commit]:
    """Commits below an earlier one of the same partition: by a member that does not own it."""
    highest: dict[TopicPartition, int] = {}
    back: list[Commit] = []
    for commit in commits:
        if commit.offset < highest.get(commit.place, 0):
            back.append(commit)
        highest[commit.place] = max(commit.offset, highest.get(commit.place, 0))
    return back


def too_early(
    commits: Sequence[Commit],
    published: Sequence[Published],
    settled_ms: Callable[[Published], float],
) -> list[Commit]:
    """Commits that passed a record before it was accepted or buried. `settled_ms` says when
    it was: infinity for never."""
    latest: dict[tuple[TopicPartition, int], float] = {
        (each.place, each.offset): settled_ms(each)
        for each in published
        if isinstance(each.event.expectation, ToBeAccepted | ToBeBuried)
    }
    below: dict[TopicPartition, list[tuple[int, float]]] = {}
    for (place, offset), at_ms in sorted(latest.items()):
        line = below.setdefault(place, [])
        line.append((offset, max(at_ms, line[-1][1] if line else 0.0)))
    return [commit for commit in commits if not _settled_by(below.get(commit.place, []), commit)]


def settled_times(it: Scene) -> Callable[[Published], float]:
    """When SEEK accepted a record's signal first, or its dead letter was made; wall clock, ms."""
    accepted: dict[SignalKey, float] = {}
    for entry in it.sandbox.journal():
        at_ms = datetime.fromisoformat(entry["at"]).timestamp() * 1000
        accepted.setdefault(signal_key(entry["signal"]), at_ms)
    buried: dict[tuple[str, int, int], float] = {}
    for record in read_all(it.kafka, f"{it.group}.dlq"):
        letter = unwrap(cast("Headers", record.headers()))
        assert letter is not None
        topic, partition, offset, _ = letter.origin
        buried.setdefault((topic, partition, offset), record.timestamp()[1])

    def settled_ms(published: Published) -> float:
        match published.event.expectation:
            case ToBeAccepted(signal=signal):
                return accepted.get(signal, inf)
            case _:
                return buried.get((*published.place, published.offset), inf)

    return settled_ms


def _settled_by(line: Sequence[tuple[int, float]], commit: Commit) -> bool:
    """`line`: offsets, each with the time by which it and all before it were settled."""
    times = [at_ms for offset, at_ms in line if offset < commit.offset]
    return not times or times[-1] <= commit.at_ms


@dataclass(frozen=True, slots=True)
class _Bytes:
    """Big-endian numbers and texts, one after the other."""

    data: BytesIO

    def number(self, size: int) -> int:
        return int.from_bytes(self.data.read(size), signed=True)

    def text(self) -> str:
        return self.data.read(self.number(2)).decode()

    def compact_text(self) -> str:
        length = shift = 0
        while True:
            byte = self.data.read(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return self.data.read(length - 1).decode()
