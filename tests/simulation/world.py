"""The clock, the seed, steps and crashes: what everything else in a history is driven by."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import Final

from tests.simulation.faults import Hazard, Plan

TICK_S: Final = 0.0002
"""What a call costs at least, so that time never stands still."""
REMEMBERED: Final = 60
"""Steps shown with a violation."""


class Crashed(Exception):  # noqa: N818 -- an event of the story, not an error of ours
    """The process ends here, between two calls: it never gets to know anything more."""


class Violation(AssertionError):  # noqa: N818 -- reads as what it is in the message
    """A promise was broken."""


@dataclass(slots=True, eq=False)
class World:
    rng: Random
    plan: Plan
    verbose: bool = False
    now_s: float = 1_000.0
    wall_shift_ms: int = 0
    steps: int = 0
    checks: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    """Run after every step."""
    trace: deque[tuple[float, str, str]] = field(
        default_factory=lambda: deque[tuple[float, str, str]](maxlen=REMEMBERED)
    )

    _events: list[tuple[float, int, Callable[[], None]]] = field(
        default_factory=list[tuple[float, int, Callable[[], None]]]
    )
    _numbers: int = 0

    @classmethod
    def of(cls, seed: int, *, verbose: bool = False) -> World:
        rng = Random(seed)
        world = cls(rng, Plan.drawn(rng), verbose)
        if verbose:
            world.trace = deque()
        return world

    def tell(self, who: str, what: str) -> None:
        self.trace.append((self.now_s, who, what))

    def step(self, who: str, what: str) -> None:
        """One side of a call of a port: time passes, all promises are checked, and the process
        may stand still or die here."""
        self.steps += 1
        self.tell(who, what)
        self.advance(TICK_S)
        if self.plan.strikes(Hazard.STANDSTILL):
            seconds = self.rng.uniform(20.0, 90.0)
            self.tell(who, f"stands still for {seconds:.0f} s")
            self.advance(seconds)
        for check in self.checks:
            check()
        if self.plan.strikes(Hazard.CRASH):
            self.tell(who, "crashes")
            raise Crashed

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        self._numbers += 1
        heappush(self._events, (self.now_s + delay_s, self._numbers, act))

    def advance(self, seconds: float) -> None:
        """Let time pass; what is due meanwhile happens at its own time."""
        until_s = self.now_s + seconds
        while self._events and self._events[0][0] <= until_s:
            at_s, _, act = heappop(self._events)
            self.now_s = max(self.now_s, at_s)
            act()
        self.now_s = max(self.now_s, until_s)

    def wait(self, seconds: float, arrived: Callable[[], bool]) -> None:
        """Wait as a blocking call does: until something arrived, at most so long."""
        until_s = self.now_s + seconds
        while not arrived() and self.now_s < until_s:
            due_s = self._events[0][0] if self._events else until_s
            self.advance(min(until_s, due_s) - self.now_s)

    def idle(self, seconds: float, longest_s: float, arrived: Callable[[], bool]) -> None:
        """The same, but where nothing at all would happen meanwhile the wait is longer: what
        takes minutes in the world takes few turns here."""
        due_s = self._events[0][0] if self._events else self.now_s + longest_s
        longer_s = min(due_s - self.now_s, longest_s)
        self.wait(max(seconds, longer_s), arrived)


def ensure(claim: object, promise: str, *about: object) -> None:
    """Raise `Violation` unless the claim holds; `about` is put into words only then."""
    if not claim:
        message = f"{promise}: {' '.join(map(str, about))}"
        raise Violation(message)
