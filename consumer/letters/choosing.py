"""Which letters a replay takes, parks or leaves. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from consumer.letters.letter import SCHEDULED, Kind, Spot
from consumer.letters.standing import NOWHERE, OriginKey, Place, Standing

MAX_REPLAYS: Final = 5
_WAITING: Final = frozenset({Standing.NEW, Standing.PARKED})


class Row(NamedTuple):
    """What is kept of a letter while all are looked at."""

    key: OriginKey
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
    retried: Place = NOWHERE
    """Where its record lies on the retry topic."""
    settled: bool = True
    """No record of it is on the way: the group has committed past the one on the retry topic."""


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
    # What is parked already stays so, and what came through when it was replayed is none to park.
    return Decision.PARK if row.standing is Standing.NEW else Decision.LEAVE


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
    """What a replay could take: with `--again` also what was replayed before, and of what SEEK
    has only where this very state is named."""
    if row.replay_count < row.newest or row.standing is Standing.PURGED:
        return False
    if states:
        return row.standing in states
    return row.standing is not Standing.ACCEPTED
