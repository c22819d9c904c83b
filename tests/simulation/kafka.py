"""The broker: committed offsets with their metadata, and who owns which partition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from consumer.delivery.commit_memory import Identity, decode
from consumer.delivery.records import Offset, TopicPartition
from consumer.ports import Start
from tests.simulation.faults import Hazard
from tests.simulation.invariants import Invariants
from tests.simulation.ledger import Process
from tests.simulation.truth import Truth
from tests.simulation.world import World

SESSION_S: Final = 45.0


class Committed(NamedTuple):
    offset: Offset
    metadata: str


@dataclass(slots=True, eq=False)
class Broker:
    world: World
    truth: Truth
    invariants: Invariants
    processes: list[Process] = field(default_factory=list[Process])
    offsets: dict[TopicPartition, Committed] = field(
        default_factory=dict[TopicPartition, Committed]
    )
    owners: dict[TopicPartition, Process] = field(default_factory=dict[TopicPartition, Process])
    leaving: dict[Process, list[TopicPartition]] = field(
        default_factory=dict[Process, list[TopicPartition]]
    )
    """What each process is asked to give up at its next poll."""
    losing: dict[Process, list[TopicPartition]] = field(
        default_factory=dict[Process, list[TopicPartition]]
    )
    """What it will be told that it has lost."""
    _told_after_s: dict[Process, float] = field(default_factory=dict[Process, float])
    _told_at_s: dict[Process, float] = field(default_factory=dict[Process, float])
    _free_at_s: dict[TopicPartition, float] = field(default_factory=dict[TopicPartition, float])
    _before: dict[TopicPartition, Process] = field(default_factory=dict[TopicPartition, Process])

    # -- Offsets ---------------------------------------------------------------------------------

    def commit(self, process: Process, entries: Mapping[TopicPartition, Committed]) -> bool:
        """Refused from whoever is no member any more, as a generation would be."""
        if any(self.owners.get(place) is not process for place in entries):
            self.world.tell("Kafka", f"refuses a commit of {process}")
            return False
        for place, entry in entries.items():
            self.world.tell("Kafka", f"has {place} at {entry.offset} of {process}")
            self.offsets[place] = entry
            memory = decode(entry.metadata, identity(place), entry.offset)
            self.invariants.committed_at(place, entry.offset, memory)
        return True

    def start(self, place: TopicPartition) -> Start:
        first = self.truth.first_offset(place)
        committed = self.offsets.setdefault(place, Committed(Offset(first), ""))
        memory = decode(committed.metadata, identity(place), committed.offset)
        if memory.settled:
            self.world.plan.met(Hazard.MEMORY_USED)
        return Start(committed.offset, memory.settled)

    # -- The group -------------------------------------------------------------------------------

    def take_vacant(self, process: Process) -> Sequence[TopicPartition]:
        """Partitions that this member is given now."""
        alive = sum(other.alive for other in self.processes)
        vacant = [place for place in self.truth.logs if self._is_vacant(place)]
        taken = [p for p in vacant if alive == 1 or self.world.rng.random() < 0.5]
        for place in taken:
            before = self._before.get(place, process)
            met = Hazard.GIVEN_BACK if before is process else Hazard.GIVEN_TO_ANOTHER
            if place in self._before:
                self.world.plan.met(met)
            self.owners[place] = self._before[place] = process
        return taken

    def ask_back(self, process: Process, places: Sequence[TopicPartition]) -> None:
        """An orderly rebalance: the owner gives them up at its next poll."""
        self.leaving[process] = [p for p in places if self.owners.get(p) is process]

    def release(self, places: Sequence[TopicPartition], after_s: float) -> None:
        for place in places:
            self.owners.pop(place, None)
            self._free_at_s[place] = self.world.now_s + after_s

    def expel(self, process: Process) -> None:
        """The group forgets a member; it gets to know only at its next poll."""
        owned = [place for place, owner in self.owners.items() if owner is process]
        self.release(owned, 0.0)
        self.losing.setdefault(process, []).extend(owned)
        self._told_after_s[process] = self.world.rng.choice((0.0, 0.0, 0.5, 3.0))

    def lost_by(self, process: Process) -> Sequence[TopicPartition]:
        """What a member is told that it has lost: some time after its first poll since then,
        as its client has to learn it from a heartbeat that is refused."""
        if process not in self.losing:
            process.expired = False
            return ()
        now_s = self.world.now_s
        if now_s < self._told_at_s.setdefault(process, now_s + self._told_after_s[process]):
            return ()
        process.expired = False
        del self._told_at_s[process]
        return self.losing.pop(process)

    def died(self, process: Process) -> None:
        """A commit on its way may still arrive until the session of the dead has run out."""
        after_s = self.world.rng.choice((0.0, SESSION_S))
        for place, owner in self.owners.items():
            if owner is process:
                self._free_at_s[place] = self.world.now_s + after_s

    def check_sessions(self) -> None:
        for process in self.processes:
            polled_s = process.polled_s
            if not process.alive or process.expired or polled_s is None:
                continue
            if self.world.now_s - polled_s > SESSION_S:
                self.world.plan.met(Hazard.SESSION_EXPIRED)
                self.world.tell("Kafka", f"the session of {process} has run out")
                process.expired = True
                self.expel(process)

    def _is_vacant(self, place: TopicPartition) -> bool:
        owner = self.owners.get(place)
        if owner is not None and owner.alive:
            return False
        return self.world.now_s >= self._free_at_s.get(place, 0.0)


def identity(place: TopicPartition) -> Identity:
    return Identity("cluster", f"id-of-{place.topic}")
