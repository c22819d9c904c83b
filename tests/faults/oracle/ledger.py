"""The conservation of records, kept up to date with each thing that is seen. Pure.

Whatever comes first, a publication or what became of it, the account is the same in the
end. Nothing here reads a clock: each fact brings its time, in milliseconds of
`time.monotonic`, which the processes of one machine share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Final, NamedTuple

from consumer.delivery.records import TopicPartition
from tests.faults.oracle.publications import Fate, Publication
from tests.faults.oracle.shelf import Acceptance, Covered, Shelf

_OFFSET_BITS: Final = 40
_OFFSET: Final = (1 << _OFFSET_BITS) - 1
_NEEDS_COMPANY: Final = ("server_fault", "unknown_code")
"""Reasons of a dead letter for which others must be accepted."""
SHOWN: Final = 50
"""Violations told in full; the others are counted."""


class BuriedLetter(NamedTuple):
    place: TopicPartition
    """Of the original, as is the offset."""
    offset: int
    reason: str
    digest: int
    at_ms: float
    """Not before then was it written."""


class Duplicate(NamedTuple):
    """A signal accepted once more than needed."""

    place: TopicPartition
    offset: int
    before: int
    """Number of the request that brought it before, and of the one that did so again."""
    again: int
    committed_ms: float
    """When a commit beyond the record was first seen; infinity when none had been."""


class LetterAgain(NamedTuple):
    place: TopicPartition
    offset: int
    before_ms: float
    again_ms: float
    committed_ms: float


@dataclass(slots=True)
class Violations:
    """What may never be. Names places in Kafka, never a candidate."""

    counts: Counter[str] = field(default_factory=Counter[str])
    texts: list[str] = field(default_factory=list[str])

    def add(self, kind: str, text: str) -> None:
        self.counts[kind] += 1
        if len(self.texts) < SHOWN:
            self.texts.append(f"{kind}: {text}")

    def __len__(self) -> int:
        return self.counts.total()


@dataclass(slots=True)
class Ledger:
    violations: Violations = field(default_factory=Violations)
    published: Counter[int] = field(default_factory=Counter[int])
    """`Fate` → records."""
    accepted: int = 0
    """Records, each once."""
    buried: int = 0
    due: Counter[str] = field(default_factory=Counter[str])
    """Reason → dead letters that are to come."""
    duplicates: list[Duplicate] = field(default_factory=list[Duplicate])
    letters_again: list[LetterAgain] = field(default_factory=list[LetterAgain])
    _numbers: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    _shelves: list[Shelf] = field(default_factory=list[Shelf])
    _of_signal: dict[int, int] = field(default_factory=dict[int, int])
    """Signal → the record it comes from, as one number."""
    _poison: dict[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])
    """Record → reason and digest of the letter that is due."""
    _sick: list[int] = field(default_factory=list[int])
    """Poison that only the acceptance of others can tell from an outage."""
    _letters: dict[int, float] = field(default_factory=dict[int, float])
    """Record → when its last letter was written."""
    _early_signals: dict[int, list[Acceptance]] = field(default_factory=dict[int, list[Acceptance]])
    _early_letters: dict[int, list[BuriedLetter]] = field(
        default_factory=dict[int, list[BuriedLetter]]
    )

    @property
    def places(self) -> list[TopicPartition]:
        return list(self._numbers)

    @property
    def unsettled(self) -> int:
        return sum(shelf.unsettled for shelf in self._shelves)

    @property
    def lag(self) -> int:
        """Known records that no commit has passed yet."""
        return sum(shelf.lag for shelf in self._shelves)

    @property
    def sick(self) -> int:
        """Sick records that no commit has passed yet. One that is buried may have to be so again:
        who wrote the letter had lost the partition."""
        known = (self._record(packed) for packed in self._sick)
        return sum(offset >= shelf.committed for shelf, offset in known)

    @property
    def behind(self) -> dict[str, int]:
        """The lag of each partition that has one."""
        return {str(shelf.place): shelf.lag for shelf in self._shelves if shelf.lag}

    @property
    def committed(self) -> dict[TopicPartition, int]:
        return {shelf.place: shelf.committed for shelf in self._shelves if shelf.committed}

    @property
    def in_doubt(self) -> bool:
        """Whether commits cover what is not known to be settled."""
        return any(shelf.covered for shelf in self._shelves)

    def expect(self, place: TopicPartition) -> None:
        """A partition to be watched before anything is known to be in it."""
        self._number(place)

    def publish(self, record: Publication) -> None:
        number = self._number(record.place)
        shelf, packed = self._shelves[number], number << _OFFSET_BITS | record.offset
        if not shelf.publish(record):
            self.violations.add("published twice", f"{record.place} offset {record.offset}")
            return
        self.published[record.fate] += 1
        if record.fate == Fate.ACCEPT:
            if self._of_signal.setdefault(record.signal, packed) != packed:
                self.violations.add("one signal, two records", _at(shelf, record.offset))
            for acceptance in self._early_signals.pop(record.signal, ()):
                self._accept(packed, acceptance)
        elif record.fate == Fate.BURY:
            self._poison[packed] = (record.reason, record.digest)
            self.due[record.reason] += 1
            if record.reason in _NEEDS_COMPANY:
                self._sick.append(packed)
        for letter in self._early_letters.pop(packed, ()):
            self._bury(packed, letter)

    def accept(self, acceptance: Acceptance) -> None:
        packed = self._of_signal.get(acceptance.signal)
        if packed is None:
            self._early_signals.setdefault(acceptance.signal, []).append(acceptance)
        else:
            self._accept(packed, acceptance)

    def bury(self, letter: BuriedLetter) -> None:
        number = self._number(letter.place)
        packed = number << _OFFSET_BITS | letter.offset
        if self._shelves[number].fate(letter.offset) == Fate.UNKNOWN:
            self._early_letters.setdefault(packed, []).append(letter)
        else:
            self._bury(packed, letter)

    def commit(
        self, place: TopicPartition, mark: int, claims: Iterable[int], seen_ms: float
    ) -> None:
        """What the broker holds; enter first whatever was settled before it was asked."""
        self._shelves[self._number(place)].commit(mark, claims, seen_ms)

    def judge(self, until_ms: float = inf) -> None:
        """Of what commits seen until then cover: call when all that was settled before them has
        been entered. What is entered later is judged by its own time."""
        for shelf in self._shelves:
            for offset, covered in list(shelf.covered.items()):
                if covered.at_ms <= until_ms and shelf.fate(offset) != Fate.UNKNOWN:
                    self.violations.add(_wrong(covered), f"{_at(shelf, offset)} is not settled")
                    del shelf.covered[offset]

    def close(self) -> None:
        """All has been published, settled and committed, or never will be."""
        self.judge()
        for shelf in self._shelves:
            self._close(shelf)
        if self._early_signals:
            text = f"{len(self._early_signals)} signal(s) that nothing published gives rise to"
            self.violations.add("strange signal", text)
        for letters in self._early_letters.values():
            text = f"{letters[0].place} offset {letters[0].offset} was not published"
            self.violations.add("strange dead letter", text)

    def _close(self, shelf: Shelf) -> None:
        for offset in shelf.unsettled_offsets():
            self.violations.add("lost", f"{_at(shelf, offset)} was neither accepted nor buried")
        for offset in shelf.unknown_offsets():
            self.violations.add("unknown", f"{_at(shelf, offset)}: nobody says who wrote it")
        for offset in shelf.overtaken():
            text = f"{_at(shelf, offset)} was accepted after a later one of its subject"
            self.violations.add("order", text)
        if shelf.committed != shelf.end:
            text = f"{shelf.place}: {shelf.committed} is committed, its end is {shelf.end}"
            self.violations.add("not committed", text)

    def _accept(self, packed: int, acceptance: Acceptance) -> None:
        shelf, offset = self._record(packed)
        if not shelf.is_settled(offset):
            shelf.accepted_first(offset, acceptance)
            self.accepted += 1
            self._settle(shelf, offset, acceptance.at_ms)
            return
        before, same = shelf.accepted_again(offset, acceptance)
        if not same:
            self.violations.add("other bytes", f"{_at(shelf, offset)} was repeated, but differs")
        committed_ms = shelf.committed_ms(offset)
        duplicate = Duplicate(shelf.place, offset, before, acceptance.request, committed_ms)
        self.duplicates.append(duplicate)

    def _bury(self, packed: int, letter: BuriedLetter) -> None:
        shelf, offset = self._record(packed)
        due = self._poison.get(packed)
        if due is None:
            text = f"{_at(shelf, offset)} is a dead letter ({letter.reason}) and should not be"
            self.violations.add("buried alive", text)
            return
        reason, digest = due
        if letter.reason != reason:
            text = f"{_at(shelf, offset)}: {letter.reason} instead of {reason}"
            self.violations.add("wrong reason", text)
        if letter.digest != digest:
            text = f"the dead letter of {_at(shelf, offset)} does not hold the original"
            self.violations.add("letter differs", text)
        before_ms = self._letters.get(packed)
        self._letters[packed] = letter.at_ms
        if before_ms is None:
            self.buried += 1
            self.due[reason] -= 1
            self._settle(shelf, offset, letter.at_ms)
            return
        committed_ms = shelf.committed_ms(offset)
        again = LetterAgain(shelf.place, offset, before_ms, letter.at_ms, committed_ms)
        self.letters_again.append(again)

    def _settle(self, shelf: Shelf, offset: int, at_ms: float) -> None:
        covered = shelf.settle(offset)
        if covered is not None and covered.at_ms < at_ms:
            late_ms = at_ms - covered.at_ms
            self.violations.add(_wrong(covered), f"{_at(shelf, offset)}, {late_ms:.0f} ms early")

    def _record(self, packed: int) -> tuple[Shelf, int]:
        return self._shelves[packed >> _OFFSET_BITS], packed & _OFFSET

    def _number(self, place: TopicPartition) -> int:
        number = self._numbers.get(place)
        if number is None:
            number = self._numbers[place] = len(self._shelves)
            self._shelves.append(Shelf(place))
        return number


def _wrong(covered: Covered) -> str:
    return "said to be settled" if covered.claimed else "passed by a commit"


def _at(shelf: Shelf, offset: int) -> str:
    return f"{shelf.place} offset {offset}"
