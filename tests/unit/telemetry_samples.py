"""One of each occurrence, and a snapshot of a service at work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from consumer.delivery.records import TopicPartition
from consumer.observed import (
    BatchAtFault,
    CommitConfirmed,
    CommitRefused,
    DeadLettered,
    DeadLetterRefused,
    Drained,
    Flood,
    Hold,
    HoldBegan,
    HoldChanged,
    HoldEnded,
    HoldReason,
    Occurrence,
    PartitionStatus,
    PauseReason,
    Rebalanced,
    RequestLanded,
    SignalsAccepted,
    SkippedRecords,
    Snapshot,
    TookIn,
    UnknownCode,
    Warned,
)

PLACE = TopicPartition("moves", 3)

ONE_OF_EACH: tuple[Occurrence, ...] = (
    TookIn("moves", 500, 140_000),
    SkippedRecords("moves", "not_from_seek", 12),
    Warned("future_time", 2),
    RequestLanded("accepted", "none", 100, 0.3, "request-1", 1, isolating=False),
    BatchAtFault("server_fault"),
    UnknownCode("other", "TEAPOT"),
    SignalsAccepted("ApplicationStatusUpdate", 90, 95_000),
    DeadLettered(PLACE, 17, "send", "bad_user_input", pointer=True),
    DeadLetterRefused("_MSG_TIMED_OUT"),
    CommitConfirmed(6),
    CommitRefused("ILLEGAL_GENERATION"),
    Rebalanced("assigned", (PLACE,)),
    Drained(1.5, in_time=True),
    HoldBegan(HoldReason.SEEK, None, "HTTP 503"),
    HoldChanged(HoldReason.KAFKA, None, "tls_failed: check the CA"),
    HoldEnded(HoldReason.SEEK, None, 12.5),
)


def snapshot(
    *, turned_at_s: float = 100.0, member: bool = True, holds: tuple[Hold, ...] = ()
) -> Snapshot:
    return Snapshot(
        turned_at_s=turned_at_s,
        member=member,
        in_flight=2,
        in_flight_limit=3.5,
        pending_records=700,
        pending_bytes=200_000,
        partitions=(
            PartitionStatus(
                PLACE, 1_000, 900, 880, 100, 40, paused=True, waits_for=PauseReason.EXPOSED
            ),
            PartitionStatus(TopicPartition("moves", 4), 50, 50, 50, 0, 0, paused=False),
        ),
        holds=holds,
        batch_size_limit=50,
        rate_limit_per_s=4.5,
        sick_records=2,
        partial_outage=True,
        hirers_apart=3,
        floods=(Flood("moves", "send", 12, 7),),
        in_flight_records=110,
        in_flight_bytes=33_000,
        throttled_s=4.5,
    )


@dataclass
class SomeTokens:
    """Satisfies `Tokens` of the metrics."""

    expires_at_ms: int | None = None
    refreshes: Mapping[str, int] = field(default_factory=lambda: {"fetched": 3, "refused": 0})


@dataclass(frozen=True)
class SomeSchemas:
    """Satisfies `Schemas` of the metrics."""

    at_hand: int = 4
    lookups: Mapping[str, int] = field(default_factory=lambda: {"found": 4, "away": 1})
