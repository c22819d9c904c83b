"""Topics and rights as they are, judged by what the service needs of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from consumer.preflight.findings import Finding, fault, ok, warning
from consumer.topics.plan import DAY_MS, HEADER_ROOM, KAFKA_S_LIMIT, Kind, Names, Plan, plan

_CREATE: Final = "create it: seek-signals topics --create, or --as commands"
_LONGEST_DAYS: Final = 30
"""Dead letters hold candidates' data."""
_SHORTEST_DAYS: Final = 3
"""A weekend, and somebody to look on Monday."""

_BATCH_ROOM: Final = KAFKA_S_LIMIT - 1_048_576
"""Of `max.message.bytes`, which counts the batch around a record: Kafka's default is for 1 MiB."""


@dataclass(frozen=True, slots=True)
class TopicFacts:
    partitions: int
    config: Mapping[str, str] | None = None
    """None: this user may not see it."""
    allowed: frozenset[str] | None = None
    """Operations as `Read`, `Write`; None: the brokers do not tell."""


@dataclass(frozen=True, slots=True)
class Facts:
    topics: Mapping[str, TopicFacts]
    """Those that exist and may be seen."""
    group_allowed: frozenset[str] | None = None
    """None: the brokers do not tell, as of a group that nobody has used yet."""


def judged(names: Names, facts: Facts) -> Iterator[Finding]:
    sizes = {name: facts.topics[name].partitions for name in names.sources if name in facts.topics}
    planned = plan(names, sizes)
    for name in names.sources:
        yield from _source(name, facts.topics.get(name), names.record_bytes_max)
    yield from _letters(names, planned, facts.topics.get(names.dlq))
    yield from _retry(names, planned, facts.topics.get(names.retry))
    yield from _state(names, facts.topics.get(names.state))
    yield from _rights(planned, facts)


def _source(name: str, topic: TopicFacts | None, record_bytes_max: int) -> Iterator[Finding]:
    about = f"topic {name}"
    if topic is None:
        take_out = "create it, grant Describe, or take it out of SEEK_SIGNALS_…_TOPICS"
        yield fault(about, "does not exist, or this user may not see it", take_out)
        return
    yield ok(about, f"{topic.partitions} partitions")
    yield from _unseen(about, topic)
    config = topic.config or {}
    if "compact" in config.get("cleanup.policy", ""):
        yield warning(
            about,
            "is compacted: states that are followed by another before they are read are lost",
            "set cleanup.policy=delete",
        )
    yield from _short_retention(about, config)
    most = _most_bytes(config)
    if most > record_bytes_max + _BATCH_ROOM:
        yield warning(
            about,
            f"takes records of {most} bytes: those above {record_bytes_max} become dead letters",
            "raise SEEK_SIGNALS_RECORD_BYTES_MAX, or lower max.message.bytes",
        )


def _short_retention(about: str, config: Mapping[str, str]) -> Iterator[Finding]:
    days = _days(config)
    if days is not None and days < _SHORTEST_DAYS:
        yield warning(
            about,
            f"keeps records for {days:.1f} days: a longer outage loses them",
            f"set retention.ms to at least {_SHORTEST_DAYS * DAY_MS}",
        )


def _letters(names: Names, planned: Plan, topic: TopicFacts | None) -> Iterator[Finding]:
    about = f"topic {names.dlq}"
    if topic is None:
        yield fault(about, "does not exist: a record that cannot be sent stops all else", _CREATE)
        return
    yield ok(about, f"{topic.partitions} partitions, for dead letters")
    yield from _letters_kept(about, topic)
    too_small = "the largest records are kept without their value"
    yield from _too_small(names.dlq, names, planned, topic, too_small)


def _retry(names: Names, planned: Plan, topic: TopicFacts | None) -> Iterator[Finding]:
    about = f"topic {names.retry}"
    if topic is None:
        yield fault(about, "does not exist: the service subscribes to it, too", _CREATE)
        return
    yield ok(about, f"{topic.partitions} partitions, for replayed letters")
    yield from _letters_kept(about, topic)
    too_small = "the largest letters cannot be replayed"
    yield from _too_small(names.retry, names, planned, topic, too_small)


def _letters_kept(about: str, topic: TopicFacts) -> Iterator[Finding]:
    """Neither too short nor too long, and each of them."""
    yield from _unseen(about, topic)
    config = topic.config or {}
    if "compact" in config.get("cleanup.policy", ""):
        why = "is compacted: letters of one key replace each other"
        yield fault(about, why, "set cleanup.policy=delete")
    yield from _short_retention(about, config)
    days = _days(config)
    if topic.config is not None and (days is None or days > _LONGEST_DAYS):
        kept = "for ever" if days is None else f"for {days:.0f} days"
        yield warning(
            about,
            f"keeps candidates' data {kept}",
            f"set retention.ms to at most {_LONGEST_DAYS * DAY_MS}, or note why it is needed",
        )


def _too_small(
    name: str, names: Names, planned: Plan, topic: TopicFacts, so: str
) -> Iterator[Finding]:
    most = _most_bytes(topic.config or {})
    if most and most < names.record_bytes_max + HEADER_ROOM:
        wanted = next(t for t in planned.topics if t.name == name).config["max.message.bytes"]
        said = f"takes {most} bytes a letter: {so}"
        yield warning(f"topic {name}", said, f"set max.message.bytes={wanted}")


def _state(names: Names, topic: TopicFacts | None) -> Iterator[Finding]:
    about = f"topic {names.state}"
    if topic is None:
        yield warning(about, "does not exist: dead letters cannot be replayed", _CREATE)
    elif topic.config is not None and topic.config.get("cleanup.policy") != "compact":
        why = "is not compacted: what became of letters is forgotten"
        yield fault(about, why, "set cleanup.policy=compact")
    else:
        yield ok(about, f"{topic.partitions} partitions, for what became of letters")


def _rights(planned: Plan, facts: Facts) -> Iterator[Finding]:
    missing, untold = list[Finding](), list[str]()
    for kind, name, operations in planned.service:
        if kind is Kind.TOPIC and name not in facts.topics:
            continue  # Said already.
        allowed = facts.group_allowed if kind is Kind.GROUP else facts.topics[name].allowed
        if allowed is None:
            untold.append(f"the {kind} {name}")
            continue
        for each in operations:
            if each not in allowed:
                do = f"grant {each} on the {kind} {name} to this service's user"
                missing.append(fault("rights", f"{each} on the {kind} {name} is missing", do))
    yield from missing
    if not missing:
        yield ok("rights", f"granted{_except(untold)}")


def _except(untold: Sequence[str]) -> str:
    if not untold:
        return ", all that the service needs of Kafka"
    return f", where the brokers tell; not told (a group that is new?): {', '.join(untold)}"


def _unseen(about: str, topic: TopicFacts) -> Iterator[Finding]:
    if topic.config is None:
        do = "grant DescribeConfigs, or compare with seek-signals topics"
        yield warning(about, "its settings may not be seen, so they are not checked", do)


def _days(config: Mapping[str, str]) -> float | None:
    """How long records are kept; None: for ever, or not known."""
    kept_ms = int(config.get("retention.ms", "-1"))
    return None if kept_ms < 0 else kept_ms / DAY_MS


def _most_bytes(config: Mapping[str, str]) -> int:
    """A batch may have; 0: not known."""
    return int(config.get("max.message.bytes", "0"))
