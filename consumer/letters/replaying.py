"""Replay: chosen letters to the retry topic, each with its state, in transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from consumer.letters.catalogue import Catalogue
from consumer.letters.choosing import Decision, Policy, Row, decide
from consumer.letters.errors import LettersError, StoppedError
from consumer.letters.letter import Kind, Letter
from consumer.letters.ports import Letters, RetryRecord, Sources, TooLargeError
from consumer.letters.retrying import restored, retry_of
from consumer.letters.session import Session
from consumer.letters.standing import Filed, Mark, OriginKey, Standing
from consumer.letters.superseding import Newer, Superseding
from consumer.ports import Clock

AT_ONCE: Final = 500
"""Letters a transaction: what a kill can undo, and the broker holds open."""
AT_ONCE_BYTES: Final = 8 * 1024 * 1024
LARGE_BYTES: Final = 1024 * 1024
"""What a pointer letter's record is taken for, which is not known before it is read."""
LONGEST_S: Final = 5.0
"""With a rate, a transaction holds what may go in so long: readers wait for its end."""


class ReplayOptions(NamedTuple):
    policy: Policy = Policy()
    most: int | None = None
    """Letters to replay, at most."""
    per_s: float | None = None
    look_ahead: bool = True
    """Read the sources for newer records of the same key."""
    skip_superseded: bool = False


class Subjects(Protocol):
    """What replay needs to understand of a value."""

    def subject_of(self, value: bytes | None) -> str | None: ...
    def state_time_ms(self, value: bytes | None) -> int | None: ...


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
    superseded: dict[OriginKey, Newer] = field(default_factory=dict[OriginKey, Newer])
    """Their subjects have moved on since."""
    gone: list[OriginKey] = field(default_factory=list[OriginKey])
    """The letter, or what a pointer letter points at, is not there any more."""
    too_large: list[OriginKey] = field(default_factory=list[OriginKey])
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
        try:
            self._go_through(catalogue)
        except LettersError:
            with suppress(LettersError):
                self.session.end()
            raise
        self.session.end()
        return self.account

    def _go_through(self, catalogue: Catalogue) -> None:
        if self.options.look_ahead:
            self.account.superseded |= superseded(
                catalogue, self.options, self.sources, self.subjects, self._seen_behind
            )
        total = sum(1 for _ in self._chosen(catalogue))
        began_s = self.clock.monotonic_s()
        done = 0
        for slice_ in sliced(self._chosen(catalogue), self._slice_size):
            if self.watcher.stopped:
                self.account.interrupted = True
                break
            self._write(slice_)
            done += len(slice_)
            self.watcher.seen("replaying", done, total)
            self._keep_to_the_rate(began_s, done)

    @property
    def _slice_size(self) -> int:
        per_s = self.options.per_s
        return AT_ONCE if per_s is None else max(1, min(AT_ONCE, int(per_s * LONGEST_S)))

    def _chosen(self, catalogue: Catalogue) -> Iterator[tuple[Row, Decision]]:
        return chosen(catalogue.rows(), self.options, self.account.superseded)

    def _seen_behind(self, done: int, total: int) -> None:
        if self.watcher.stopped:  # Nothing is written yet.
            raise StoppedError
        self.session.beat_if_due()
        self.watcher.seen("reading the sources for newer states", done, total)

    def _write(self, slice_: Sequence[tuple[Row, Decision]]) -> None:
        going = list(self._made([row for row, decision in slice_ if decision is Decision.REPLAY]))
        parking = [row for row, decision in slice_ if decision is Decision.PARK]
        while True:
            try:
                self.session.write([each.retry for each in going], self._marks(going, parking))
                break
            except TooLargeError as error:
                self.account.too_large += [going[index].row.key for index in error.indexes]
                going = [each for at, each in enumerate(going) if at not in error.indexes]
        self.account.replayed.update(each.row.reason for each in going)
        self.account.parked.update(row.reason for row in parking)

    def _made(self, rows: Sequence[Row]) -> Iterator[_Going]:
        found = self.letters.fetch([row.spot for row in rows])
        for row in rows:
            letter = whole(row, found.get(row.spot), self.sources)
            if letter is None:
                self.account.gone.append(row.key)
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


def superseded(
    catalogue: Catalogue,
    options: ReplayOptions,
    sources: Sources,
    subjects: Subjects,
    seen: Callable[[int, int], None],
) -> Mapping[OriginKey, Newer]:
    """Of the letters that would be replayed."""
    taken = chosen(catalogue.rows(), options, {})
    rows = (
        row
        for row, decision in taken
        # Of a letter that does not say where it came from nothing can be newer.
        if decision is Decision.REPLAY and row.kind is not Kind.UNKNOWN
    )
    return Superseding(sources, catalogue, subjects.state_time_ms).find(rows, seen)


def chosen(
    rows: Iterable[Row], options: ReplayOptions, superseded_: Mapping[OriginKey, Newer]
) -> Iterator[tuple[Row, Decision]]:
    """In the order given, without those that are left; at most so many to replay."""
    left = options.most
    for row in rows:
        decision = decide(row, options.policy)
        if decision is Decision.LEAVE:
            continue
        if options.skip_superseded and row.key in superseded_:
            continue
        if decision is Decision.REPLAY:
            if left == 0:
                return
            left = None if left is None else left - 1
        yield row, decision


def whole(row: Row, letter: Letter | None, sources: Sources) -> Letter | None:
    """The letter that the row speaks of, with what a pointer points at; None when it is gone."""
    if letter is None or letter.dead.replay_count != row.replay_count:
        return None
    if not letter.dead.is_pointer:
        return letter
    return restored(letter, sources.original(*letter.origin[:3]))


def sliced(
    rows: Iterable[tuple[Row, Decision]], size: int = AT_ONCE
) -> Iterator[Sequence[tuple[Row, Decision]]]:
    """By number and by bytes: a slice is held in memory."""
    slice_: list[tuple[Row, Decision]] = []
    held = 0
    for row, decision in rows:
        slice_.append((row, decision))
        held += LARGE_BYTES if row.is_pointer else row.size
        if len(slice_) >= size or held >= AT_ONCE_BYTES:
            yield slice_
            slice_, held = [], 0
    if slice_:
        yield slice_
