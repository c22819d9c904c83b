"""How many signals leave together: fewer where requests are too large or too slow.

A 413, and time-outs in a row, halve what a batch may hold; each full batch that is accepted
adds one signal, up to the setting. Pure: time in seconds is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

CUT: Final = 0.5
GAIN: Final = 1.0
"""Signals a full batch that is accepted: where a proxy takes 50, one request in 25 is refused."""
LEAST: Final = 10
"""Fewer would cost more requests than they spare: a single bad signal is found by isolation."""
TIMEOUTS: Final = 2
"""In a row; one alone says nothing about the size."""


@dataclass(slots=True, eq=False)
class BatchSize:
    most: int
    _limit: float = field(init=False)
    _timeouts: int = 0
    _timed_out_s: float = -1.0

    def __post_init__(self) -> None:
        self._limit = float(self.most)

    @property
    def limit(self) -> int:
        return int(self._limit)

    def accepted(self, signals: int) -> None:
        self.answered()
        if signals >= self.limit:
            self._limit = min(float(self.most), self._limit + GAIN)

    def answered(self) -> None:
        """Whatever the answer is, it came in time."""
        self._timeouts = 0

    def too_large(self, signals: int) -> None:
        """A request of so many was refused for its size."""
        if signals > LEAST:
            self._limit = max(float(LEAST), min(self._limit, signals * CUT))

    def timed_out(self, signals: int, started_s: float, now_s: float) -> None:
        """One that left before the last time-out tells nothing new."""
        if started_s < self._timed_out_s:
            return
        self._timeouts += 1
        self._timed_out_s = now_s
        if self._timeouts >= TIMEOUTS:
            self.too_large(signals)
