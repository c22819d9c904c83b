"""The faults that were injected, as a file of lines, and when each was on.

    {"id": 3, "kind": "consumer.kill", "target": "consumer-1", "beginMs": 1234.5}
    {"id": 3, "endMs": 4321.0}
    {"session": "…", "target": "consumer-1"}

Times are of `time.monotonic`, in milliseconds. A fault without an end is still on. The
part of a kind before the dot says what is hit: `consumer`, `broker`, `kafka` (the way to the
brokers), `seek` (the way to SEEK), `registry` (the way there), `sandbox` (what SEEK answers),
`operator` (what people do). A session line says which process a session of SEEK's is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from io import FileIO
from typing import Final, NamedTuple, cast

import orjson

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
    _faults: dict[int, Fault] = field(default_factory=dict[int, Fault])

    def read(self, line: bytes) -> None:
        match orjson.loads(line):
            case {"session": str(session), "target": str(target)}:
                self.sessions[session] = target
            case {"id": int(number), "beginMs": float(begin_ms), "kind": kind, "target": target}:
                self._faults[number] = Fault(str(kind), str(target), begin_ms)
            case {"id": int(number), "endMs": float(end_ms)}:
                self._faults[number] = self._faults[number]._replace(end_ms=end_ms)
            case other:
                msg = f"no line of a timeline: {cast('object', other)}"
                raise ValueError(msg)

    def during(
        self, begin_ms: float, end_ms: float, areas: Collection[str], target: str | None = None
    ) -> Iterator[Fault]:
        """Faults that were on at some time between; `target` None: of whatever was hit."""
        return (
            fault
            for fault in self._faults.values()
            if fault.begin_ms <= end_ms
            and fault.end_ms >= begin_ms
            and fault.area in areas
            and target in (None, fault.target)
        )

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

    def _write(self, line: dict[str, object]) -> None:
        self.file.write(orjson.dumps(line) + b"\n")
