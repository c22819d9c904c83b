"""When the broker would delete what is not settled yet. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from consumer.delivery.records import Offset, TopicPartition

SPEED_OVER_S: Final = 600.0
"""The broker looks each five minutes what to delete: a speed is taken over so long, at least."""
MOVES: Final = 5
"""Of a log's start, over which its speed is taken."""


STALE_AFTER_S: Final = 120.0
"""An extent that could not be had anew for several surveys says nothing about now."""


class Extent(NamedTuple):
    """Of one partition's log."""

    start: Offset
    end: Offset
    """The offset that the next record will have: transaction markers count."""
    seen_at_s: float
    """Monotonic."""

    def is_stale(self, now_s: float) -> bool:
        return now_s - self.seen_at_s > STALE_AFTER_S


class Retention(NamedTuple):
    """None: not limited by that."""

    ms: int | None
    size_bytes: int | None


class OldestOpen(NamedTuple):
    """The record of a partition that has waited longest: for us, or a dead letter for somebody."""

    offset: Offset
    """It, or the next record that is there. At the log's end: nobody is waited for."""
    at_ms: int | None
    """By Kafka's timestamp; None where it has none."""


@dataclass(frozen=True, slots=True)
class Logs:
    """What the last survey of the logs saw. What never could be had is missing."""

    extents: Mapping[TopicPartition, Extent] = field(default_factory=dict[TopicPartition, Extent])
    retentions: Mapping[str, Retention] = field(default_factory=dict[str, Retention])
    """By topic."""
    letters: Mapping[TopicPartition, OldestOpen | None] = field(
        default_factory=dict[TopicPartition, "OldestOpen | None"]
    )
    """Of the dead-letter topic; None: it could not be had."""
    unread: Mapping[TopicPartition, OldestOpen] = field(
        default_factory=dict[TopicPartition, OldestOpen]
    )
    """Of partitions of which nothing was read that waits."""
    seen_whole_at_s: float | None = None
    """When all that matters was last seen, monotonic; None: never yet."""


def time_to_loss_s(
    retention: Retention | None,
    oldest_age_s: float | None,
    ahead: int,
    start_speed: float | None,
) -> float:
    """Seconds until the oldest unsettled record may be deleted; infinite when it is safe, NaN
    when that cannot be known, not below 0.

    `oldest_age_s`: of that record by its timestamp in Kafka; None when it is not known.
    `ahead`: records from the log's start to it. `start_speed`: records a second that the
    log's start has moved; None when it was not watched for long enough.
    """
    if retention is None:
        return math.nan
    limits = [math.inf]
    if retention.ms is not None:
        limits.append(math.nan if oldest_age_s is None else retention.ms / 1000 - oldest_age_s)
    if retention.size_bytes is not None:
        limits.append(_by_size_s(ahead, start_speed))
    if any(math.isnan(limit) for limit in limits):
        return math.nan
    return max(0.0, min(limits))


def _by_size_s(ahead: int, start_speed: float | None) -> float:
    if start_speed is None:
        return math.nan
    return ahead / start_speed if start_speed > 0 else math.inf


@dataclass(slots=True)
class StartSpeed:
    """How fast one log's start moves, in records a second.

    The broker deletes whole segments, so a start stands still for long and then jumps: the speed
    is that of its last moves, and falls once it stands for longer than they took.
    """

    _moves: deque[Extent] = field(default_factory=deque[Extent])
    """The first sight, and each at which the start had moved."""
    _seen_at_s: float = 0.0

    def see(self, extent: Extent) -> None:
        moves = self._moves
        if moves and extent.start < moves[-1].start:  # A log made anew begins at 0.
            moves.clear()
        if not moves or extent.start > moves[-1].start:
            moves.append(extent)
        self._seen_at_s = extent.seen_at_s
        while len(moves) > MOVES and self._seen_at_s - moves[1].seen_at_s >= SPEED_OVER_S:
            moves.popleft()

    @property
    def per_s(self) -> float | None:
        """At least as much as it is; None until it was watched for long enough."""
        if not self._moves or self._seen_at_s - self._moves[0].seen_at_s < SPEED_OVER_S:
            return None
        first, last = self._moves[0], self._moves[-1]
        took_s = max(last.seen_at_s - first.seen_at_s, self._seen_at_s - last.seen_at_s)
        return (last.start - first.start) / took_s


@dataclass(slots=True)
class Standstill:
    """Since when a partition's mark has not moved although there is more behind it."""

    _mark: int = -1
    _since_s: float | None = None

    def see(self, mark: int, end: int, now_s: float) -> None:
        if mark >= end:
            self._since_s = None
        elif mark != self._mark or self._since_s is None:
            self._since_s = now_s
        self._mark = mark

    def seconds(self, now_s: float) -> float:
        """0 while it moves, or has nothing to move to."""
        return 0.0 if self._since_s is None else now_s - self._since_s
