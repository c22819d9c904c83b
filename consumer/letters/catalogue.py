"""All letters of a topic, and what has become of them, in bounded memory.

A million letters are some 150 MB as objects, so their short forms lie in a database in a
temporary file that has no name and vanishes with the process: places, counts, classes and
hashes, never a key or a value. Identity is unique there: a letter that a crash wrote twice
is one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from types import TracebackType
from typing import Final, Self

from consumer.letters.choosing import Row
from consumer.letters.errors import LettersError
from consumer.letters.letter import Kind, Letter, Spot
from consumer.letters.standing import OPEN, Filed, Mark, OriginKey, Standing, standing_of

CACHE_KIB: Final = 16_384
"""Some 80,000 letters; more than that needs a file."""
_NO_ROOM: Final = (
    "so many letters need a temporary file, and there is no room for one: mount a writable folder "
    "at /tmp (300 bytes a letter), or name one in SQLITE_TMPDIR"
)
AT_ONCE: Final = 1_000

_SCHEMA: Final = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -{CACHE_KIB};
CREATE TABLE letter (
  topic TEXT, part INT, off INT, count INT, stamp INT, spot_part INT, spot_off INT, kind TEXT,
  reason TEXT, code TEXT, stage TEXT, attempts INT, failed INT, pointer INT, size INT, hash INT,
  taken INT, PRIMARY KEY (topic, part, off, count)
) WITHOUT ROWID;
CREATE TABLE mark (
  topic TEXT, part INT, off INT, standing TEXT, count INT, at INT, run TEXT, retry_part INT,
  retry_off INT, PRIMARY KEY (topic, part, off)
) WITHOUT ROWID;
"""
_SELECT: Final = """
SELECT l.topic, l.part, l.off, l.stamp, l.count,
  (SELECT max(n.count) FROM letter n
   WHERE n.topic = l.topic AND n.part = l.part AND n.off = l.off),
  l.spot_part, l.spot_off, l.kind, l.reason, l.code, l.stage, l.attempts, l.failed, l.pointer,
  l.size, l.hash, m.standing, m.count, m.at, m.run, m.retry_part, m.retry_off
FROM letter l LEFT JOIN mark m USING (topic, part, off)
"""


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
    _base: sqlite3.Connection = field(init=False)
    _ends: dict[int, int] = field(init=False, default_factory=dict[int, int])
    """By partition: one past the last letter that was added, copies counted."""
    _fresh: list[tuple[object, ...]] = field(init=False, default_factory=list[tuple[object, ...]])

    def __enter__(self) -> Self:
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.executescript(_SCHEMA)
        self._base.execute("BEGIN")  # One that never ends: nothing here is to survive.
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._base.close()

    def add(self, letter: Letter, *, taken: bool) -> None:
        dead, failure, origin = letter.dead, letter.dead.failure, letter.dead.origin
        spot = letter.spot
        self._ends[spot.partition] = max(self._ends.get(spot.partition, 0), spot.offset + 1)
        self.letters += 1
        self.taken += taken
        self._fresh.append(
            (
                *(origin.topic, origin.partition, origin.offset, dead.replay_count),
                *(origin.timestamp_ms, *letter.spot, letter.kind.value),
                *(failure.reason, failure.code, failure.stage, failure.attempts),
                *(failure.failed_at_ms, dead.is_pointer, letter.size, hash_of(letter.key), taken),
            )
        )
        if len(self._fresh) >= AT_ONCE:
            self._store()

    def remember(self, filed: Iterable[Filed]) -> None:
        """Marks as they are read from the state topic: a later one replaces an earlier."""
        ours = ((key[:3], mark) for key, mark in filed if key.dlq == self.dlq)
        self._base.executemany(
            "INSERT OR REPLACE INTO mark VALUES (?,?,?,?,?,?,?,?,?)",
            (
                (*key, mark.standing.value, mark.replay_count, mark.at_ms, mark.run, *mark[4:])
                for key, mark in ours
            ),
        )

    def rows(self) -> Iterator[Row]:
        """What the filter took, in the order of origin."""
        self._store()
        asked = f"{_SELECT} WHERE l.taken ORDER BY l.topic, l.part, l.off, l.count"
        for found in self._base.execute(asked):
            yield self._row(found)

    def of_origin(self, topic: str, partition: int, offset: int) -> list[Row]:
        """All letters of one record, the newest last, taken or not."""
        self._store()
        asked = f"{_SELECT} WHERE l.topic = ? AND l.part = ? AND l.off = ? ORDER BY l.count"
        return [self._row(found) for found in self._base.execute(asked, (topic, partition, offset))]

    def oldest_open(self) -> Mapping[int, int]:
        """By partition: the offset of the first letter that needs somebody, be it that a filter
        took it or not; one past the last letter where none does."""
        self._store()
        found: dict[int, int] = {}
        for row in map(
            self._row, self._base.execute(f"{_SELECT} ORDER BY l.spot_part, l.spot_off")
        ):
            if row.standing in OPEN:
                found.setdefault(row.spot.partition, row.spot.offset)
        return self._ends | found

    def _row(self, found: tuple[object, ...]) -> Row:
        topic, part, off, stamp, count, newest, spot_part, spot_off, kind, *rest = found
        reason, code, stage, attempts, failed, pointer, size, key_hash, *marked = rest
        standing = standing_of(_int(count), _int(newest), _mark(marked), self.committed)
        return Row(
            OriginKey(str(topic), _int(part), _int(off), self.dlq),
            _int(stamp),
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
        )

    def _store(self) -> None:
        try:
            self._base.executemany(
                "INSERT OR IGNORE INTO letter VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                self._fresh,
            )
        except sqlite3.OperationalError as error:
            raise LettersError(_NO_ROOM) from error
        self._fresh.clear()


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


def _int(value: object) -> int:
    """The database's columns are untyped; what was put in comes out."""
    return value if isinstance(value, int) else 0
