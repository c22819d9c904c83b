"""Which letters a replay takes, parks or leaves. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from consumer.letters.letter import SCHEDULED, Kind, Spot
from consumer.letters.standing import OriginKey, Standing

MAX_REPLAYS: Final = 5
_WAITING: Final = frozenset({Standing.NEW, Standing.PARKED})


class Row(NamedTuple):
    """What is kept of a letter while all are looked at."""

    key: OriginKey
    timestamp_ms: int
    """Of the original record."""
    replay_count: int
    newest: int
    """The highest count among the letters of this origin."""
    standing: Standing
    spot: Spot
    kind: Kind
    reason: str
    code: str
    stage: str
    attempts: int
    failed_at_ms: int
    is_pointer: bool
    size: int
    key_hash: int | None
    """Of the Kafka key; None without one."""


class Decision(StrEnum):
    REPLAY = "replay"
    PARK = "park"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Policy:
    max_replays: int = MAX_REPLAYS
    """Letters that were replayed so often are parked, but for the scheduled classes."""
    again: bool = False
    """Take those that were replayed and have not come back."""
    states: frozenset[Standing] = frozenset()
    """Only letters of these, where any is named."""


def decide(row: Row, policy: Policy) -> Decision:
    if not _may_go(row, policy):
        return Decision.LEAVE
    if row.replay_count < policy.max_replays or row.reason in SCHEDULED:
        return Decision.REPLAY
    return Decision.LEAVE if row.standing is Standing.PARKED else Decision.PARK


def _may_go(row: Row, policy: Policy) -> bool:
    if row.replay_count < row.newest:
        return False  # A later letter of the same record stands for it.
    if policy.states and row.standing not in policy.states:
        return False
    if row.standing is Standing.ACCEPTED:
        # SEEK has it: only who names this very state wants it there twice.
        return policy.again and bool(policy.states)
    return row.standing in _WAITING or (policy.again and row.standing is Standing.REPLAYED)


def may_be_purged(row: Row, states: frozenset[Standing]) -> bool:
    """Only what is still to be replayed needs a mark against it."""
    if row.replay_count < row.newest or row.standing not in _WAITING:
        return False
    return not states or row.standing in states
