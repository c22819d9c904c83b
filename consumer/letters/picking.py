"""Which letters a replay takes, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import starmap
from typing import Final

from consumer.delivery.dead_letter import Origin
from consumer.letters.catalogue import Catalogue
from consumer.letters.choosing import Decision, Policy, Row, decide
from consumer.letters.slices import Chosen
from consumer.letters.temporary import whole_number as _int

_GOING: Final = """
CREATE TABLE IF NOT EXISTS going (
  topic TEXT, part INT, off INT, stamp INT, count INT, hash INT, decision TEXT, picked INT,
  PRIMARY KEY (topic, part, off, stamp)
) WITHOUT ROWID
"""
_PICK: Final = """
UPDATE going SET picked = 1 WHERE (topic, part, off, stamp) IN (
  SELECT topic, part, off, stamp FROM (
    SELECT *,
      min(count) OVER each_key AS least,
      count(*) OVER each_key AS letters,
      first_value(count) OVER oldest_first AS of_oldest,
      first_value(off) OVER oldest_first AS first_off
    FROM going WHERE NOT picked WINDOW
      each_key AS (PARTITION BY topic, part, hash),
      oldest_first AS (PARTITION BY topic, part, hash ORDER BY off, stamp)
  )
  ORDER BY CASE WHEN letters > ?1 THEN of_oldest ELSE least END,
    of_oldest, topic, part, first_off, off, stamp
  LIMIT ?1
)
"""
_PICKED: Final = (
    "SELECT topic, part, off, stamp, decision FROM going WHERE picked ORDER BY 1, 2, 3, 4"
)


@dataclass(frozen=True, slots=True)
class Picking:
    """Letters go in the order of origin: so those of a subject do, whatever their keys are.

    Where only so many may go, those that were replayed least do, or letters that fail each time
    would keep the others from their turn for ever. A key's letters go together from the oldest on,
    so that none passes an older one of its subject, be it in this run or in the next: the key has
    its turn by the one that was replayed least, and by the oldest where all can never go at once.
    """

    catalogue: Catalogue
    policy: Policy
    most: int | None = None
    """To replay; to park there may be more."""

    def all(self, leave: Callable[[Row], bool] = lambda _: False) -> Iterator[Chosen]:
        """`leave`: of what would be replayed, which is not."""
        for row in self.catalogue.rows():
            decision = decide(row, self.policy)
            if decision is Decision.PARK or (decision is Decision.REPLAY and not leave(row)):
                yield row, decision

    def chosen(self, leave: Callable[[Row], bool] = lambda _: False) -> Iterator[Chosen]:
        if self.most is None:
            return self.all(leave)
        self._pick(self.most, self.all(leave))
        return self._picked()

    def _pick(self, most: int, taken: Iterable[Chosen]) -> None:
        base = self.catalogue.base
        base.write(_GOING)
        base.write("DELETE FROM going")
        base.write_all("INSERT INTO going VALUES (?,?,?,?,?,?,?,?)", starmap(_going, taken))
        base.write(_PICK, (most,))

    def _picked(self) -> Iterator[Chosen]:
        for topic, part, off, stamp, decision in self.catalogue.base.ask(_PICKED):
            origin = Origin(str(topic), _int(part), _int(off), _int(stamp))
            yield self.catalogue.of_origin(origin)[-1], Decision(str(decision))


def _going(row: Row, decision: Decision) -> tuple[object, ...]:
    """All that are to be parked are."""
    parked = decision is Decision.PARK
    return (*row.key.origin, row.replay_count, row.key_hash, decision.value, parked)
