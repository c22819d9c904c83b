"""What really happened to each record, as nobody but the simulation knows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeAlias

from consumer.delivery.records import Offset, TopicPartition
from consumer.ports import Start
from tests.simulation.records import CLASSES, SICK, SKIPS, Log, SimRecord

Charge: TypeAlias = tuple[str, str]
"""Stage and class that a dead letter may have."""


@dataclass(slots=True, eq=False)
class Tenure:
    """One assignment of a partition to a process, from `assigned` to `revoked` or `lost`."""

    place: TopicPartition
    start: Start
    open: bool = True
    """Requests may carry its records: until the source begins to take it away."""
    ended: bool = False
    """The process was told that it is not its own any more; or it is dead."""
    told_accepted: set[int] = field(default_factory=set[int])
    """Offsets of which the process knows that SEEK accepted them."""
    flying: int = 0
    """Requests with its records that have not landed."""
    uncommitted_since_s: float | None = None
    """When the process got to know of an acceptance that no commit of its has carried yet."""

    def is_new(self, offset: int) -> bool:
        """Nothing that the process was told says that it is settled."""
        start = self.start
        before = offset < start.offset or Offset(offset) in start.settled
        return not before and offset not in self.told_accepted


@dataclass(slots=True, eq=False)
class Truth:
    logs: dict[TopicPartition, Log]
    accepted: Counter[SimRecord] = field(default_factory=Counter[SimRecord])
    """How often SEEK has stored it."""
    letters: Counter[SimRecord] = field(default_factory=Counter[SimRecord])
    """How many dead letters of it the broker has."""
    letters_tried: Counter[SimRecord] = field(default_factory=Counter[SimRecord])
    charges: dict[SimRecord, set[Charge]] = field(default_factory=dict[SimRecord, set[Charge]])
    """What SEEK refused this very record for; for poison found earlier see `CLASSES`."""
    lone_failures: Counter[SimRecord] = field(default_factory=Counter[SimRecord])
    """Outage-shaped answers of SEEK to it alone."""
    first_failed_s: dict[SimRecord, float] = field(default_factory=dict[SimRecord, float])
    last_accepted: dict[tuple[TopicPartition, str], int] = field(
        default_factory=dict[tuple[TopicPartition, str], int]
    )
    """By partition and subject: the highest offset that SEEK has accepted."""
    read: Counter[SimRecord] = field(default_factory=Counter[SimRecord])
    refusals: int = 0
    """Refused requests of which a process was told."""
    _settled_up_to: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])

    def is_settled(self, record: SimRecord) -> bool:
        """The only three ways (P1)."""
        return record.nature in SKIPS or record in self.accepted or record in self.letters

    def first_offset(self, place: TopicPartition) -> int:
        log = self.logs[place]
        return log.records[0].number if log.records else log.end

    def low_water(self, place: TopicPartition) -> int:
        """The lowest offset of an unsettled record: no commit may pass it (P2)."""
        log = self.logs[place]
        index = self._first_unsettled(log)
        return log.records[index].number if index < len(log.records) else log.end

    def unsettled_among(self, place: TopicPartition, offsets: frozenset[Offset]) -> list[SimRecord]:
        if not offsets:
            return []
        return [
            record
            for record in self.logs[place].records
            if record.number in offsets and not self.is_settled(record)
        ]

    def everything(self) -> list[SimRecord]:
        return [record for log in self.logs.values() for record in log.records]

    def unsettled(self) -> list[SimRecord]:
        return [
            record
            for log in self.logs.values()
            for record in log.records[self._first_unsettled(log) :]
            if not self.is_settled(record)
        ]

    def may_be_buried_as(self, record: SimRecord) -> set[Charge]:
        charges = set(self.charges.get(record, ()))
        if record.nature in CLASSES and (record.nature in SICK or not _by_seek(record)):
            charges.add(CLASSES[record.nature])
        return charges

    def charge(self, record: SimRecord, reason: str) -> None:
        self.charges.setdefault(record, set()).add(("send", reason))

    def _first_unsettled(self, log: Log) -> int:
        """Only grows, since what is settled stays so: found from where it was last."""
        index = self._settled_up_to.get(log.place, 0)
        while index < len(log.records) and self.is_settled(log.records[index]):
            index += 1
        self._settled_up_to[log.place] = index
        return index


def _by_seek(record: SimRecord) -> bool:
    return CLASSES[record.nature][0] == "send"
