"""Which offset of one partition may be committed.

Pure: no clock, no client, no lock. The loop thread owns every tracker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from consumer.delivery.records import Offset, Record
from consumer.errors import BrokenInvariantError


@dataclass(slots=True, eq=False)
class OffsetTracker:
    """The low-water mark of one partition, from assignment to revocation.

    Every offset below `mark` is settled. Offsets that were never tracked are not waited
    for: compaction and transaction markers leave gaps. A revoked partition's tracker is
    dropped whole, so it can never report a mark again.
    """

    position: Offset
    """One past the highest offset taken in so far."""

    committed: Offset = field(init=False)
    """The last mark that the broker has confirmed."""

    _pending: dict[Offset, Record | None] = field(
        init=False, default_factory=dict[Offset, "Record | None"]
    )
    """In the order of offsets, since offsets are tracked in order."""

    _settled: int = field(init=False, default=0)
    _covered: int = field(init=False, default=0)
    """How many of the settled a crash right now would not send again."""

    def __post_init__(self) -> None:
        self.committed = self.position

    @property
    def mark(self) -> Offset:
        """The lowest unsettled offset: what a commit may say. Costs a look past the settled."""
        return next(iter(self._pending), self.position)

    @property
    def pending(self) -> int:
        return len(self._pending)

    @property
    def settled(self) -> int:
        """How many records were settled since the assignment."""
        return self._settled

    @property
    def exposed(self) -> int:
        """Settled records that a crash right now would send again (P9)."""
        return self._settled - self._covered

    @property
    def beyond(self) -> int:
        """Offsets past the mark that are settled or were gaps."""
        return self.position - self.mark - len(self._pending)

    def unsettled(self) -> Iterable[Offset]:
        """Pending offsets, lowest first."""
        return self._pending.keys()

    @property
    def oldest(self) -> Record | None:
        """The record at the mark, while it is unsettled."""
        return next(iter(self._pending.values()), None)

    def track(self, offset: Offset, record: Record | None = None) -> None:
        self.track_all([offset], [record])

    def track_all(self, offsets: Sequence[Offset], records: Sequence[Record | None]) -> None:
        """Some records in a row, at least one."""
        if offsets[0] < self.position or sorted(set(offsets)) != offsets:
            msg = f"offsets {offsets} tracked, but position is already {self.position}"
            raise BrokenInvariantError(msg)
        self._pending.update(zip(offsets, records, strict=True))
        self.position = Offset(offsets[-1] + 1)

    def settle(self, offset: Offset) -> None:
        self.settle_all([offset])

    def settle_all(self, offsets: Sequence[Offset]) -> None:
        pending = self._pending
        for offset in offsets:
            if offset not in pending:
                msg = f"offset {offset} settled, but it is not pending"
                raise BrokenInvariantError(msg)
            del pending[offset]
        self._settled += len(offsets)

    def pass_to(self, end: Offset) -> None:
        """The log was read up to `end`: what lies before it holds no further record."""
        self.position = max(self.position, end)

    def confirm_commit(self, mark: Offset, covered: int) -> None:
        """The broker has `mark`; `covered` of the settled would not be sent again. That can be
        fewer than before: each commit replaces the metadata of the last, and may carry less."""
        if not self.committed <= mark <= self.mark:
            msg = f"commit of {mark} outside {self.committed}..{self.mark}"
            raise BrokenInvariantError(msg)
        self.committed = mark
        self._covered = covered
