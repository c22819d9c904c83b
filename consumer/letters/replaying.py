"""Replay: chosen letters to the retry topic, each with its state, in transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from consumer.delivery.dead_letter import Origin
from consumer.letters.catalogue import Catalogue
from consumer.letters.choosing import Decision, Policy, Row
from consumer.letters.errors import LettersError, StoppedError, TakenOverError
from consumer.letters.named import Named
from consumer.letters.picking import Picking
from consumer.letters.ports import Letters, RetryRecord, Sources, TooLargeError
from consumer.letters.retrying import retry_of
from consumer.letters.session import Session
from consumer.letters.slices import AT_ONCE, Chosen, sliced, whole
from consumer.letters.standing import Filed, Mark, OriginKey, Standing
from consumer.letters.superseding import Newer, Subjects, Superseding
from consumer.ports import Clock

LONGEST_S: Final = 5.0
"""With a rate, a transaction holds what may go in so long: readers wait for its end."""
_LOOKING: Final = "reading the sources for newer states"


class ReplayOptions(NamedTuple):
    policy: Policy = Policy()
    most: int | None = None
    """Letters to replay, at most."""
    per_s: float | None = None
    look_ahead: bool = True
    """Read the sources for newer records of the same key."""
    skip_superseded: bool = False


class Watcher(Protocol):
    """Whoever waits for the end."""

    @property
    def stopped(self) -> bool:
        """The run is to end after the transaction that is open."""
        ...

    def seen(self, phase: str, done: int, total: int) -> None: ...
    def wait(self, seconds: float) -> None:
        """Until so much time has passed, or the run is to end."""
        ...


@dataclass(slots=True)
class Account:
    """What a replay came to."""

    replayed: Counter[str] = field(default_factory=Counter[str])
    """By class."""
    parked: Counter[str] = field(default_factory=Counter[str])
    superseded: Named[tuple[Origin, Newer]] = field(default_factory=Named[tuple[Origin, Newer]])
    """Their subjects have moved on since."""
    looked_ahead: bool = False
    """Whether that is known: the sources were read to their end."""
    unread: dict[str, str] = field(default_factory=dict[str, str])
    """Source partitions that could not be, with why."""
    gone: Named[OriginKey] = field(default_factory=Named[OriginKey])
    """The letter, or what a pointer letter points at, is not there any more."""
    too_large: Named[OriginKey] = field(default_factory=Named[OriginKey])
    """For the retry topic."""
    interrupted: bool = False

    @property
    def dealt_with(self) -> bool:
        """Whether any letter was chosen."""
        return bool(self.replayed or self.parked or self.superseded or self.gone or self.too_large)


class _Going(NamedTuple):
    row: Row
    retry: RetryRecord


@dataclass(slots=True)
class Replay:
    letters: Letters
    sources: Sources
    subjects: Subjects
    session: Session
    clock: Clock
    watcher: Watcher
    options: ReplayOptions
    account: Account = field(default_factory=Account)

    def run(self, catalogue: Catalogue) -> Account:
        """`catalogue` knows the states as they are after `Session.begin`. What was written
        stays written when a `LettersError` ends it: to run again goes on from there."""
        picking = Picking(catalogue, self.options.policy, self.options.most)
        ahead = Superseding(catalogue, self.letters, self.sources, self.subjects)
        try:
            self._go_through(picking, ahead)
        except LettersError:
            with suppress(LettersError, TakenOverError):
                self.session.end()
            raise
        self.session.end()
        if self.options.look_ahead and not self.options.skip_superseded:
            self._tell_superseded(picking, ahead)
        return self.account

    def _go_through(self, picking: Picking, ahead: Superseding) -> None:
        if self.options.skip_superseded:
            self._find_superseded(picking, ahead)
        total = sum(1 for _ in self.session.along(to_replay(picking, ahead, self.options)))
        began_s = self.clock.monotonic_s()
        done = 0
        for slice_ in sliced(to_replay(picking, ahead, self.options), self._slice_size):
            if self.watcher.stopped:
                self.account.interrupted = True
                break
            self._write(slice_)
            done += len(slice_)
            self.watcher.seen("replaying", done, total)
            self._keep_to_the_rate(began_s, done)

    def _find_superseded(self, picking: Picking, ahead: Superseding) -> None:
        """Before anything is written: of all that could go, as the next ones take the places of
        those that are left out."""

        def seen(done: int, total: int) -> None:
            self.session.beat_if_due()
            self._seen_ahead(done, total)

        ahead.look(self.session.along(picking.all()), seen)
        for why in ahead.unread.values():
            msg = f"{why}. So it is not known which letters are superseded, and nothing was done"
            raise LettersError(msg)
        self.account.superseded.add_all(ahead.all())
        self.account.looked_ahead = True

    def _tell_superseded(self, picking: Picking, ahead: Superseding) -> None:
        """When all is written: whatever becomes of it, no letter has to wait for it, and another
        run may begin."""
        if self.account.interrupted or not self.account.replayed:
            return
        self.account.unread = ahead.unread
        try:
            ahead.look(picking.chosen(), self._seen_ahead)
        except StoppedError:
            return
        except LettersError as error:
            self.account.unread["letters"] = str(error)
        self.account.looked_ahead = not self.account.unread
        self.account.superseded.add_all(ahead.all())

    def _seen_ahead(self, done: int, total: int) -> None:
        if self.watcher.stopped:
            raise StoppedError
        self.watcher.seen(_LOOKING, done, total)

    @property
    def _slice_size(self) -> int:
        per_s = self.options.per_s
        return AT_ONCE if per_s is None else max(1, min(AT_ONCE, int(per_s * LONGEST_S)))

    def _write(self, slice_: Sequence[Chosen]) -> None:
        going = list(self._made([row for row, decision in slice_ if decision is Decision.REPLAY]))
        parking = [row for row, decision in slice_ if decision is Decision.PARK]
        while True:
            try:
                self.session.write([each.retry for each in going], self._marks(going, parking))
                break
            except TooLargeError as error:
                self.account.too_large.add(*(going[index].row.key for index in error.indexes))
                going = [each for at, each in enumerate(going) if at not in error.indexes]
        self.account.replayed.update(each.row.reason for each in going)
        self.account.parked.update(row.reason for row in parking)

    def _made(self, rows: Sequence[Row]) -> Iterator[_Going]:
        beat = self.session.beat_if_due
        found = self.letters.fetch([row.spot for row in rows], beat)
        for row in self.session.along(rows):
            letter = whole(row, found.get(row.spot), self.sources, beat)
            if letter is None:
                self.account.gone.add(row.key)
                continue
            subject = self.subjects.subject_of(letter.value)
            yield _Going(row, retry_of(letter, subject, self.session.writer.partitions))

    def _marks(
        self, going: Sequence[_Going], parking: Sequence[Row]
    ) -> Callable[[Sequence[int]], Sequence[Filed]]:
        now_ms, run = self.clock.wall_ms(), self.session.run

        def marks(offsets: Sequence[int]) -> Sequence[Filed]:
            replayed = [
                (
                    row.key,
                    Mark(Standing.REPLAYED, row.replay_count, now_ms, run, retry.partition, offset),
                )
                for (row, retry), offset in zip(going, offsets, strict=True)
            ]
            parked = [
                (row.key, Mark(Standing.PARKED, row.replay_count, now_ms, run)) for row in parking
            ]
            return [*replayed, *parked]

        return marks

    def _keep_to_the_rate(self, began_s: float, done: int) -> None:
        if self.options.per_s is None:
            return
        due_s = began_s + done / self.options.per_s
        while not self.watcher.stopped and (left_s := due_s - self.clock.monotonic_s()) > 0:
            self.watcher.wait(min(left_s, LONGEST_S))
            self.session.beat_if_due()


def to_replay(picking: Picking, ahead: Superseding, options: ReplayOptions) -> Iterator[Chosen]:
    """What is chosen, with what is to be parked. `ahead` has looked where it has to."""
    if options.skip_superseded:
        return picking.chosen(lambda row: ahead.newer(row) is not None)
    return picking.chosen()
