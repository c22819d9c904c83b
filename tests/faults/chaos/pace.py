"""How fast is published: a steady rate, and what came of it while nothing was broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from tests.faults.oracle.timeline import Fault

TRICKLE_PER_S: Final = 40.0
BURST_S: Final = 0.2
ARREARS_S: Final = 10.0
"""Of an outage of the brokers' so much is made up for, …"""
CATCH_UP: Final = 1.2
"""… at so much more than the rate: not by a burst."""


@dataclass(slots=True)
class Pace:
    per_s: float
    trickles: bool = False
    _due_s: float = 0.0
    _soonest_s: float = 0.0

    def begin(self, now_s: float) -> None:
        """Nothing is due from before."""
        self._due_s = self._soonest_s = now_s

    def trickle(self) -> None:
        self.per_s, self.trickles = TRICKLE_PER_S, True

    def wait_s(self, now_s: float) -> float:
        arrears_s, most_per_s = (BURST_S, self.per_s) if self.trickles else (ARREARS_S, self._most)
        self._due_s = max(self._due_s + 1 / self.per_s, now_s - arrears_s)
        self._soonest_s = max(self._soonest_s + 1 / most_per_s, now_s - BURST_S)
        return max(self._due_s, self._soonest_s) - now_s

    @property
    def _most(self) -> float:
        return CATCH_UP * self.per_s


class Milestone(NamedTuple):
    """So many were confirmed by then."""

    at_ms: float
    published: int


def read_milestones(path: Path) -> list[Milestone]:
    """Only whole lines: the publisher may be writing."""
    lines = path.read_text().split("\n")[:-1]
    return [Milestone(float(at), int(count)) for at, count in map(str.split, lines)]


def between_faults(milestones: Sequence[Milestone], faults: Iterable[Fault]) -> float | None:
    """Events a second in all the time between two milestones in which no fault was on; None
    when there was always one."""
    on = list(faults)
    quiet = [
        (then, now)
        for then, now in pairwise(milestones)
        if not any(fault.begin_ms <= now.at_ms and fault.end_ms >= then.at_ms for fault in on)
    ]
    took_s = sum(now.at_ms - then.at_ms for then, now in quiet) / 1000
    return sum(now.published - then.published for then, now in quiet) / took_s if quiet else None
