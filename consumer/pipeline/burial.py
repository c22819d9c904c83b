"""Dead letters on their way: a record is settled only when the broker has confirmed one."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from consumer.delivery.backoff import full_jitter_s
from consumer.delivery.dead_letter import Envelope, Failure, without_original, without_value, wrap
from consumer.delivery.lanes import Lane, Parcel
from consumer.delivery.records import Offset, OutgoingRecord, Record, headers_of
from consumer.observed import DeadLettered, DeadLetterRefused, Telemetry
from consumer.pipeline.partitions import Partitions
from consumer.ports import Buried, DeadLetters

RETRY_BASE_S: Final = 1.0
RETRY_MAX_S: Final = 30.0
_ALL: Final = 2


@dataclass(slots=True, eq=False)
class _Letter:
    lane: Lane
    offset: Offset
    size: int
    outgoing: OutgoingRecord
    failure: Failure
    kept: int = _ALL
    """Of the original: all, all but the value, nothing."""

    @property
    def is_pointer(self) -> bool:
        return self.kept < _ALL

    def shrink(self) -> bool:
        """Leave more of the record behind at its origin; False when nothing more can be."""
        self.kept -= 1
        if self.kept == 1:
            self.outgoing = without_value(self.outgoing)
        elif self.kept == 0:
            self.outgoing = without_original(self.outgoing)
        return self.kept >= 0


@dataclass(slots=True, eq=False)
class Burial:
    dead_letters: DeadLetters
    envelope: Envelope
    partitions: Partitions
    telemetry: Telemetry
    trouble: str = ""
    """Why the last write failed; empty when the topic can be written to."""

    _open: dict[int, _Letter] = field(default_factory=dict[int, _Letter])
    """Not confirmed yet, by ticket."""
    _stalled: deque[int] = field(default_factory=deque[int])
    """Tickets that wait for the topic to be writable again."""
    _tickets: int = 0
    _failures: int = 0
    _retry_at_s: float = 0.0
    _probe: int = 0
    """The ticket tried last, alone, to see whether the topic can be written to again."""

    def bury_record(self, lane: Lane, record: Record, size: int, failure: Failure) -> None:
        """Of which nothing was made; its headers were not asked for before."""
        letter = wrap(record, headers_of(record), failure, self.envelope)
        self._bury(lane, record.offset(), size, letter, failure)

    def bury_parcel(self, parcel: Parcel, failure: Failure) -> None:
        letter = wrap(parcel.record, parcel.headers, failure, self.envelope)
        self._bury(parcel.lane, parcel.offset, parcel.size, letter, failure)

    def owes(self, lane: Lane) -> bool:
        """Whether a letter of this lane is not confirmed yet."""
        return any(letter.lane is lane for letter in self._open.values())

    @property
    def busy(self) -> bool:
        """A letter is being written, not only waiting for the topic to be writable again."""
        return len(self._open) > len(self._stalled)

    def collect(self, now_s: float, jitter: float, wait_s: float) -> None:
        """Settle what was confirmed, write again what was not."""
        if not self._open:
            return
        for report in self.dead_letters.reports(wait_s):
            letter = self._open.get(report.ticket)
            if letter is not None:
                self._reported(report, letter, now_s, jitter)
        if self._stalled and now_s >= self._retry_at_s:
            self._retry_at_s = now_s + RETRY_MAX_S
            self._probe = self._stalled.popleft()
            self.dead_letters.bury(self._probe, self._open[self._probe].outgoing)

    def forget(self, lane: Lane) -> None:
        gone = {ticket for ticket, letter in self._open.items() if letter.lane is lane}
        self._stalled = deque(ticket for ticket in self._stalled if ticket not in gone)
        for ticket in gone:
            del self._open[ticket]
        if not self._open:
            self.trouble = ""

    def _bury(
        self, lane: Lane, offset: Offset, size: int, letter: OutgoingRecord, failure: Failure
    ) -> None:
        self._tickets += 1
        self._open[self._tickets] = _Letter(lane, offset, size, letter, failure)
        self._write(self._tickets)

    def _write(self, ticket: int) -> None:
        if self.trouble:
            self._stalled.append(ticket)
        else:
            self.dead_letters.bury(ticket, self._open[ticket].outgoing)

    def _reported(self, report: Buried, letter: _Letter, now_s: float, jitter: float) -> None:
        if report.error is None:
            self._confirmed(report.ticket, letter)
        elif report.too_large and letter.shrink():
            self.dead_letters.bury(report.ticket, letter.outgoing)
        else:
            if not self.trouble or report.ticket == self._probe:
                self._failures += 1  # Those written beside it fail for the same reason.
                wait_s = full_jitter_s(self._failures, jitter, RETRY_BASE_S, RETRY_MAX_S)
                self._retry_at_s = now_s + wait_s
            self.trouble = f"{report.error}: {report.detail}" if report.detail else report.error
            self._stalled.append(report.ticket)
            self.telemetry.note(DeadLetterRefused(report.error))

    def _confirmed(self, ticket: int, letter: _Letter) -> None:
        del self._open[ticket]
        self.partitions.settle(letter.lane, letter.offset, letter.size)
        failure = letter.failure
        self.telemetry.note(
            DeadLettered(
                letter.lane.place, letter.offset, failure.stage, failure.reason, letter.is_pointer
            )
        )
        self.trouble, self._failures = "", 0
        while self._stalled:
            waiting = self._stalled.popleft()
            self.dead_letters.bury(waiting, self._open[waiting].outgoing)
