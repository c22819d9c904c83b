"""How many letters of which class, and what has become of them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from consumer.letters.choosing import Row
from consumer.letters.describing import utc
from consumer.letters.standing import Standing


@dataclass(slots=True)
class Tally:
    """Of one class."""

    reason: str
    letters: int = 0
    by_standing: Counter[Standing] = field(default_factory=Counter[Standing])
    oldest_ms: int = 0
    newest_ms: int = 0

    def add(self, row: Row) -> None:
        at_ms = row.failed_at_ms
        self.oldest_ms = min(self.oldest_ms, at_ms) if self.letters else at_ms
        self.newest_ms = max(self.newest_ms, at_ms)
        self.letters += 1
        self.by_standing[row.standing] += 1

    def as_json(self) -> dict[str, object]:
        return {
            "class": self.reason,
            "letters": self.letters,
            **{standing.value: self.by_standing[standing] for standing in Standing},
            "oldest": utc(self.oldest_ms),
            "newest": utc(self.newest_ms),
        }


def tally(rows: Iterable[Row]) -> list[Tally]:
    """The most frequent class first."""
    found: dict[str, Tally] = {}
    for row in rows:
        found.setdefault(row.reason, Tally(row.reason)).add(row)
    return sorted(found.values(), key=lambda each: (-each.letters, each.reason))
