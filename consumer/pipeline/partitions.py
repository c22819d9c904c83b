"""The partitions that are ours, what is pending on them, and which must wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Final

from consumer.delivery.lanes import Lane, Parcel
from consumer.delivery.limits import Limits
from consumer.delivery.records import Offset
from consumer.observed import PauseReason

RESERVED: Final = 0.5
"""Of the bounds in all: topics that stand still, of which SEEK refuses all or a schema is not to
be had, leave so much to the others, shared out evenly among all topics."""
_LANE: Final[Callable[[Parcel], Lane]] = attrgetter("lane")


@dataclass(slots=True, eq=False)
class Partitions:
    limits: Limits
    lanes: dict[tuple[str, int], Lane] = field(default_factory=dict[tuple[str, int], Lane])
    """By `TopicPartition`, or the plain tuple that equals it: one is made for each record."""
    settled: int = 0
    """Records settled since the start of the process."""
    _full: bool = False
    """Only topics that have less than their share of the reserve pending may bring more."""

    @property
    def pending(self) -> int:
        return sum(lane.tracker.pending for lane in self.lanes.values())

    @property
    def pending_bytes(self) -> int:
        return sum(lane.pending_bytes for lane in self.lanes.values())

    def of_topic(self, topic: str) -> list[Lane]:
        return [lane for lane in self.lanes.values() if lane.place.topic == topic]

    def settle(self, lane: Lane, offset: Offset, size: int) -> None:
        """Nothing happens for a lane that is gone: it is fenced (P4)."""
        if lane.gone:
            return
        lane.tracker.settle(offset)
        lane.pending_bytes -= size
        self.settled += 1

    def settle_all(self, parcels: Iterable[Parcel]) -> None:
        """Those of one lane usually come in a row."""
        for lane, row in groupby(parcels, _LANE):
            if not lane.gone:
                settled = list(row)
                lane.tracker.settle_all([parcel.offset for parcel in settled])
                lane.pending_bytes -= sum([parcel.size for parcel in settled])
                self.settled += len(settled)

    def drop(self, lane: Lane) -> None:
        """It is not ours any more: what is still pending will be read by its new owner."""
        lane.open, lane.gone = False, True
        lane.parked.clear()
        self.lanes.pop(lane.place, None)

    def invite(self) -> None:
        """Lanes that nothing but their own bounds keeps paused may bring one batch more, up to a
        share beyond these bounds (P5, P9). The bounds in all stay; but where they were hit, any
        room below them will do now."""
        self._full = False
        most = 1.0 + self.limits.sick.company_share
        for lane in self.lanes.values():
            own = lane.waits_for in (PauseReason.PENDING, PauseReason.EXPOSED)
            if lane.paused and own and not self._bound_hit(lane, most):
                lane.invited_to = lane.tracker.position + self.limits.batch_size

    def to_pause(self, held_topics: Collection[str], *, enough: bool) -> list[Lane]:
        """Lanes that must bring no more for now, and are not paused yet.

        `enough`: there is plenty to send and nothing may be sent.
        """
        self._full = self._is_full()
        going = [lane for lane in self.lanes.values() if not lane.paused]
        self._find_reasons(going, held_topics, 1.0, enough=enough)
        return [lane for lane in going if lane.waits_for]

    def to_resume(self, held_topics: Collection[str], *, enough: bool) -> list[Lane]:
        """Paused lanes that may go on: at half of a bound, so that it is not hit at once."""
        paused = [lane for lane in self.lanes.values() if lane.paused]
        self._find_reasons(paused, held_topics, 0.5, enough=enough)
        return [lane for lane in paused if not lane.waits_for]

    def _find_reasons(
        self, lanes: Iterable[Lane], held_topics: Collection[str], share: float, *, enough: bool
    ) -> None:
        crowded = self._crowded(share) if self._full else ()
        for lane in lanes:
            if enough:
                lane.waits_for = PauseReason.HOLD
            elif lane.place.topic in crowded:
                lane.waits_for = PauseReason.ALL_PENDING
            else:
                lane.waits_for = self._for_itself(lane, held_topics, share)

    def _is_full(self) -> bool:
        """What all topics hold beside the reserve, and what each has of it, is the bound in all."""
        share = 0.5 if self._full else 1.0
        share *= 1.0 - self._reserve_each() * (self._topics() - 1)
        limits = self.limits
        return (
            self.pending >= share * limits.pending_records
            or self.pending_bytes >= share * limits.pending_bytes
        )

    def _crowded(self, share: float) -> Collection[str]:
        """Topics with no room left in their share of the reserve."""
        records: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        for lane in self.lanes.values():
            records[lane.place.topic] += lane.tracker.pending
            sizes[lane.place.topic] += lane.pending_bytes
        each, limits = share * self._reserve_each(), self.limits
        return {
            topic
            for topic in records
            if records[topic] >= each * limits.pending_records
            or sizes[topic] >= each * limits.pending_bytes
        }

    def _reserve_each(self) -> float:
        return RESERVED / max(1, self._topics())

    def _topics(self) -> int:
        return len({lane.place.topic for lane in self.lanes.values()})

    def _for_itself(self, lane: Lane, held_topics: Collection[str], share: float) -> str:
        if lane.place.topic in held_topics:
            return PauseReason.TOPIC_HELD
        if lane.parked:
            return PauseReason.UNREAD
        if lane.tracker.position < lane.invited_to:
            return ""
        return self._bound_hit(lane, share)

    def _bound_hit(self, lane: Lane, share: float) -> str:
        limits = self.limits
        # One partition may fill as much of the bound on bytes as of the bound on records.
        of_all = limits.pending_per_partition / limits.pending_records
        if (
            lane.tracker.pending >= share * limits.pending_per_partition
            or lane.pending_bytes >= share * of_all * limits.pending_bytes
        ):
            return PauseReason.PENDING
        # All that was read past what a commit has confirmed: what is pending there may be
        # accepted, and what is accepted a crash would send again.
        if lane.tracker.position - lane.tracker.committed >= share * limits.exposed_per_partition:
            return PauseReason.EXPOSED
        return ""
