"""A replay that changes nothing: what today's code would make of each chosen letter."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from consumer.domain.signals import Mapped, Signal, Skipped
from consumer.letters.choosing import Decision, Row
from consumer.letters.letter import Letter
from consumer.letters.ports import Letters, Seen, Sources
from consumer.letters.replaying import sliced, whole
from consumer.letters.standing import OriginKey
from consumer.letters.superseding import Newer


@dataclass(slots=True)
class Trial:
    """By class, how many letters would come to what."""

    outcomes: dict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict[str, Counter[str]](Counter[str])
    )
    superseded: dict[OriginKey, Newer] = field(default_factory=dict[OriginKey, Newer])


@dataclass(slots=True)
class Trying:
    letters: Letters
    sources: Sources
    judge: Callable[[bytes | None], Mapped]
    seen: Seen

    def run(self, chosen: Iterable[tuple[Row, Decision]], total: int) -> Trial:
        trial, done = Trial(), 0
        for slice_ in sliced(chosen):
            found = self.letters.fetch([row.spot for row, _ in slice_])
            for row, decision in slice_:
                outcome = self._outcome(row, decision, found.get(row.spot))
                trial.outcomes[row.reason][outcome] += 1
            done += len(slice_)
            self.seen(done, total)
        return trial

    def _outcome(self, row: Row, decision: Decision, letter: Letter | None) -> str:
        if decision is Decision.PARK:
            return "would be parked"
        there = whole(row, letter, self.sources)
        if there is None:
            return "is gone"
        judged = self.judge(there.value)
        if isinstance(judged, Signal):
            return "would be sent"
        if isinstance(judged, Skipped):
            return f"would be skipped: {judged.reason.value}"
        return f"would fail again: {judged.reason.value}"
