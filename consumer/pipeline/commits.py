"""Tells Kafka the low-water marks: asynchronously as we go, synchronously when we leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from consumer.delivery.lanes import Lane
from consumer.delivery.limits import Limits
from consumer.delivery.records import Offset, TopicPartition
from consumer.observed import CommitConfirmed, CommitRefused, Telemetry
from consumer.pipeline.partitions import Partitions
from consumer.ports import CommitAnswer, Mark, Source

PATIENCE_S: Final = 15.0
"""An asynchronous commit that was not answered for so long is taken for lost: the client's
socket timeout is 10 s."""


class _Sent(NamedTuple):
    lane: Lane
    mark: Offset
    settled: int
    """Of the lane, when the commit was sent."""
    beyond: int
    """Of these, past the mark and not carried in the metadata: a crash would repeat them."""

    @property
    def covered(self) -> int:
        """At least so many a crash would not repeat: gaps are among `beyond`, too."""
        return max(0, self.settled - self.beyond)


@dataclass(slots=True, eq=False)
class Commits:
    source: Source
    partitions: Partitions
    limits: Limits
    telemetry: Telemetry
    _sent: dict[TopicPartition, _Sent] = field(default_factory=dict[TopicPartition, _Sent])
    _sent_at_s: float = 0.0
    _settled_before: int = 0

    def turn(self, now_s: float) -> None:
        """Commit when it is time and the last commit was answered."""
        if not self._is_time(now_s):
            return
        lanes = [lane for lane in self.partitions.lanes.values() if worth_a_commit(lane)]
        self._sent_at_s = now_s
        self._settled_before = self.partitions.settled
        self._sent = {}
        if lanes:
            carried = self.source.commit({lane.place: _mark(lane) for lane in lanes})
            self._sent = {lane.place: _sent(lane, carried=lane.place in carried) for lane in lanes}

    def now(self, lanes: Iterable[Lane]) -> CommitAnswer:
        """Commit synchronously."""
        lanes = list(lanes)
        if not lanes:
            return CommitAnswer()
        answer = self.source.commit_now({lane.place: _mark(lane) for lane in lanes})
        taken = [lane for lane in lanes if lane.place in answer.taken]
        for lane in taken:  # Whether the metadata carried the rest is not told: assume not.
            lane.tracker.confirm_commit(lane.tracker.mark, _sent(lane, carried=False).covered)
        if taken:
            self.telemetry.note(CommitConfirmed(len(taken)))
        if answer.code is not None:
            self.telemetry.note(CommitRefused(answer.code))
        return answer

    def answered(self, offsets: Mapping[TopicPartition, Offset], error: str | None) -> None:
        """The broker's answer to the asynchronous commit."""
        if error is not None:
            self.telemetry.note(CommitRefused(error))
        confirmed = 0
        for place, offset in offsets.items():
            sent = self._sent.get(place)
            if sent is None or sent.lane.gone or sent.mark != offset:
                continue
            if offset >= sent.lane.tracker.committed:
                sent.lane.tracker.confirm_commit(offset, sent.covered)
                confirmed += 1
        self._sent = {}
        if confirmed:
            self.telemetry.note(CommitConfirmed(confirmed))

    def _is_time(self, now_s: float) -> bool:
        since_s = now_s - self._sent_at_s
        if self._sent and since_s < PATIENCE_S:
            return False
        enough = self.partitions.settled - self._settled_before >= self.limits.commit_after
        return enough or since_s >= self.limits.commit_every_s


def worth_a_commit(lane: Lane) -> bool:
    """The mark has moved, or more beyond it is settled than the broker remembers: a new owner
    would repeat that."""
    tracker = lane.tracker
    return tracker.exposed > 0 or tracker.mark > tracker.committed


def _mark(lane: Lane) -> Mark:
    tracker = lane.tracker
    return Mark(tracker.mark, tracker.position, tuple(tracker.unsettled()))


def _sent(lane: Lane, *, carried: bool) -> _Sent:
    tracker = lane.tracker
    return _Sent(lane, tracker.mark, tracker.settled, 0 if carried else tracker.beyond)
