"""What one process sees of Kafka: the port `Source`, calling back as the real adapter does."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from consumer.delivery.commit_memory import decode, encode
from consumer.delivery.records import Offset, TopicPartition
from consumer.pipeline.commits import PATIENCE_S
from consumer.ports import Assignments, CommitAnswer, Fault, Mark, Polled
from tests.simulation.bounds import TAKE
from tests.simulation.faults import Hazard
from tests.simulation.invariants import Invariants
from tests.simulation.kafka import Broker, Committed, identity
from tests.simulation.ledger import Process
from tests.simulation.records import SimRecord
from tests.simulation.truth import Tenure
from tests.simulation.world import World

LONGEST_IDLE_S: Final = 5.0


class _Sent(NamedTuple):
    """An asynchronous commit on its way."""

    entries: dict[TopicPartition, Committed]
    tenures: dict[TopicPartition, Tenure]
    """Under which it was sent: the broker takes nothing of an earlier generation."""
    arrives: bool = True
    error: str | None = None
    refused: frozenset[TopicPartition] = frozenset()
    answer_after_s: float | None = 0.0
    """None: it is never answered."""


@dataclass(slots=True, eq=False)
class FakeSource:
    process: Process
    world: World
    broker: Broker
    invariants: Invariants
    metadata_bytes: int
    owner: Assignments | None = None
    paused: set[TopicPartition] = field(default_factory=set[TopicPartition])
    _next: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    """Index of the next record of each partition, in its log."""
    _told_end: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    _sent: deque[_Sent] = field(default_factory=deque[_Sent])
    """In order: one connection carries them."""
    _answers: list[tuple[dict[TopicPartition, Offset], str | None]] = field(
        default_factory=list[tuple[dict[TopicPartition, Offset], str | None]]
    )

    # -- Source ----------------------------------------------------------------------------------

    def poll(self, wait_s: float) -> Polled:
        self.process.polled_s = self.world.now_s
        self.world.step(self.process.name, f"poll {wait_s:g}")
        self._rebalance()
        self._answer_commits()
        records = self._fetch()
        if not records and wait_s:
            longest_s = 3 * LONGEST_IDLE_S if self.world.plan.calm else LONGEST_IDLE_S
            self.world.idle(wait_s, longest_s, lambda: bool(self._answers))
            records = self._fetch()
        ends = self._ends()
        self.world.step(self.process.name, f"polled {_told(records)}")
        return Polled(records, ends)

    def faults(self) -> Sequence[Fault]:
        if not self._away:
            return ()
        detail = "no broker answers"
        return [Fault(TopicPartition("", -1), "brokers_down", about_offsets=False, detail=detail)]

    def commit(self, marks: Mapping[TopicPartition, Mark]) -> Collection[TopicPartition]:
        self.world.step(self.process.name, f"commit {_marks(marks)}")
        entries, carried = self._entries(marks)
        sent = self._on_its_way(entries)
        self._sent.append(sent)
        self.process.doubtful = False
        self.process.unanswered_until_s = float("inf")
        if sent.answer_after_s is None:
            self.process.unanswered_until_s = self.world.now_s + PATIENCE_S + 0.2
        self.world.later(self.world.rng.uniform(0.001, 0.05), self._arrive)
        self.world.step(self.process.name, "commit sent")
        return carried

    def commit_now(self, marks: Mapping[TopicPartition, Mark]) -> CommitAnswer:
        self.world.step(self.process.name, f"commit now {_marks(marks)}")
        entries, _ = self._entries(marks)
        while self._sent:
            self._arrive()
        self.world.advance(0.01)
        plan = self.world.plan
        refused = self._away or plan.strikes(Hazard.COMMIT_NOW_REFUSED)
        taken = not refused and self.broker.commit(self.process, entries)
        if taken and plan.strikes(Hazard.COMMIT_NOW_UNANSWERED):
            self.world.advance(10.0)
            taken = False
        self.process.doubtful = not taken
        self.world.step(self.process.name, f"commit now: {taken}")
        return CommitAnswer(marks.keys()) if taken else CommitAnswer((), "REFUSED")

    def pause(self, partitions: Sequence[TopicPartition]) -> bool:
        self.world.step(self.process.name, f"pause {_places(partitions)}")
        self.paused.update(partitions)
        return True

    def resume(self, partitions: Sequence[TopicPartition]) -> bool:
        self.world.step(self.process.name, f"resume {_places(partitions)}")
        self.paused.difference_update(partitions)
        return True

    # -- Partitions come and go ------------------------------------------------------------------

    def _rebalance(self) -> None:
        process, broker = self.process, self.broker
        lost = [p for p in broker.lost_by(process) if p in process.tenures]
        if lost:
            self._end(lost)
            self.world.tell(process.name, f"loses {_places(lost)}")
            self._told.lost(lost)
        leaving = [p for p in broker.leaving.pop(process, []) if p in process.tenures]
        if leaving:
            self._give_up(leaving)
        if not self._away and process not in broker.losing:
            self._begin(broker.take_vacant(process))

    def _give_up(self, places: list[TopicPartition]) -> None:
        process = self.process
        self.world.tell(process.name, f"gives up {_places(places)}")
        for place in places:
            process.tenures[place].open = False
        process.may_idle = False
        began_s = self.world.now_s
        self._told.revoked(places)
        process.may_idle = True
        for place in places:
            self.invariants.gave_up(process.tenures[place], self.world.now_s - began_s)
        self._end(places)
        owned = [place for place in places if self.broker.owners.get(place) is process]
        self.broker.release(owned, self.world.rng.choice((0.0, 3.0)))

    def _begin(self, places: Sequence[TopicPartition]) -> None:
        if not places:
            return
        starts = {place: self.broker.start(place) for place in places}
        for place, start in starts.items():
            self.invariants.began(place, start)
            self.process.tenures[place] = Tenure(place, start)
            records = self.invariants.truth.logs[place].records
            self._next[place] = sum(record.number < start.offset for record in records)
            self._told_end[place] = -1
            self.paused.discard(place)
        self.world.tell(self.process.name, f"is given {_places(places)}")
        self._told.assigned(starts)

    def _end(self, places: Sequence[TopicPartition]) -> None:
        for place in places:
            tenure = self.process.tenures.pop(place)
            tenure.open, tenure.ended = False, True
        self.invariants.let_go(self.process, places)

    # -- Records ---------------------------------------------------------------------------------

    def _fetch(self) -> list[SimRecord]:
        if self._away:
            return []
        places = [place for place in self.process.tenures if place not in self.paused]
        self.world.rng.shuffle(places)
        taken: list[SimRecord] = []
        for place in places:
            first, log = self._next[place], self.invariants.truth.logs[place]
            some = log.records[first : first + TAKE - len(taken)]
            self._next[place] += len(some)
            taken += some
        self.invariants.truth.read.update(taken)
        return taken

    def _ends(self) -> list[tuple[TopicPartition, Offset]]:
        ends: list[tuple[TopicPartition, Offset]] = []
        for place in self.process.tenures:
            log = self.invariants.truth.logs[place]
            at_end = self._next[place] == len(log.records) and place not in self.paused
            if at_end and self._told_end[place] != log.end and not self._away:
                self._told_end[place] = log.end
                ends.append((place, Offset(log.end)))
        return ends

    # -- Commits ---------------------------------------------------------------------------------

    def _entries(
        self, marks: Mapping[TopicPartition, Mark]
    ) -> tuple[dict[TopicPartition, Committed], set[TopicPartition]]:
        self.invariants.commit_tried(self.process, marks)
        entries: dict[TopicPartition, Committed] = {}
        carried: set[TopicPartition] = set()
        for place, mark in marks.items():
            offset, position, unsettled = mark
            text, whole = encode(identity(place), offset, position, unsettled, self.metadata_bytes)
            memory = decode(text, identity(place), offset)
            self.invariants.claimed(place, memory)
            if whole:
                carried.add(place)
            if memory.settled or not whole:
                kept = Hazard.MEMORY_CARRIED if whole else Hazard.MEMORY_DROPPED
                self.world.plan.met(kept)
            entries[place] = Committed(offset, text)
        return entries, carried

    def _on_its_way(self, entries: dict[TopicPartition, Committed]) -> _Sent:
        plan, rng = self.world.plan, self.world.rng
        sent = _Sent(entries, {place: self.process.tenures[place] for place in entries})
        if self._away or plan.strikes(Hazard.COMMIT_UNANSWERED):
            arrives = not self._away and rng.random() < 0.5
            return sent._replace(arrives=arrives, answer_after_s=None)
        if plan.strikes(Hazard.COMMIT_REFUSED):
            return sent._replace(arrives=False, error="COORDINATOR_NOT_AVAILABLE")
        if plan.strikes(Hazard.COMMIT_PARTLY_REFUSED):
            some = frozenset(place for place in entries if rng.random() < 0.5)
            return sent._replace(error="UNKNOWN_TOPIC_OR_PART", refused=some)
        if plan.strikes(Hazard.COMMIT_ANSWERED_LATE):
            return sent._replace(answer_after_s=rng.uniform(0.5, 25.0))
        return sent

    def _arrive(self) -> None:
        """The oldest commit on its way reaches the broker, or is lost."""
        if not self._sent:
            return
        sent = self._sent.popleft()
        wanted = {p: entry for p, entry in sent.entries.items() if p not in sent.refused}
        taken = sent.arrives and self._is_current(sent) and self.broker.commit(self.process, wanted)
        if sent.answer_after_s is None:
            return
        offsets = {p: entry.offset for p, entry in wanted.items()} if taken else {}
        error = sent.error or (None if taken else "ILLEGAL_GENERATION")
        self.world.later(sent.answer_after_s, lambda: self._answers.append((offsets, error)))

    def _is_current(self, sent: _Sent) -> bool:
        """What a process sent before it died may arrive, or not."""
        if not self.process.alive:
            return self.world.rng.random() < 0.5
        tenures = self.process.tenures
        return all(tenures.get(place) is tenure for place, tenure in sent.tenures.items())

    def _answer_commits(self) -> None:
        answers, self._answers = self._answers, []
        for offsets, error in answers:
            self.process.unanswered_until_s = 0.0
            self.world.tell(self.process.name, f"commit answered: {error or 'taken'}")
            self._told.committed(offsets, error)

    @property
    def _away(self) -> bool:
        away = self.world.plan.is_on(Hazard.KAFKA_AWAY, self.world.now_s)
        if away:
            self.world.plan.met(Hazard.KAFKA_AWAY)
        return away

    @property
    def _told(self) -> Assignments:
        assert self.owner is not None, "wired by Machine"
        return self.owner


def _told(records: Sequence[SimRecord]) -> str:
    return " ".join(map(str, records)) or "nothing"


def _places(places: Sequence[TopicPartition]) -> str:
    return " ".join(map(str, places))


def _marks(marks: Mapping[TopicPartition, Mark]) -> str:
    return " ".join(f"{place}@{mark.offset}" for place, mark in marks.items())
