"""All letters of a topic, and what has become of them, in bounded memory.

A million letters are some 150 MB as objects, so their short forms lie in a database in a
temporary file that has no name and vanishes with the process: places, counts, classes and
hashes, never a key or a value. Identity is unique there: a letter that a crash wrote twice
is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from types import TracebackType
from typing import Final, Self

from consumer.delivery.dead_letter import Origin
from consumer.letters.choosing import Row
from consumer.letters.letter import Kind, Letter, Spot
from consumer.letters.ports import Seen, unwatched
from consumer.letters.standing import (
    NOWHERE,
    OPEN,
    Filed,
    Mark,
    OriginKey,
    Standing,
    standing_of,
)
from consumer.letters.temporary import Temporary
from consumer.letters.temporary import whole_number as _int

AT_ONCE: Final = 1_000
_ANY_TIME: Final = -(2**63)
"""In place of the origin's time, in marks that do not say it: no letter has it."""

_LETTERS: Final = """
CREATE TABLE letter (
  topic TEXT, part INT, off INT, stamp INT, count INT, spot_part INT, spot_off INT, kind TEXT,
  reason TEXT, code TEXT, stage TEXT, attempts INT, failed INT, pointer INT, size INT, hash INT,
  taken INT, PRIMARY KEY (topic, part, off, stamp, count)
) WITHOUT ROWID
"""
_MARKS: Final = """
CREATE TABLE mark (
  topic TEXT, part INT, off INT, stamp INT, standing TEXT, count INT, at INT, run TEXT,
  retry_part INT, retry_off INT, PRIMARY KEY (topic, part, off, stamp)
) WITHOUT ROWID
"""
_REMEMBER: Final = """
INSERT OR REPLACE INTO mark SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
WHERE EXISTS (SELECT 1 FROM letter WHERE topic = ?1 AND part = ?2 AND off = ?3)
"""
_SELECT: Final = f"""
SELECT l.topic, l.part, l.off, l.stamp, l.count,
  (SELECT max(n.count) FROM letter n
   WHERE n.topic = l.topic AND n.part = l.part AND n.off = l.off AND n.stamp = l.stamp),
  l.spot_part, l.spot_off, l.kind, l.reason, l.code, l.stage, l.attempts, l.failed, l.pointer,
  l.size, l.hash, m.standing, m.count, m.at, m.run, m.retry_part, m.retry_off
FROM letter l LEFT JOIN mark m
  ON m.topic = l.topic AND m.part = l.part AND m.off = l.off AND m.stamp = (
    SELECT c.stamp FROM mark c
    WHERE c.topic = l.topic AND c.part = l.part AND c.off = l.off
      AND c.stamp IN (l.stamp, {_ANY_TIME})
    ORDER BY c.count DESC, c.at DESC LIMIT 1)
"""  # noqa: S608 -- a number of ours
_ONE: Final = "l.topic = ? AND l.part = ? AND l.off = ? AND l.stamp = ?"


def hash_of(key: bytes | None) -> int | None:
    if key is None:
        return None
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big", signed=True)


@dataclass(slots=True)
class Catalogue:
    """Use as a context manager. `add` all letters, `remember` all marks, then ask."""

    dlq: str = ""
    """The dead-letter topic, unless it is the group's own."""
    committed: Mapping[int, int] = field(default_factory=dict[int, int])
    """By partition of the retry topic; read before the letters."""
    letters: int = 0
    taken: int = 0
    """How many of them the filter took; copies of one letter count each."""
    base: Temporary = field(init=False, default_factory=Temporary)
    """For further questions about the letters."""
    _ends: dict[int, int] = field(init=False, default_factory=dict[int, int])
    """By partition: one past the last letter that was added, copies counted."""
    _fresh: list[tuple[object, ...]] = field(init=False, default_factory=list[tuple[object, ...]])

    def __enter__(self) -> Self:
        self.base.__enter__()
        self.base.write(_LETTERS)
        self.base.write(_MARKS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.base.__exit__(kind, error, trace)

    def add(self, letter: Letter, *, taken: bool) -> None:
        dead, failure, origin = letter.dead, letter.dead.failure, letter.dead.origin
        spot = letter.spot
        self._ends[spot.partition] = max(self._ends.get(spot.partition, 0), spot.offset + 1)
        self.letters += 1
        self.taken += taken
        self._fresh.append(
            (
                *(*origin, dead.replay_count, *letter.spot, letter.kind.value),
                *(failure.reason, failure.code, failure.stage, failure.attempts),
                *(failure.failed_at_ms, dead.is_pointer, letter.size, hash_of(letter.key), taken),
            )
        )
        if len(self._fresh) >= AT_ONCE:
            self._store()

    def remember(self, filed: Iterable[Filed]) -> None:
        """Marks as they are read from the state topic: a later one replaces an earlier. To be
        called once the letters are known: marks are never deleted, and of letters that are gone
        they say nothing."""
        self._store()
        ours = ((key, mark) for key, mark in filed if key.dlq == self.dlq)
        self.base.write_all(_REMEMBER, (_filed(key, mark) for key, mark in ours))

    def rows(self) -> Iterator[Row]:
        """What the filter took, in the order of origin."""
        self._store()
        asked = f"{_SELECT} WHERE l.taken ORDER BY l.topic, l.part, l.off, l.stamp, l.count"
        for found in self.base.ask(asked):
            yield self._row(found)

    def of_origin(self, origin: Origin) -> list[Row]:
        """All letters of one record, the newest last, taken or not. Another record that lay at
        the same place, before the topic was made anew, is told apart by its time."""
        self._store()
        asked = f"{_SELECT} WHERE {_ONE} ORDER BY l.count"
        return [self._row(found) for found in self.base.ask(asked, origin)]

    def oldest_open(self, seen: Seen = unwatched) -> Mapping[int, int]:
        """By partition: the offset of the first letter that needs somebody, be it that a filter
        took it or not; one past the last letter where none does."""
        self._store()
        oldest: dict[int, int] = {}
        asked = f"{_SELECT} ORDER BY l.spot_part, l.spot_off"
        for number, found in enumerate(self.base.ask(asked)):
            if number % AT_ONCE == 0:
                seen(number, self.letters)
            row = self._row(found)
            if row.standing in OPEN:
                oldest.setdefault(row.spot.partition, row.spot.offset)
        return self._ends | oldest

    def _row(self, found: tuple[object, ...]) -> Row:
        topic, part, off, stamp, count, newest, spot_part, spot_off, kind, *rest = found
        reason, code, stage, attempts, failed, pointer, size, key_hash, *marked = rest
        mark = _mark(marked)
        # Those of another topic come back on the group's own, so here it stays open whether they
        # did.
        committed = dict[int, int]() if self.dlq else self.committed
        standing = standing_of(_int(count), _int(newest), mark, committed)
        retried = NOWHERE if mark is None else mark.retried
        return Row(
            OriginKey(str(topic), _int(part), _int(off), self.dlq, _int(stamp)),
            _int(count),
            _int(newest),
            standing,
            Spot(_int(spot_part), _int(spot_off)),
            Kind(str(kind)),
            str(reason),
            str(code),
            str(stage),
            _int(attempts),
            _int(failed),
            bool(pointer),
            _int(size),
            None if key_hash is None else _int(key_hash),
            retried,
            settled=retried == NOWHERE or retried.is_behind(self.committed),
        )

    def _store(self) -> None:
        self.base.write_all(
            "INSERT OR IGNORE INTO letter VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", self._fresh
        )
        self._fresh.clear()


def _filed(key: OriginKey, mark: Mark) -> tuple[object, ...]:
    stamp = _ANY_TIME if key.timestamp_ms is None else key.timestamp_ms
    return (*key[:3], stamp, mark.standing.value, *mark[1:])


def _mark(marked: list[object]) -> Mark | None:
    standing, count, at_ms, run, retry_partition, retry_offset = marked
    if standing is None:
        return None
    return Mark(
        Standing(str(standing)),
        _int(count),
        _int(at_ms),
        str(run),
        _int(retry_partition),
        _int(retry_offset),
    )
