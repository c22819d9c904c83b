"""A replay that changes nothing: what today's code would make of each chosen letter."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from consumer.delivery.dead_letter import Origin
from consumer.domain.signals import Mapped, Signal, Skipped
from consumer.letters.choosing import Decision, Row
from consumer.letters.letter import Letter
from consumer.letters.named import Named
from consumer.letters.ports import Letters, Seen, Sources
from consumer.letters.slices import Chosen, sliced, whole
from consumer.letters.superseding import Newer

SENT: Final = "would be sent"


class Tried(NamedTuple):
    """What one letter would come to."""

    row: Row
    outcome: str


@dataclass(slots=True)
class Trial:
    """By class, how many letters would come to what; and which."""

    outcomes: dict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict[str, Counter[str]](Counter[str])
    )
    letters: Named[Tried] = field(default_factory=Named[Tried])
    superseded: Named[tuple[Origin, Newer]] = field(default_factory=Named[tuple[Origin, Newer]])
    unread: dict[str, str] = field(default_factory=dict[str, str])
    """Source partitions that could not be read for newer states, with why."""

    def add(self, row: Row, outcome: str) -> None:
        self.outcomes[row.reason][outcome] += 1
        self.letters.add(Tried(row, outcome))


@dataclass(slots=True)
class Trying:
    letters: Letters
    sources: Sources
    judge: Callable[[bytes | None], Mapped]
    seen: Seen

    def run(self, trial: Trial, chosen: Iterable[Chosen], total: int) -> None:
        done = 0
        for slice_ in sliced(chosen):
            found = self.letters.fetch([row.spot for row, _ in slice_])
            for row, decision in slice_:
                trial.add(row, self._outcome(row, decision, found.get(row.spot)))
            done += len(slice_)
            self.seen(done, total)

    def _outcome(self, row: Row, decision: Decision, letter: Letter | None) -> str:
        if decision is Decision.PARK:
            return "would be parked"
        there = whole(row, letter, self.sources)
        if there is None:
            return "is gone"
        judged = self.judge(there.value)
        if isinstance(judged, Signal):
            return SENT
        if isinstance(judged, Skipped):
            return f"would be skipped: {judged.reason.value}"
        return f"would fail again: {judged.reason.value}"
