"""Which process owned which partition, and from when to when, by what each has said of itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from math import inf
from typing import Final, NamedTuple

from consumer.delivery.records import TopicPartition

ASSIGNED: Final = "assigned"


class Stay(NamedTuple):
    session: str
    from_ms: float
    to_ms: float = inf
    """When it said that the partition was gone; a process that was killed says nothing."""

    def has(self, at_ms: float) -> bool:
        return self.from_ms <= at_ms <= self.to_ms


@dataclass(slots=True)
class Moves:
    """What the processes say is told in the order of their own time, each one's for itself."""

    _stays: dict[TopicPartition, list[Stay]] = field(
        default_factory=dict[TopicPartition, list[Stay]]
    )
    _firsts: dict[str, float] = field(default_factory=dict[str, float])

    def told(
        self, session: str, event: str, places: Iterable[TopicPartition], at_ms: float
    ) -> None:
        """`event`: assigned, revoked or lost."""
        self._firsts.setdefault(session, at_ms)
        for place in places:
            stays = self._stays.setdefault(place, [])
            if event == ASSIGNED:
                stays.append(Stay(session, at_ms))
                continue
            for number, stay in enumerate(stays):
                if stay.session == session and stay.to_ms == inf:
                    stays[number] = stay._replace(to_ms=at_ms)

    def first_ms(self, session: str) -> float:
        """When the process got its first partitions; never before."""
        return self._firsts.get(session, -inf)

    def stays(self, place: TopicPartition, session: str | None = None) -> list[Stay]:
        """`session` None: of all."""
        return [stay for stay in self._stays.get(place, ()) if session in (None, stay.session)]

    def hand_overs(self, place: TopicPartition, before: str, again: str) -> Iterator[float]:
        """When the partition went from a process, or came to the one that had it afterwards."""
        yield from (stay.to_ms for stay in self.stays(place, before) if stay.to_ms < inf)
        if again != before:
            yield from (stay.from_ms for stay in self.stays(place, again))

    def gone_since(self, place: TopicPartition, session: str, at_ms: float) -> float:
        """Since when the process had known by then that the partition was not its own; infinity
        when it may have taken it for its own, or nothing is known of it."""
        stays = sorted(self.stays(place, session), key=lambda stay: stay.from_ms)
        begun = list(takewhile(lambda stay: stay.from_ms <= at_ms, stays))
        if not begun or begun[-1].has(at_ms):
            return inf
        return begun[-1].to_ms
