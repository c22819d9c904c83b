"""The partitions that are ours, what is pending on them, and which must wait."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from consumer.delivery.lanes import Lane, Parcel
from consumer.delivery.limits import Limits
from consumer.delivery.records import Offset


@dataclass(slots=True, eq=False)
class Partitions:
    limits: Limits
    lanes: dict[tuple[str, int], Lane] = field(default_factory=dict[tuple[str, int], Lane])
    """By `TopicPartition`, or the plain tuple that equals it: one is made for each record."""
    pending_bytes: int = 0
    settled: int = 0
    """Records settled since the start of the process."""
    _full: bool = False

    @property
    def pending(self) -> int:
        return sum(lane.tracker.pending for lane in self.lanes.values())

    def of_topic(self, topic: str) -> list[Lane]:
        return [lane for lane in self.lanes.values() if lane.place.topic == topic]

    def admit(self, lane: Lane, offset: Offset, size: int) -> None:
        lane.tracker.track(offset)
        lane.pending_bytes += size
        self.pending_bytes += size

    def settle(self, lane: Lane, offset: Offset, size: int) -> None:
        """Nothing happens for a lane that is gone: it is fenced (P4)."""
        if lane.gone:
            return
        lane.tracker.settle(offset)
        lane.pending_bytes -= size
        self.pending_bytes -= size
        self.settled += 1

    def settle_all(self, parcels: Iterable[Parcel]) -> None:
        for parcel in parcels:
            self.settle(parcel.lane, parcel.offset, parcel.size)

    def drop(self, lane: Lane) -> None:
        """It is not ours any more: what is still pending will be read by its new owner."""
        lane.open, lane.gone = False, True
        self.pending_bytes -= lane.pending_bytes
        lane.parked.clear()
        self.lanes.pop(lane.place, None)

    def to_pause(self, held_topics: Collection[str], *, enough: bool) -> list[Lane]:
        """Lanes that must bring no more for now, and are not paused yet.

        `enough`: there is plenty to send and nothing may be sent.
        """
        self._full = self._is_full()
        all_wait = self._full or enough
        return [
            lane
            for lane in self.lanes.values()
            if not lane.paused and (all_wait or self._must_wait(lane, held_topics, share=1.0))
        ]

    def to_resume(self, held_topics: Collection[str], *, enough: bool) -> list[Lane]:
        """Paused lanes that may go on: at half of a bound, so that it is not hit at once."""
        if self._full or enough:
            return []
        return [
            lane
            for lane in self.lanes.values()
            if lane.paused and not self._must_wait(lane, held_topics, share=0.5)
        ]

    def _is_full(self) -> bool:
        share = 0.5 if self._full else 1.0
        limits = self.limits
        return (
            self.pending >= share * limits.pending_records
            or self.pending_bytes >= share * limits.pending_bytes
        )

    def _must_wait(self, lane: Lane, held_topics: Collection[str], share: float) -> bool:
        limits = self.limits
        # One partition may fill as much of the bound on bytes as of the bound on records.
        of_all = limits.pending_per_partition / limits.pending_records
        return (
            bool(lane.parked)
            or lane.tracker.pending >= share * limits.pending_per_partition
            or lane.pending_bytes >= share * of_all * limits.pending_bytes
            or lane.tracker.beyond >= share * limits.exposed_per_partition
            or lane.place.topic in held_topics
        )
