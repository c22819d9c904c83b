"""The faults that were injected, as a file of lines, and when each was on.

    {"id": 3, "kind": "consumer.kill", "target": "consumer-1", "beginMs": 1234.5}
    {"id": 3, "endMs": 4321.0}
    {"session": "…", "target": "consumer-1"}
    {"session": "…", "event": "revoked", "places": ["changes/0"], "atMs": 2345.6}

Times are of `time.monotonic`, in milliseconds. A fault without an end is still on. The
part of a kind before the dot says what is hit: `consumer`, `broker`, `kafka` (the way to the
brokers), `seek` (the way to SEEK), `registry` (the way there), `sandbox` (what SEEK answers),
`operator` (what people do). A session line says which process a session of SEEK's is; one
with an event, what the process said of its partitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from io import FileIO
from itertools import takewhile
from typing import Final, NamedTuple, cast

import orjson

from consumer.delivery.records import TopicPartition
from tests.faults.oracle.moves import Moves

_NEVER: Final = float("inf")


class Fault(NamedTuple):
    kind: str
    target: str
    begin_ms: float
    end_ms: float = _NEVER

    @property
    def area(self) -> str:
        return self.kind.partition(".")[0]


@dataclass(slots=True)
class Timeline:
    sessions: dict[str, str] = field(default_factory=dict[str, str])
    """Session → the consumer that it was."""
    moves: Moves = field(default_factory=Moves)
    _faults: dict[int, Fault] = field(default_factory=dict[int, Fault])
    _by_area: dict[str, list[Fault]] = field(default_factory=dict[str, list[Fault]])
    """In the order of their begin; empty after news."""

    def read(self, line: bytes) -> None:
        match orjson.loads(line):
            case {"session": str(session), "target": str(target)}:
                self.sessions[session] = target
            case {
                "session": str(session),
                "event": str(event),
                "places": list(names),
                "atMs": at_ms,
            }:
                places = [_place(str(name)) for name in cast("list[object]", names)]
                self.moves.told(session, event, places, cast("float", at_ms))
            case {"id": int(number), "beginMs": float(begin_ms), "kind": kind, "target": target}:
                self._faults[number] = Fault(str(kind), str(target), begin_ms)
                self._by_area.clear()
            case {"id": int(number), "endMs": float(end_ms)}:
                self._faults[number] = self._faults[number]._replace(end_ms=end_ms)
                self._by_area.clear()
            case other:
                msg = f"no line of a timeline: {cast('object', other)}"
                raise ValueError(msg)

    def during(
        self, begin_ms: float, end_ms: float, areas: Collection[str], target: str | None = None
    ) -> Iterator[Fault]:
        """Faults that were on at some time between; `target` None: of whatever was hit."""
        if not self._by_area:
            for fault in sorted(self._faults.values(), key=lambda it: it.begin_ms):
                self._by_area.setdefault(fault.area, []).append(fault)
        for area in areas:
            begun = takewhile(lambda it: it.begin_ms <= end_ms, self._by_area.get(area, ()))
            for fault in begun:
                if fault.end_ms >= begin_ms and target in (None, fault.target):
                    yield fault

    def process_at(self, target: str, at_ms: float) -> str:
        """The session of the process that bore the name then; empty when none is known."""
        borne = [session for session, name in self.sessions.items() if name == target]
        begun = [each for each in borne if self.moves.first_ms(each) <= at_ms]
        return max(begun, key=self.moves.first_ms, default="")

    @property
    def all(self) -> Collection[Fault]:
        return self._faults.values()

    def counts(self) -> dict[str, int]:
        return dict(Counter(fault.kind for fault in self._faults.values()))


@dataclass(slots=True)
class TimelineLog:
    """Writes such a file; each call's line is in it when the call returns."""

    file: FileIO
    _last: int = 0

    def begin(self, kind: str, target: str, now_ms: float) -> int:
        """The number that its end is told by."""
        self._last += 1
        self._write({"id": self._last, "kind": kind, "target": target, "beginMs": now_ms})
        return self._last

    def end(self, number: int, now_ms: float) -> None:
        self._write({"id": number, "endMs": now_ms})

    def session(self, session: str, target: str) -> None:
        self._write({"session": session, "target": target})

    def move(
        self, session: str, event: str, places: Iterable[TopicPartition], at_ms: float
    ) -> None:
        names = [str(place) for place in places]
        self._write({"session": session, "event": event, "places": names, "atMs": at_ms})

    def _write(self, line: dict[str, object]) -> None:
        self.file.write(orjson.dumps(line) + b"\n")


def _place(name: str) -> TopicPartition:
    topic, _, partition = name.rpartition("/")
    return TopicPartition(topic, int(partition))
