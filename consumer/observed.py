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


class PauseReason(StrEnum):
    """Why a partition brings no more records for now. A closed set."""

    HOLD = "hold"
    """Nothing may be sent, and there is plenty to try it with."""
    ALL_PENDING = "all_pending"
    """The bounds on records or bytes pending in all."""
    TOPIC_HELD = "topic_held"
    """The flood guard holds its topic."""
    UNREAD = "unread"
    """Records of it wait to be read: for their schema, or for the end of a flood."""
    PENDING = "pending"
    """The partition's own bound on pending records or bytes."""
    EXPOSED = "exposed"
    """The partition's own bound on what a crash would send again."""


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
    """From a closed set: SEEK's known codes, `http_<status>` of an error, or a fault's name."""
    signals: int
    seconds: float
    request_id: str
    batch_id: int
    isolating: bool
    trace_id: str = ""
    """Empty: not traced."""


class BatchAtFault(NamedTuple):
    """A batch failed while others were accepted: the fault is its own, SEEK is well."""

    fault: str
    """A fault's name, or `unauthenticated`."""


class UnknownCode(NamedTuple):
    """SEEK answered with a code that the service does not know."""

    code: str
    """From a closed set: `http_<status>` or `other`."""
    said: str
    """The code itself where it has the form of one; for logs."""


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
    pointer: bool = False
    """It was too large for its topic, so it is without the value, which is at the origin only."""


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


class HoldChanged(NamedTuple):
    """A hold goes on for a reason that was not told of it yet."""

    reason: HoldReason
    topic: str | None
    detail: str


class HoldEnded(NamedTuple):
    reason: HoldReason
    topic: str | None
    seconds: float


Occurrence: TypeAlias = (
    TookIn
    | SkippedRecords
    | Warned
    | RequestLanded
    | BatchAtFault
    | UnknownCode
    | SignalsAccepted
    | DeadLettered
    | DeadLetterRefused
    | CommitConfirmed
    | CommitRefused
    | Rebalanced
    | Drained
    | HoldBegan
    | HoldChanged
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
    mark: int
    """The first record that is not settled, or the next one."""
    committed: int
    pending: int
    """Tracked, not yet settled."""
    exposed: int
    """Would be sent again after a crash now: in flight, or accepted and not remembered."""
    paused: bool
    waits_for: str = ""
    """A `PauseReason` while it is paused."""
    oldest_at_ms: int | None = None
    """When Kafka took the oldest record that is read and not settled; None: there is none."""


class Standing(NamedTuple):
    """A partition whose committed offset does not move though there is more to read."""

    place: TopicPartition
    seconds: float
    waits_for: str
    """A `PauseReason` while it is paused; empty when it is not."""


class Flood(NamedTuple):
    """The flood guard holds a topic, since nearly all of it is refused at this stage."""

    topic: str
    stage: str
    held: int
    """Records that were read and are neither accepted nor buried for that."""
    probes: int
    """Records tried since it began; none passed."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the loop, made by the loop thread, read by any."""

    turned_at_s: float
    """Monotonic time of the last turn."""
    member: bool
    """Its group has given it partitions, or said that there are none, and not let it go since."""
    in_flight: int
    in_flight_limit: float
    pending_records: int
    pending_bytes: int
    partitions: tuple[PartitionStatus, ...]
    holds: tuple[Hold, ...]
    batch_size_limit: int = 0
    """Signals that a request may carry now."""
    rate_limit_per_s: float | None = None
    """Requests a second; None: not limited."""
    sick_records: int = 0
    """Records that fail again and again while others are accepted."""
    partial_outage: bool = False
    """So many of them that none is buried."""
    hirers_apart: int = 0
    """Hirers whose signals travel apart, since SEEK forbids them."""
    floods: tuple[Flood, ...] = ()
    in_flight_records: int = 0
    in_flight_bytes: int = 0
    throttled_s: float = 0.0
    """Since the start: how long throttling stopped all requests."""


class Telemetry(Protocol):
    def note(self, occurrence: Occurrence) -> None: ...
    def show(self, snapshot: Snapshot) -> None: ...
