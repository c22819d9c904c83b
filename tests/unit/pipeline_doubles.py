"""Doubles of the ports, as small as the parts of the pipeline under test allow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from consumer.delivery.dead_letter import Envelope
from consumer.delivery.lanes import Lane
from consumer.delivery.limits import Limits
from consumer.delivery.records import Offset, OutgoingRecord, TopicPartition
from consumer.domain.signals import Rejected, Signal, Stage, TypeCode
from consumer.observed import Occurrence, Snapshot
from consumer.pipeline.partitions import Partitions
from consumer.ports import Buried, CommitAnswer, Fault, Mark, Polled, Reading, Unresolved

ENVELOPE = Envelope("seek-signals.dlq", "seek-signals", "seek-signals.retry", "1.2.3", "abc")

Told = TypeVar("Told")


@dataclass(slots=True)
class NotedTelemetry:
    noted: list[Occurrence] = field(default_factory=list[Occurrence])

    def note(self, occurrence: Occurrence) -> None:
        self.noted.append(occurrence)

    def show(self, snapshot: Snapshot) -> None:
        """Of no interest here."""

    def of(self, kind: type[Told]) -> list[Told]:
        return [occurrence for occurrence in self.noted if isinstance(occurrence, kind)]


@dataclass(slots=True)
class CommitsOnly:
    """A source that is only committed to; it carries what is beyond a mark when told so."""

    carries: bool = True
    takes: bool = True
    refuses: frozenset[str] = frozenset()
    """Topics, for good."""
    switches: bool = True
    sent: list[dict[TopicPartition, Mark]] = field(default_factory=list[dict[TopicPartition, Mark]])
    sent_now: list[dict[TopicPartition, Mark]] = field(
        default_factory=list[dict[TopicPartition, Mark]]
    )

    def poll(self, wait_s: float) -> Polled:  # noqa: ARG002 -- the port's name
        return Polled()

    def faults(self) -> Sequence[Fault]:
        return ()

    def commit(self, marks: Mapping[TopicPartition, Mark]) -> Collection[TopicPartition]:
        self.sent.append(dict(marks))
        return set(marks) if self.carries else set()

    def commit_now(self, marks: Mapping[TopicPartition, Mark]) -> CommitAnswer:
        self.sent_now.append(dict(marks))
        if not self.takes:
            return CommitAnswer((), "refused")
        taken = [place for place in marks if place.topic not in self.refuses]
        if len(taken) == len(marks):
            return CommitAnswer(taken)
        return CommitAnswer(taken, "unknown_topic", final=True)

    def pause(self, partitions: Sequence[TopicPartition]) -> bool:  # noqa: ARG002 -- the port's name
        return self.switches

    def resume(self, partitions: Sequence[TopicPartition]) -> bool:  # noqa: ARG002 -- the port's name
        return self.switches


@dataclass(slots=True)
class Graveyard:
    """A dead-letter topic that reports what it is told to."""

    written: list[tuple[int, OutgoingRecord]] = field(
        default_factory=list[tuple[int, OutgoingRecord]]
    )
    unreported: list[Buried] = field(default_factory=list[Buried])

    def bury(self, ticket: int, letter: OutgoingRecord) -> None:
        self.written.append((ticket, letter))

    def reports(self, wait_s: float) -> Sequence[Buried]:  # noqa: ARG002 -- the port's name
        reports, self.unreported = self.unreported, []
        return reports

    @property
    def tickets(self) -> list[int]:
        return [ticket for ticket, _ in self.written]

    def confirm(self, *tickets: int) -> None:
        self.unreported += [Buried(ticket, None) for ticket in tickets]

    def refuse(self, *tickets: int, too_large: bool = False) -> None:
        self.unreported += [Buried(ticket, "NOT_NOW", too_large) for ticket in tickets]


def _is_undecoded(reading: Reading | None) -> bool:
    undecodable = isinstance(reading, Rejected) and reading.reason.stage is Stage.DECODE
    return undecodable or isinstance(reading, Unresolved)


@dataclass(slots=True)
class Library:
    """A reader that knows what each value says; what it does not know is a good signal."""

    readings: dict[bytes | None, Reading] = field(default_factory=dict[bytes | None, Reading])
    asked: list[bytes | None] = field(default_factory=list[bytes | None])

    def read(self, value: bytes | None, now_ms: int) -> Reading:  # noqa: ARG002 -- the port\'s name
        self.asked.append(value)
        good = Signal(TypeCode.APPLICATION_STATUS_UPDATE, str(value), "acme", 1, value or b"", ())
        return self.readings.get(value, good)

    def read_alike(self, values: Sequence[bytes | None], now_ms: int) -> Sequence[Reading] | None:
        """As the real one: what is no record, or none yet, has to be read alone."""
        readings = [self.readings.get(value) for value in values]
        if None in values or any(map(_is_undecoded, readings)):
            return None
        return [self.read(value, now_ms) for value in values]


def ours(lanes: Sequence[Lane], limits: Limits | None = None) -> Partitions:
    it = Partitions(limits or Limits())
    for lane in lanes:
        it.lanes[lane.place] = lane
    return it


def admitted(lane: Lane, count: int, size: int = 1) -> None:
    for _ in range(count):
        lane.tracker.track(lane.tracker.position)
        lane.pending_bytes += size


def settled(partitions: Partitions, lane: Lane, *offsets: int, size: int = 1) -> None:
    for offset in offsets:
        partitions.settle(lane, Offset(offset), size)
