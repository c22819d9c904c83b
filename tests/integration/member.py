"""A member of a group as a process: what is done to it, and what it owned, and when."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any, NamedTuple, cast

from consumer.delivery.records import TopicPartition
from consumer.errors import ExitCode
from tests.faults.oracle.fence import FREEZE
from tests.faults.oracle.timeline import TimelineLog
from tests.faults.service import ServiceProcess

SESSION_S = 6.0
"""Of both protocols: `Scene.environment`, and the test broker for KIP-848."""
LEASE_S = 5.0


class Turn(NamedTuple):
    """A line of a member's log about its partitions."""

    at_ms: float
    event: str
    """`assigned`, `revoked` or `lost`."""
    places: frozenset[TopicPartition]


class Stay(NamedTuple):
    """For how long a member owned a partition, by its own log."""

    place: TopicPartition
    from_ms: float
    to_ms: float


@dataclass(slots=True)
class Member:
    name: str
    process: ServiceProcess
    timeline: TimelineLog
    stopped_ms: float = inf
    """When it was killed, or last frozen: what it accepted shortly before may come again."""
    freezes: list[tuple[float, float]] = field(default_factory=list)
    """From and to, in milliseconds of the wall clock."""
    may_be_gone: bool = False
    _freeze: int = 0

    @property
    def session(self) -> str:
        """The `X-Session-Id` of its requests; empty until it has said it."""
        said = (line["session_id"] for line in self._log() if line["event"] == "service started")
        return str(next(said, ""))

    def leave(self) -> None:
        self.may_be_gone = True
        assert self.process.terminate() == ExitCode.OK

    def kill(self) -> None:
        self.may_be_gone = True
        self.timeline.begin("consumer.kill", self.name, monotonic_ms())
        self.process.kill()
        self.stopped_ms = now_ms()

    def freeze(self) -> None:
        self._freeze = self.timeline.begin(FREEZE, self.name, monotonic_ms())
        self.process.freeze()
        self.stopped_ms = now_ms()
        self.freezes.append((self.stopped_ms, inf))

    def thaw(self) -> None:
        self.freezes[-1] = (self.freezes[-1][0], now_ms())
        self.process.thaw()
        self.timeline.end(self._freeze, monotonic_ms())

    def turns(self) -> list[Turn]:
        """Those with partitions: a rebalance that moves none says so, too."""
        return [
            Turn(
                wall_ms(line["timestamp"]), line["event"].removeprefix("partitions "), _places(line)
            )
            for line in self._log()
            if line["event"].startswith("partitions ") and line["partitions"]
        ]

    @property
    def owns(self) -> set[TopicPartition]:
        owned: set[TopicPartition] = set()
        for turn in self.turns():
            owned = owned | turn.places if turn.event == "assigned" else owned - turn.places
        return owned

    def stays(self) -> Iterator[Stay]:
        """What it may have sent for: a partition that it lost counts as its own for a lease,
        from the beginning of the freeze if it was frozen."""
        since: dict[TopicPartition, float] = {}
        for turn in self.turns():
            for place in turn.places:
                if turn.event == "assigned":
                    since[place] = turn.at_ms
                elif place in since:
                    to_ms = turn.at_ms
                    if turn.event == "lost":
                        to_ms = self._frozen_before(to_ms) + LEASE_S * 1000
                    yield Stay(place, since.pop(place), to_ms)
        for place, from_ms in since.items():
            yield Stay(place, from_ms, inf)

    def _log(self) -> Iterator[dict[str, Any]]:
        whole_lines = self.process.said().split("\n")[:-1]
        return (json.loads(line) for line in whole_lines if line.startswith("{"))

    def _frozen_before(self, at_ms: float) -> float:
        """The beginning of the freeze in which the session ran out, else the time itself."""
        froze_ms, thawed_ms = self.freezes[-1] if self.freezes else (inf, inf)
        woke_lately = thawed_ms <= at_ms and thawed_ms - froze_ms >= SESSION_S * 1000
        return froze_ms if woke_lately else at_ms


def monotonic_ms() -> float:
    return time.monotonic() * 1000


def now_ms() -> float:
    return time.time() * 1000


def _places(line: Mapping[str, object]) -> frozenset[TopicPartition]:
    named = (place.rpartition("/") for place in cast("list[str]", line["partitions"]))
    return frozenset(TopicPartition(topic, int(partition)) for topic, _, partition in named)


def wall_ms(time_: str) -> float:
    return datetime.fromisoformat(time_).timestamp() * 1000
