"""What must hold at every step, with the promise of the design that each check guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from consumer.delivery.commit_memory import Memory
from consumer.delivery.dead_letter import unwrap
from consumer.delivery.limits import Limits
from consumer.delivery.records import Offset, OutgoingRecord, TopicPartition
from consumer.delivery.verdicts import Accepted, Refused, Verdict
from consumer.observed import Snapshot
from consumer.pipeline import Pipeline
from consumer.ports import Mark, Request, Start
from tests.simulation.ledger import Process
from tests.simulation.records import SICK, SimRecord, Writer
from tests.simulation.truth import Tenure, Truth
from tests.simulation.world import World, ensure

SLACK_S: Final = 1.0
"""Steps take time of their own."""
TAKE: Final = 25
"""Records a poll, at most."""
MOST_GAP: Final = 6
"""Offsets from one record to the next, at most, by and large."""


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """A request under way, with the tenures under which its records were submitted."""

    process: Process
    batch_id: int
    records: Sequence[SimRecord]
    tenures: Sequence[Tenure]

    def __str__(self) -> str:
        return f"{self.process}#{self.batch_id}[{' '.join(map(str, self.records))}]"


@dataclass(slots=True, eq=False)
class Invariants:
    world: World
    truth: Truth
    writer: Writer
    limits: Limits
    committed: dict[TopicPartition, Offset] = field(
        default_factory=dict[TopicPartition, Offset]
    )
    """What the broker holds."""
    remembered: dict[TopicPartition, frozenset[Offset]] = field(
        default_factory=dict[TopicPartition, frozenset[Offset]]
    )
    """Beyond that, by its metadata."""
    size_refusals: int = 0
    """Of a proxy, which are nobody's fault: not counted as a search for culprits."""

    # -- Requests ------------------------------------------------------------------------------

    def submitted(self, process: Process, request: Request) -> Flight:
        records = [self._record_of(body) for body in request.bodies]
        size = len(records)
        ensure(0 < size <= self.limits.batch_size, "contract 1", lambda: f"{size} signals")
        for record in records:
            tenure = process.tenures.get(record.place)
            held = tenure is not None and tenure.open
            ensure(held, "P4 nothing is sent of what was let go", lambda r=record: str(r))
        tenures = [process.tenures[record.place] for record in records]
        for record, tenure in zip(records, tenures, strict=True):
            start = tenure.start
            fresh = record.number >= start.offset and Offset(record.number) not in start.settled
            fresh = fresh and record.number not in tenure.told_accepted
            ensure(fresh, "P9 what is known to be settled is not sent", lambda r=record: str(r))
        return Flight(process, request.batch_id, records, tenures)

    def started(self, flight: Flight) -> None:
        process = flight.process
        polled_s = process.polled_s or 0.0
        since_s = self.world.now_s - polled_s
        in_time = since_s < self.limits.lease_s
        ensure(in_time, "P4 lease", lambda: f"{flight} starts {since_s:.0f} s after the poll")
        ensure(not process.expired, "P4 lease", lambda: f"{flight} starts after the session")

    def accepted(self, records: Sequence[SimRecord]) -> None:
        """SEEK stores them, now, in this order. One that it has refused before may be on its
        way to the dead letters, which step out of the order."""
        truth = self.truth
        for record in records:
            subject = record.place, record.subject
            if record not in truth.accepted and record not in truth.charges:
                last = truth.last_accepted.get(subject, -1)
                ensure(
                    last < record.number,
                    "P3 order",
                    lambda r=record, at=last: f"{r} is first accepted after offset {at}",
                )
                truth.last_accepted[subject] = record.number
            truth.accepted[record] += 1

    def landed(self, flight: Flight, verdict: Verdict) -> None:
        """The process is told what became of it."""
        if isinstance(verdict, Refused):
            self.truth.refusals += 1
        if not isinstance(verdict, Accepted):
            return
        for record, tenure in zip(flight.records, flight.tenures, strict=True):
            if tenure.ended:
                continue
            once = record.number not in tenure.told_accepted
            ensure(once, "P9 accepted twice without need", lambda r=record: str(r))
            tenure.told_accepted.add(record.number)
            if tenure.uncommitted_since_s is None:
                tenure.uncommitted_since_s = self.world.now_s

    def refused_for_size(self) -> None:
        self.size_refusals += 1

    # -- Dead letters ----------------------------------------------------------------------------

    def letter_tried(self, letter: OutgoingRecord) -> SimRecord:
        """What is buried is poison, as what it is buried, byte for byte."""
        found = unwrap(letter.headers)
        assert found is not None, "a letter without its headers"
        place = TopicPartition(found.origin.topic, found.origin.partition)
        record = next(
            r for r in self.truth.logs[place].records if r.number == found.origin.offset
        )
        charge = found.failure.stage, found.failure.reason
        allowed = self.truth.may_be_buried_as(record)
        ensure(charge in allowed, "P6 P7 poison only", lambda: f"{record} buried as {charge}")
        whole = letter.value == record.value() or found.is_pointer
        same = whole and letter.key == record.key() and found.headers == record.headers()
        ensure(same, "P12 byte for byte", lambda: str(record))
        if record.nature in SICK and charge[1] in ("server_fault", "unknown_code"):
            self._sick_for_long(record)
        self.truth.letters_tried[record] += 1
        return record

    def _sick_for_long(self, record: SimRecord) -> None:
        sick = self.limits.sick
        failures = self.truth.lone_failures[record]
        for_s = self.world.now_s - self.truth.first_failed_s[record]
        enough = failures >= sick.attempts and for_s >= sick.after_s
        why = f"{record} after {failures} failures in {for_s:.0f} s"
        ensure(enough, "P6 sick only after long", lambda: why)

    # -- Commits ---------------------------------------------------------------------------------

    def commit_tried(self, process: Process, marks: Mapping[TopicPartition, Mark]) -> None:
        for place, mark in marks.items():
            tenure = process.tenures.get(place)
            why = f"{process} commits {place} at {mark.offset}"
            ensure(tenure is not None, "P4 nothing is committed of what was let go", lambda w=why: w)
            low = self.truth.low_water(place)
            ensure(mark.offset <= low, "P1 P2", lambda w=why, at=low: f"{w}, unsettled: {at}")
            if tenure is not None:
                tenure.uncommitted_since_s = None

    def claimed(self, place: TopicPartition, memory: Memory) -> None:
        """What the metadata of a commit will make the next owner believe."""
        wrong = self.truth.unsettled_among(place, memory.settled)
        why = "claimed as settled in the metadata: "
        ensure(not wrong, "P1 P2", lambda: why + " ".join(map(str, wrong)))

    def committed_at(self, place: TopicPartition, offset: Offset, memory: Memory) -> None:
        """The broker has taken it."""
        before = self.committed.get(place, Offset(0))
        ensure(before <= offset, "P2 commits go forward", lambda: f"{place}: {before}, {offset}")
        self.committed[place] = offset
        self.remembered[place] = memory.settled

    def began(self, place: TopicPartition, start: Start) -> None:
        wrong = self.truth.unsettled_among(place, start.settled)
        ensure(not wrong, "P1 P2", lambda: f"forgotten at the start: {' '.join(map(str, wrong))}")

    # -- Always ----------------------------------------------------------------------------------

    def check(self) -> None:
        """After every step: no committed offset has an unsettled record below it."""
        for place, offset in self.committed.items():
            low = self.truth.low_water(place)
            ensure(
                offset <= low,
                "P1 P2",
                lambda p=place, o=offset, at=low: f"{p} is committed at {o}, unsettled: {at}",
            )

    def _committed_promptly(self, process: Process) -> None:
        """After a turn: what is settled was committed within the interval (P9)."""
        now_s = self.world.now_s
        if process.expired or process.doubtful or now_s < process.unanswered_until_s:
            return
        for place, tenure in process.tenures.items():
            since_s = tenure.uncommitted_since_s
            late = since_s is not None and now_s - since_s > self.limits.commit_every_s + SLACK_S
            why = f"P9 exposure: {process} has not committed {place} since {since_s}"
            ensure(not late, "P9 commit interval", lambda w=why: w)

    def turned(self, process: Process, pipeline: Pipeline) -> None:
        """After a turn: commits keep up, and what is held in memory is bounded (P5): by its
        limit and a poll, and one more where a partition was given and read in the same poll."""
        self._committed_promptly(process)
        partitions, limits = pipeline.partitions, self.limits
        within = partitions.pending <= limits.pending_records + 2 * TAKE
        ensure(within, "P5 bounded", lambda: f"{partitions.pending} pending")
        size = sum(lane.pending_bytes for lane in partitions.lanes.values())
        counted = partitions.pending_bytes == size and size >= 0
        ensure(counted, "P5 bytes are counted", lambda: f"{partitions.pending_bytes}, {size}")
        for lane in partitions.lanes.values():
            pending, beyond = lane.tracker.pending, lane.tracker.beyond
            within = pending <= limits.pending_per_partition + TAKE
            ensure(within, "P5 a partition", lambda n=lane.place, p=pending: f"{n}: {p} pending")
            within = beyond <= limits.exposed_per_partition + TAKE * MOST_GAP
            ensure(within, "P9 a partition", lambda n=lane.place, b=beyond: f"{n}: {b} beyond")

    def shown(self, process: Process, snapshot: Snapshot) -> None:
        """The gauge of what a crash would repeat is never too low (P9)."""
        if process.expired:
            return
        for status in snapshot.partitions:
            tenure = process.tenures.get(status.place)
            if tenure is None:
                continue
            repeated = self._repeated(tenure)
            ensure(
                repeated <= status.exposed,
                "P9 exposure is told",
                lambda s=status, n=repeated: f"{process}: {n} would be repeated: {s}",
            )

    def _repeated(self, tenure: Tenure) -> int:
        committed = self.committed.get(tenure.place, tenure.start.offset)
        remembered = self.remembered.get(tenure.place, frozenset())
        beyond = {offset for offset in tenure.told_accepted if offset >= committed}
        return len(beyond - remembered)

    def _record_of(self, body: bytes) -> SimRecord:
        record = self.writer.by_body.get(body)
        ensure(record is not None, "P9 same bytes", lambda: repr(body))
        assert record is not None
        return record
