"""What is known of the records of one partition, by offset: 25 bytes a record, no objects."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from consumer.delivery.records import TopicPartition
from tests.faults.oracle.publications import Fate, Publication

_FATE: Final = 0x0F
_SETTLED: Final = 0x10
_NEVER: Final = float("inf")


class Acceptance(NamedTuple):
    """A signal in SEEK's journal."""

    signal: int
    """Hash of what it is."""
    content: int
    """Checksum of all its fields, in their order."""
    number: int
    """The place of its first acceptance is what order is judged by; counted from 1."""
    request: int
    """Number of the request that brought it."""
    at_ms: float


class Covered(NamedTuple):
    """A commit went beyond a record, or its metadata says that the record is settled."""

    at_ms: float
    """When that was seen."""
    claimed: bool


class Mark(NamedTuple):
    offset: int
    seen_ms: float


@dataclass(slots=True)
class Shelf:
    place: TopicPartition
    committed: int = 0
    """The highest mark ever seen."""
    covered: dict[int, Covered] = field(default_factory=dict[int, Covered])
    """Those that a commit covers while they are not known to be settled."""
    unsettled: int = 0
    """Known, to be accepted or buried, and not yet so."""
    _fates: bytearray = field(default_factory=bytearray)
    _subjects: array[int] = field(default_factory=lambda: array("Q"))
    _firsts: array[int] = field(default_factory=lambda: array("I"))
    _contents: array[int] = field(default_factory=lambda: array("I"))
    _requests: array[int] = field(default_factory=lambda: array("I"))
    _marks: list[Mark] = field(default_factory=list[Mark])

    @property
    def end(self) -> int:
        """One past the last record known."""
        return len(self._fates)

    @property
    def lag(self) -> int:
        return max(0, self.end - self.committed)

    def publish(self, record: Publication) -> bool:
        """False when the offset is known already."""
        self._grow(record.offset + 1)
        if self._fates[record.offset]:
            return False
        self._fates[record.offset] = record.fate
        self._subjects[record.offset] = record.subject
        if record.fate == Fate.SKIP:
            self.covered.pop(record.offset, None)
        else:
            self.unsettled += 1
        return True

    def fate(self, offset: int) -> int:
        return self._fates[offset] & _FATE if offset < self.end else Fate.UNKNOWN

    def is_settled(self, offset: int) -> bool:
        """Skips leave no trace: they are settled as soon as they are known."""
        if offset >= self.end:
            return False
        state = self._fates[offset]
        return bool(state & _SETTLED) or state == Fate.SKIP

    def settle(self, offset: int) -> Covered | None:
        """What had covered the record before."""
        self._fates[offset] |= _SETTLED
        self.unsettled -= 1
        return self.covered.pop(offset, None)

    def accepted_first(self, offset: int, acceptance: Acceptance) -> None:
        self._firsts[offset] = acceptance.number
        self._contents[offset] = acceptance.content
        self._requests[offset] = acceptance.request

    def accepted_again(self, offset: int, acceptance: Acceptance) -> tuple[int, bool]:
        """The request that brought it before, and whether the bytes are the same."""
        before, same = self._requests[offset], self._contents[offset] == acceptance.content
        self._requests[offset] = acceptance.request
        return before, same

    def commit(self, mark: int, claims: Iterable[int], seen_ms: float) -> None:
        """`claims`: offsets beyond the mark that the metadata says are settled."""
        for offset in range(self.committed, mark):
            if not self.is_settled(offset):
                self.covered.setdefault(offset, Covered(seen_ms, claimed=False))
        for offset in claims:
            if not self.is_settled(offset):
                self.covered.setdefault(offset, Covered(seen_ms, claimed=True))
        if mark > self.committed:
            self.committed = mark
            self._marks.append(Mark(mark, seen_ms))

    def committed_ms(self, offset: int) -> float:
        """When a mark beyond the record was first seen; infinity when none was."""
        number = bisect_right(self._marks, offset, key=lambda mark: mark.offset)
        return self._marks[number].seen_ms if number < len(self._marks) else _NEVER

    def unsettled_offsets(self) -> Iterator[int]:
        return (
            offset
            for offset, state in enumerate(self._fates)
            if state and state != Fate.SKIP and not state & _SETTLED
        )

    def unknown_offsets(self) -> Iterator[int]:
        return (offset for offset, state in enumerate(self._fates) if not state)

    def overtaken(self) -> Iterator[int]:
        """Records first accepted after a later one of their subject (P3)."""
        last_of: dict[int, int] = {}
        for offset, first in enumerate(self._firsts):
            if not first:
                continue
            subject = self._subjects[offset]
            if first < last_of.get(subject, 0):
                yield offset
            else:
                last_of[subject] = first

    def _grow(self, size: int) -> None:
        more = size - self.end
        if more > 0:
            self._fates.extend(bytes(more))
            for column in (self._subjects, self._firsts, self._contents, self._requests):
                column.frombytes(bytes(more * column.itemsize))
