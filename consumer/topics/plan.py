"""The topics and rights that a deployment needs, from its names. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

DAY_MS: Final = 86_400_000
KEPT_DAYS: Final = 14
SOURCE_PARTITIONS: Final = 6
RETRY_PARTITIONS: Final = 3
STATE_PARTITIONS: Final = 3
KAFKA_S_LIMIT: Final = 1_048_588
"""`max.message.bytes` where nobody set it."""
HEADER_ROOM: Final = 65_536
"""For what a letter adds to its record: 3 KiB as a rule, two copies of a message of 1 KiB."""


class Kind(StrEnum):
    """Of a resource, in the words of `kafka-acls`."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional-id"


class Topic(NamedTuple):
    name: str
    partitions: int
    config: Mapping[str, str]
    why: str


class Grant(NamedTuple):
    kind: Kind
    name: str
    operations: tuple[str, ...]
    """In the words of `kafka-acls`: `Read`, `Write`, `Describe`, `Delete`, `DescribeConfigs`."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the settings say."""

    sources: Sequence[str]
    group: str
    dlq: str
    retry: str
    state: str
    transactional_id: str
    record_bytes_max: int

    @property
    def all(self) -> Sequence[str]:
        """Of all topics."""
        return (*self.sources, self.dlq, self.retry, self.state)


@dataclass(frozen=True, slots=True)
class Plan:
    topics: Sequence[Topic]
    """Ours first, then the sources."""
    sources: frozenset[str]
    service: Sequence[Grant]
    """For the user that `run` connects as: without any one of these it holds."""
    watching: Sequence[Grant]
    """For the same: without these it does not know how long until anything is lost."""
    operator: Sequence[Grant]
    """For those who look at dead letters, replay and purge them."""

    @property
    def of_service(self) -> Sequence[Grant]:
        return (*self.service, *self.watching)


def plan(names: Names, source_partitions: Mapping[str, int]) -> Plan:
    """`source_partitions`: of the sources that exist."""
    widest = max(source_partitions.values(), default=SOURCE_PARTITIONS)
    largest = max(KAFKA_S_LIMIT, names.record_bytes_max) + HEADER_ROOM
    kept = {
        "cleanup.policy": "delete",
        "retention.ms": str(KEPT_DAYS * DAY_MS),
        "max.message.bytes": str(largest),
    }
    ours = (
        Topic(names.dlq, widest, kept, "dead letters; they hold candidates' data, so they expire"),
        Topic(names.retry, RETRY_PARTITIONS, kept, "replayed letters, on their way to the service"),
        Topic(
            names.state,
            STATE_PARTITIONS,
            {"cleanup.policy": "compact"},
            "what has become of each letter; never change its number of partitions",
        ),
    )
    sources = tuple(
        Topic(name, source_partitions.get(name, SOURCE_PARTITIONS), {}, "your status changes")
        for name in names.sources
    )
    return Plan(
        (*ours, *sources),
        frozenset(names.sources),
        _to_serve(names),
        _to_watch(names),
        _of_operator(names),
    )


def _to_serve(names: Names) -> Sequence[Grant]:
    return (
        *(Grant(Kind.TOPIC, name, ("Read", "Describe")) for name in names.sources),
        Grant(Kind.TOPIC, names.retry, ("Read", "Describe")),
        Grant(Kind.TOPIC, names.dlq, ("Write", "Describe")),
        Grant(Kind.GROUP, names.group, ("Read", "Describe")),
    )


def _to_watch(names: Names) -> Sequence[Grant]:
    topics = (*names.sources, names.retry, names.dlq)
    return (
        *(Grant(Kind.TOPIC, name, ("DescribeConfigs",)) for name in topics),
        Grant(Kind.GROUP, names.dlq, ("Describe",)),
    )


def _of_operator(names: Names) -> Sequence[Grant]:
    return (
        *(Grant(Kind.TOPIC, name, ("Read", "Describe")) for name in names.sources),
        Grant(Kind.TOPIC, names.dlq, ("Read", "Describe", "DescribeConfigs", "Delete")),
        Grant(Kind.TOPIC, names.retry, ("Write", "Describe")),
        Grant(Kind.TOPIC, names.state, ("Read", "Write", "Describe")),
        Grant(Kind.GROUP, names.group, ("Describe",)),
        Grant(Kind.GROUP, names.dlq, ("Read", "Describe")),
        Grant(Kind.TRANSACTIONAL_ID, names.transactional_id, ("Write", "Describe")),
    )
