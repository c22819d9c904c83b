"""Whose subject has moved on: a newer record of the same subject, behind the letter's origin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from consumer.delivery.dead_letter import Origin
from consumer.delivery.records import Record
from consumer.letters.catalogue import Catalogue, hash_of
from consumer.letters.choosing import Decision, Row
from consumer.letters.errors import LettersError, StoppedError
from consumer.letters.letter import Kind
from consumer.letters.ports import Letters, Seen, Sources
from consumer.letters.slices import Chosen, sliced, whole
from consumer.letters.standing import Standing
from consumer.letters.temporary import Temporary
from consumer.letters.temporary import whole_number as _int

_NOT_SENT: Final = frozenset({Standing.NEW, Standing.PARKED, Standing.PURGED})
_WAITING: Final = """
CREATE TABLE IF NOT EXISTS waiting (
  topic TEXT, part INT, hash INT, off INT, stamp INT, PRIMARY KEY (topic, part, hash, off, stamp)
) WITHOUT ROWID
"""
_LATEST: Final = """
CREATE TABLE IF NOT EXISTS latest (
  topic TEXT, part INT, hash INT, subject INT, off INT, at INT,
  PRIMARY KEY (topic, part, hash, subject)
) WITHOUT ROWID
"""
_NEWER: Final = """
CREATE TABLE IF NOT EXISTS newer (
  topic TEXT, part INT, off INT, stamp INT, newer_off INT, at INT,
  PRIMARY KEY (topic, part, off, stamp)
) WITHOUT ROWID
"""
_OLDEST: Final = "SELECT topic, part, min(off) FROM waiting GROUP BY topic, part"
_BEHIND: Final = """
SELECT topic, part, off, stamp FROM waiting w WHERE EXISTS (
  SELECT 1 FROM latest n
  WHERE n.topic = w.topic AND n.part = w.part AND n.hash = w.hash AND n.off > w.off
) ORDER BY topic, part, off, stamp
"""


class Newer(NamedTuple):
    """The latest record of a letter's subject."""

    offset: int
    state_time_ms: int
    """Since when its state holds; the record's own time where it does not say."""


class Subjects(Protocol):
    """What has to be understood of a value."""

    def subject_of(self, value: bytes | None) -> str | None:
        """None where nothing would be sent."""
        ...

    def state_time_ms(self, value: bytes | None) -> int | None: ...


@dataclass(slots=True)
class Superseding:
    """`look` first. Each source partition is read once, from the oldest letter on; what was found
    lies beside the catalogue, not in memory.

    A newer record counts where SEEK gets it: one that is skipped, or refused, or itself a letter
    that SEEK never got leaves the older letter the newest that there is. It is looked for among
    the records of the letter's key, and is of the same subject: a key may be many subjects'.
    """

    catalogue: Catalogue
    letters: Letters
    sources: Sources
    subjects: Subjects
    unread: dict[str, str] = field(default_factory=dict[str, str])
    """Source partitions that could not be read to their end, with why."""

    def look(self, chosen: Iterable[Chosen], seen: Seen) -> None:
        for statement in (_WAITING, _LATEST, _NEWER):
            self._base.write(statement)
        self._base.write_all(
            "INSERT INTO waiting VALUES (?,?,?,?,?)", map(_waiting, _known(chosen))
        )
        for topic, partition, first in list(self._base.ask(_OLDEST)):
            self._read(str(topic), _int(partition), _int(first), seen)
        self._compare(seen)

    def newer(self, row: Row) -> Newer | None:
        asked = "SELECT newer_off, at FROM newer WHERE topic=? AND part=? AND off=? AND stamp=?"
        for offset, at_ms in self._base.ask(asked, row.key.origin):
            return Newer(_int(offset), _int(at_ms))
        return None

    def all(self) -> Iterator[tuple[Origin, Newer]]:
        """In the order of origin."""
        asked = "SELECT topic, part, off, stamp, newer_off, at FROM newer ORDER BY 1, 2, 3, 4"
        for topic, part, off, stamp, newer_off, at_ms in self._base.ask(asked):
            origin = Origin(str(topic), _int(part), _int(off), _int(stamp))
            yield origin, Newer(_int(newer_off), _int(at_ms))

    @property
    def _base(self) -> Temporary:
        return self.catalogue.base

    def _read(self, topic: str, partition: int, first: int, seen: Seen) -> None:
        try:
            for record in self.sources.newer(topic, partition, first + 1, seen):
                self._note(record)
        except StoppedError:
            raise
        except LettersError as error:
            self.unread[f"{topic}/{partition}"] = str(error)

    def _note(self, record: Record) -> None:
        place = (record.topic(), record.partition(), hash_of(record.key()))
        asked = "SELECT 1 FROM waiting WHERE topic = ? AND part = ? AND hash = ?"
        if place[2] is None or not self._base.has(asked, place) or self._is_unsent(record):
            return
        subject = self.subjects.subject_of(record.value())
        if subject is None:
            return
        stated_ms = self.subjects.state_time_ms(record.value())
        known_ms = record.timestamp()[1] if stated_ms is None else stated_ms
        self._base.write(
            "INSERT OR REPLACE INTO latest VALUES (?,?,?,?,?,?)",
            (*place, hash_of(subject.encode(errors="replace")), record.offset(), known_ms),
        )

    def _is_unsent(self, record: Record) -> bool:
        _, timestamp_ms = record.timestamp()
        origin = Origin(record.topic(), record.partition(), record.offset(), timestamp_ms)
        letters = self.catalogue.of_origin(origin)
        return bool(letters) and letters[-1].standing in _NOT_SENT

    def _compare(self, seen: Seen) -> None:
        """Of the letters with a newer record of their key: is it of their subject?"""
        rows = (self.catalogue.of_origin(_origin(found))[-1] for found in self._base.ask(_BEHIND))
        for slice_ in sliced((row, Decision.REPLAY) for row in rows):
            found = self.letters.fetch([row.spot for row, _ in slice_], lambda: seen(1, 1))
            for row, _ in slice_:
                letter = whole(row, found.get(row.spot), self.sources)
                subject = None if letter is None else self.subjects.subject_of(letter.value)
                if subject is not None:
                    self._supersede(row, subject)

    def _supersede(self, row: Row, subject: str) -> None:
        self._base.write(
            "INSERT INTO newer SELECT ?1, ?2, ?3, ?4, off, at FROM latest "
            "WHERE topic = ?1 AND part = ?2 AND off > ?3 AND hash = ?5 AND subject = ?6",
            (*row.key.origin, row.key_hash, hash_of(subject.encode(errors="replace"))),
        )


def _known(chosen: Iterable[Chosen]) -> Iterator[Row]:
    for row, decision in chosen:
        # Of a letter that does not say where it came from nothing can be newer.
        told = row.kind is not Kind.UNKNOWN and row.key_hash is not None
        if told and decision is Decision.REPLAY:
            yield row


def _waiting(row: Row) -> tuple[object, ...]:
    topic, partition, offset, timestamp_ms = row.key.origin
    return topic, partition, row.key_hash, offset, timestamp_ms


def _origin(found: tuple[object, ...]) -> Origin:
    topic, partition, offset, timestamp_ms = found
    return Origin(str(topic), _int(partition), _int(offset), _int(timestamp_ms))
