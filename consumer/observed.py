"""What the pipeline tells whoever watches: occurrences as they happen, a snapshot now and then.

One sink (`Telemetry`) turns them into metrics and log lines, so that the pipeline
itself neither counts nor logs. Nothing here carries personal data (P11).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

from consumer.delivery.records import TopicPartition


class HoldReason(StrEnum):
    """Why nothing, or nothing of one topic, is sent for now (design 7). A closed set."""

    SEEK = "seek"
    AUTH = "auth"
    REGISTRY = "registry"
    DEAD_LETTERS = "dead_letters"
    KAFKA = "kafka"
    FLOOD = "flood"
    OFFSETS = "offsets"


class TookIn(NamedTuple):
    """Records taken from a topic in one poll."""

    topic: str
    records: int
    size_bytes: int


class SkippedRecords(NamedTuple):
    topic: str
    reason: str
    records: int


class Warned(NamedTuple):
    reason: str
    records: int


class RequestLanded(NamedTuple):
    """One request, or one that was not started, with what it came to."""

    outcome: str
    """accepted, validated, refused, throttled, unauthenticated, outage or not_started."""
    code: str
    """From a closed set: SEEK's known codes, `http_<status>`, a fault's name, or `other`."""
    signals: int
    seconds: float
    request_id: str
    batch_id: int
    isolating: bool


class SignalsAccepted(NamedTuple):
    type_code: str
    signals: int
    oldest_occurred_at_ms: int


class DeadLettered(NamedTuple):
    """The broker has confirmed a dead letter."""

    place: TopicPartition
    offset: int
    stage: str
    reason: str


class DeadLetterRefused(NamedTuple):
    """A dead letter could not be written; it will be tried again."""

    code: str


class CommitConfirmed(NamedTuple):
    partitions: int


class CommitRefused(NamedTuple):
    code: str


class Rebalanced(NamedTuple):
    event: str
    """`assigned`, `revoked` or `lost`."""
    partitions: tuple[TopicPartition, ...]


class Drained(NamedTuple):
    seconds: float
    in_time: bool


class HoldBegan(NamedTuple):
    reason: HoldReason
    topic: str | None
    detail: str
    """What to look at; never quotes a record."""


class HoldEnded(NamedTuple):
    reason: HoldReason
    topic: str | None
    seconds: float


Occurrence: TypeAlias = (
    TookIn
    | SkippedRecords
    | Warned
    | RequestLanded
    | SignalsAccepted
    | DeadLettered
    | DeadLetterRefused
    | CommitConfirmed
    | CommitRefused
    | Rebalanced
    | Drained
    | HoldBegan
    | HoldEnded
)


class Hold(NamedTuple):
    reason: HoldReason
    topic: str | None
    since_ms: int
    detail: str


class PartitionStatus(NamedTuple):
    place: TopicPartition
    position: int
    committed: int
    pending: int
    """Tracked, not yet settled."""
    exposed: int
    """Would be sent again after a crash now: in flight, or accepted and not remembered."""
    paused: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the loop, made by the loop thread, read by any."""

    turned_at_s: float
    """Monotonic time of the last turn."""
    member: bool
    """Has been given partitions, or told that there are none for it, by its group."""
    in_flight: int
    in_flight_limit: float
    pending_records: int
    pending_bytes: int
    partitions: tuple[PartitionStatus, ...]
    holds: tuple[Hold, ...]


class Telemetry(Protocol):
    def note(self, occurrence: Occurrence) -> None: ...
    def show(self, snapshot: Snapshot) -> None: ...
