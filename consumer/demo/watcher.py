"""Counts what the consumer tells while it runs, for the live view and the balance sheet."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from consumer.delivery.records import TopicPartition
from consumer.observed import (
    DeadLettered,
    Hold,
    Occurrence,
    RequestLanded,
    SignalsAccepted,
    SkippedRecords,
    Snapshot,
    TookIn,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was told so far."""

    taken_in: int = 0
    accepted: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict[str, int])
    buried: frozenset[tuple[TopicPartition, int]] = frozenset()
    requests: Mapping[str, int] = field(default_factory=dict[str, int])
    """By outcome."""
    member: bool = False
    in_flight: int = 0
    in_flight_limit: float = 0.0
    pending: int = 0
    committed: Mapping[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    """What the broker has confirmed, as of the last snapshot."""
    holds: tuple[Hold, ...] = ()

    @property
    def settled(self) -> int:
        return self.accepted + sum(self.skipped.values()) + len(self.buried)


class Watcher:
    """Implements the port `Telemetry`: told on the loop thread, asked on any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken_in = 0
        self._accepted = 0
        self._skipped: Counter[str] = Counter()
        self._buried: set[tuple[TopicPartition, int]] = set()
        self._requests: Counter[str] = Counter()
        self._snapshot: Snapshot | None = None

    def note(self, occurrence: Occurrence) -> None:
        with self._lock:
            match occurrence:
                case TookIn():
                    self._taken_in += occurrence.records
                case SignalsAccepted():
                    self._accepted += occurrence.signals
                case SkippedRecords():
                    self._skipped[occurrence.reason] += occurrence.records
                case DeadLettered():
                    self._buried.add((occurrence.place, occurrence.offset))
                case RequestLanded():
                    self._requests[occurrence.outcome] += 1
                case _:
                    pass

    def show(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._snapshot = snapshot

    def seen(self) -> Seen:
        with self._lock:
            now = self._snapshot
            counted = Seen(
                taken_in=self._taken_in,
                accepted=self._accepted,
                skipped=dict(self._skipped),
                buried=frozenset(self._buried),
                requests=dict(self._requests),
            )
        return counted if now is None else _with_snapshot(counted, now)


def _with_snapshot(counted: Seen, now: Snapshot) -> Seen:
    return replace(
        counted,
        member=now.member,
        in_flight=now.in_flight,
        in_flight_limit=now.in_flight_limit,
        pending=now.pending_records,
        committed={each.place: each.committed for each in now.partitions},
        holds=now.holds,
    )
