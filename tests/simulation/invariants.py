"""What must hold at every step, with the promise of the design that each check guards.

Bounds on memory and exposure are in `bounds.py`; what must hold at the end, in `history.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from consumer.delivery.commit_memory import Memory
from consumer.delivery.dead_letter import unwrap
from consumer.delivery.limits import Limits
from consumer.delivery.records import Offset, OutgoingRecord, TopicPartition
from consumer.delivery.verdicts import Accepted, Refused, Verdict
from consumer.ports import Mark, Request, Start
from tests.simulation.ledger import Process
from tests.simulation.records import SICK, Nature, SimRecord, Writer
from tests.simulation.truth import Tenure, Truth
from tests.simulation.world import World, ensure


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
    committed: dict[TopicPartition, Offset] = field(default_factory=dict[TopicPartition, Offset])
    """What the broker holds."""
    remembered: dict[TopicPartition, frozenset[Offset]] = field(
        default_factory=dict[TopicPartition, frozenset[Offset]]
    )
    """Beyond that, by its metadata."""
    _moved: list[TopicPartition] = field(default_factory=list[TopicPartition])
    """Committed since the last step."""
    _buried_in_a_row: Counter[tuple[Process, str]] = field(
        default_factory=Counter[tuple[Process, str]]
    )
    """By process and topic: sound records, since one was accepted."""
    size_refusals: int = 0
    """Of a proxy, which are nobody's fault: not counted as a search for culprits."""

    # -- Requests ------------------------------------------------------------------------------

    def submitted(self, process: Process, request: Request) -> Flight:
        records = [self._record_of(body) for body in request.bodies]
        ensure(0 < len(records) <= self.limits.batch_size, "batch size", len(records))
        for record in records:
            tenure = process.tenures.get(record.place)
            held = tenure is not None and tenure.open
            ensure(held, "P4 nothing is sent of what was let go", record)
        tenures = [process.tenures[record.place] for record in records]
        for record, tenure in zip(records, tenures, strict=True):
            fresh = tenure.is_new(record.number)
            ensure(fresh, "P9 what is known to be settled is not sent", record)
        for tenure in tenures:
            tenure.flying += 1
        return Flight(process, request.batch_id, records, tenures)

    def started(self, flight: Flight) -> None:
        process = flight.process
        since_s = self.world.now_s - (process.polled_s or 0.0)
        ensure(since_s < self.limits.lease_s, "P4 lease", flight, "seconds after poll:", since_s)
        ensure(not process.expired, "P4 lease", flight, "starts after its session")

    def accepted(self, records: Sequence[SimRecord]) -> None:
        """SEEK stores them, now, in this order. One that it has refused before may be on its
        way to the dead letters, which step out of the order."""
        truth = self.truth
        for record in records:
            subject = record.place, record.subject
            if record not in truth.accepted and record not in truth.charges:
                last = truth.last_accepted.get(subject, -1)
                ensure(last < record.number, "P3 order", record, "first accepted after", last)
                truth.last_accepted[subject] = record.number
            truth.accepted[record] += 1

    def landed(self, flight: Flight, verdict: Verdict) -> None:
        """The process is told what became of it."""
        if isinstance(verdict, Refused):
            self.truth.refusals += 1
        for tenure in flight.tenures:
            tenure.flying -= 1
        if not isinstance(verdict, Accepted):
            return
        for record, tenure in zip(flight.records, flight.tenures, strict=True):
            self._buried_in_a_row.pop((flight.process, record.topic()), None)
            if tenure.ended:
                continue
            once = record.number not in tenure.told_accepted
            ensure(once, "P9 accepted twice without need", record)
            tenure.told_accepted.add(record.number)
            if tenure.uncommitted_since_s is None:
                tenure.uncommitted_since_s = self.world.now_s

    def refused_for_size(self) -> None:
        self.size_refusals += 1

    # -- Dead letters ----------------------------------------------------------------------------

    def letter_tried(self, process: Process, letter: OutgoingRecord) -> SimRecord:
        """What is buried is poison, as what it is buried, byte for byte."""
        found = unwrap(letter.headers)
        assert found is not None, "a letter without its headers"
        place = TopicPartition(found.origin.topic, found.origin.partition)
        record = next(r for r in self.truth.logs[place].records if r.number == found.origin.offset)
        charge = found.failure.stage, found.failure.reason
        allowed = self.truth.may_be_buried_as(record)
        ensure(charge in allowed, "P6 P7 poison only", record, "buried as", charge)
        whole = letter.value == record.value() or found.is_pointer
        same = whole and letter.key == record.key() and found.headers == record.headers()
        ensure(same, "P12 byte for byte", record)
        if record.nature in SICK and charge[1] in ("server_fault", "unknown_code"):
            self._sick_for_long(record)
        if record not in self.truth.letters_tried and charge == ("send", "bad_user_input"):
            self._no_flood(process, record)
        self.truth.letters_tried[record] += 1
        return record

    def _sick_for_long(self, record: SimRecord) -> None:
        sick = self.limits.sick
        failures = self.truth.lone_failures[record]
        for_s = self.world.now_s - self.truth.first_failed_s[record]
        enough = failures >= sick.attempts and for_s >= sick.after_s
        ensure(enough, "P6 sick only after long", record, failures, "failures, seconds:", for_s)

    def _no_flood(self, process: Process, record: SimRecord) -> None:
        """SEEK refuses a whole topic for a while: few sound records are buried for that."""
        if record.nature is not Nature.HEALTHY:
            return
        key = process, record.topic()
        self._buried_in_a_row[key] += 1
        few = self._buried_in_a_row[key] <= self.limits.flood.window
        ensure(few, "P8 flood", record, "is one of", self._buried_in_a_row[key], "in a row")

    # -- Commits ---------------------------------------------------------------------------------

    def commit_tried(self, process: Process, marks: Mapping[TopicPartition, Mark]) -> None:
        for place, mark in marks.items():
            tenure = process.tenures.get(place)
            said = process, "commits", place, "at", mark.offset
            ensure(tenure is not None, "P4 nothing is committed of what was let go", *said)
            low = self.truth.low_water(place)
            ensure(mark.offset <= low, "P1 P2", *said, "unsettled:", low)
            if tenure is not None:
                tenure.uncommitted_since_s = None

    def claimed(self, place: TopicPartition, memory: Memory) -> None:
        """What the metadata of a commit will make the next owner believe."""
        wrong = self.truth.unsettled_among(place, memory.settled)
        ensure(not wrong, "P1 P2", "claimed as settled in the metadata:", *wrong)

    def committed_at(self, place: TopicPartition, offset: Offset, memory: Memory) -> None:
        """The broker has taken it."""
        before = self.committed.get(place, Offset(0))
        ensure(before <= offset, "P2 commits go forward", place, before, offset)
        self.committed[place] = offset
        self.remembered[place] = memory.settled
        self._moved.append(place)

    def began(self, place: TopicPartition, start: Start) -> None:
        wrong = self.truth.unsettled_among(place, start.settled)
        ensure(not wrong, "P1 P2", "forgotten at the start:", *wrong)

    def let_go(self, process: Process, places: Sequence[TopicPartition]) -> None:
        """The flood guard begins anew for a topic of which nothing is left."""
        for topic in {place.topic for place in places}:
            if not any(place.topic == topic for place in process.tenures):
                self._buried_in_a_row.pop((process, topic), None)

    def gave_up(self, tenure: Tenure, after_s: float) -> None:
        """An orderly revoke lands what is in flight, within a bound, and commits it."""
        landed = tenure.flying == 0 or after_s >= self.limits.drain_s
        ensure(landed, "P4 landed first", tenure.place, tenure.flying, "after", after_s)
        committed = tenure.uncommitted_since_s is None
        ensure(committed, "P4 committed first", tenure.place)

    # -- Always ----------------------------------------------------------------------------------

    def check(self) -> None:
        """After every step: no committed offset has an unsettled record below it. What is
        settled stays so, and logs grow at their ends: only a new commit can break it."""
        while self._moved:
            place = self._moved.pop()
            offset, low = self.committed[place], self.truth.low_water(place)
            ensure(offset <= low, "P1 P2", place, "is committed at", offset, "unsettled:", low)

    def _record_of(self, body: bytes) -> SimRecord:
        record = self.writer.by_body.get(body)
        ensure(record is not None, "P9 same bytes", body)
        assert record is not None
        return record
