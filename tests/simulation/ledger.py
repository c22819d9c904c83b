"""What the simulation keeps about one process: whether it lives, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass, field

from consumer.delivery.records import TopicPartition
from tests.simulation.truth import Tenure


@dataclass(slots=True, eq=False)
class Process:
    name: str
    alive: bool = True
    polled_s: float | None = None
    """When its loop last called `poll`."""
    may_idle: bool = True
    """False while a partition is taken away: that has a bound, so no wait may be longer."""
    expired: bool = False
    """Its session ran out: the group has forgotten it, and it does not know yet."""
    tenures: dict[TopicPartition, Tenure] = field(default_factory=dict[TopicPartition, Tenure])
    """Partitions that it was given and has not been told to have lost."""
    doubtful: bool = False
    """Its last synchronous commit was refused: it may not be a member any more."""
    unanswered_until_s: float = 0.0
    """A commit of its waits for an answer."""

    def __str__(self) -> str:
        return self.name
