"""Purge: letters marked never to be replayed, and the part of the topic that nobody needs cut.

Kafka cannot erase one record in the middle of a log. What is cut is a prefix of a partition;
the rest vanishes when the topic's retention has passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import Final

from consumer.letters.catalogue import Catalogue
from consumer.letters.choosing import Row, may_be_purged
from consumer.letters.errors import LettersError, TakenOverError
from consumer.letters.letter import Letter
from consumer.letters.ports import Letters
from consumer.letters.replaying import Watcher
from consumer.letters.session import Session, marks_of
from consumer.letters.standing import Filed, Mark, Standing
from consumer.ports import Clock

AT_ONCE: Final = 500


@dataclass(slots=True)
class Purged:
    """What a purge came to."""

    marked: Counter[str] = field(default_factory=Counter[str])
    """By class."""
    newest_ms: int = 0
    """When the youngest of them was buried."""
    interrupted: bool = False
    cuts: dict[int, int] = field(default_factory=dict[int, int])
    """By partition of the dead-letter topic: the first offset that stays."""


@dataclass(slots=True)
class Purge:
    letters: Letters
    session: Session
    clock: Clock
    watcher: Watcher
    states: frozenset[Standing]
    account: Purged = field(default_factory=Purged)

    def run(self, catalogue: Catalogue) -> Purged:
        """Marks, and finds what may be cut. `catalogue` as `Session.begin` left it."""
        try:
            self._mark(catalogue)
            if not self.account.interrupted:
                self._find_cuts(catalogue)
        finally:
            self._say_ended()
        return self.account

    def _find_cuts(self, catalogue: Catalogue) -> None:
        # One more transaction: it begins only when what the last one wrote is there to be read.
        self.session.beat()
        catalogue.remember(self.session.along(marks_of(self.session.states.read())))
        letters = takewhile(lambda _: not self.watcher.stopped, self.letters.scan(self._seen))
        cuts = needless_prefixes(self.session.along(letters), catalogue)
        if self.watcher.stopped:
            self.account.interrupted = True  # Nothing is cut, so of no cut is told.
        else:
            self.account.cuts |= cuts

    def _mark(self, catalogue: Catalogue) -> None:
        total = sum(1 for _ in self.session.along(to_purge(catalogue, self.states)))
        rows = self.session.along(to_purge(catalogue, self.states))
        done = 0
        while slice_ := list(islice(rows, AT_ONCE)):
            if self.watcher.stopped:
                self.account.interrupted = True
                return
            self._write(slice_)
            done += len(slice_)
            self.watcher.seen("marking", done, total)

    def _write(self, slice_: Sequence[Row]) -> None:
        now_ms, run = self.clock.wall_ms(), self.session.run
        marks: list[Filed] = [
            (row.key, Mark(Standing.PURGED, row.replay_count, now_ms, run, *row.retried))
            for row in slice_
        ]
        self.session.write((), lambda _: marks)
        self.account.marked.update(row.reason for row in slice_)
        self.account.newest_ms = max(self.account.newest_ms, *(r.failed_at_ms for r in slice_))

    def _seen(self, done: int, total: int) -> None:
        self.session.beat_if_due()
        self.watcher.seen("looking for what may be cut", done, total)

    def _say_ended(self) -> None:
        """That it has is no more than a courtesy: a heartbeat that stops says so too."""
        with suppress(LettersError, TakenOverError):
            self.session.end()


def to_purge(catalogue: Catalogue, states: frozenset[Standing]) -> Iterator[Row]:
    return (row for row in catalogue.rows() if may_be_purged(row, states))


def needless_prefixes(letters: Iterator[Letter], catalogue: Catalogue) -> Mapping[int, int]:
    """By partition: one past the last letter of its beginning that nobody needs any more."""
    cuts: dict[int, int] = {}
    needed: set[int] = set()
    for letter in letters:
        partition, offset = letter.spot
        if partition in needed:
            continue
        if _is_needless(letter, catalogue):
            cuts[partition] = offset + 1
        else:
            needed.add(partition)
    return cuts


def _is_needless(letter: Letter, catalogue: Catalogue) -> bool:
    """Purged, or replayed, and settled: accepted, or failed again and so a newer letter."""
    count = letter.dead.replay_count
    for row in catalogue.of_origin(letter.origin):
        if row.replay_count == count:
            given_up = row.standing in {Standing.PURGED, Standing.ACCEPTED}
            return (given_up and row.settled) or row.newest > count
    return False  # It came after we looked.
