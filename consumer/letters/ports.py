"""What listing, replaying and purging need from outside, in their own words.

Every method may block, for as long as the client's own time-outs; a `LettersError` says what
could not be done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from consumer.delivery.dead_letter import Origin
from consumer.delivery.records import Headers, Record
from consumer.letters.letter import Letter, Spot
from consumer.letters.standing import Filed, Heartbeat

Seen: TypeAlias = Callable[[int, int], None]
"""Told how many of how many records have been read; may raise to end the reading."""
Beat: TypeAlias = Callable[[], None]
"""Called often while something is waited for; may raise to end the waiting."""


def unwatched(done: int, total: int) -> None:
    """For those whom nobody watches."""


def unhurried() -> None:
    """For those who need not be told that time passes."""


class Letters(Protocol):
    """The dead-letter topic."""

    def scan(self, seen: Seen) -> Iterator[Letter]:
        """All, up to the end as it is now."""
        ...

    def fetch(self, spots: Collection[Spot], beat: Beat = unhurried) -> Mapping[Spot, Letter]:
        """Those that are still there."""
        ...


class States(Protocol):
    """The state topic, and what the group has committed on the retry topic."""

    def read(self) -> Iterator[Filed | Heartbeat]:
        """To its end as it is now; later ones replace earlier ones of the same key."""
        ...

    def committed(self) -> Mapping[int, int]:
        """By partition of the retry topic."""
        ...


class RetryRecord(NamedTuple):
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class TooLargeError(Exception):
    """The retry topic takes no record of this size. Nothing of the transaction was written."""

    def __init__(self, indexes: frozenset[int]) -> None:
        super().__init__(f"{len(indexes)} records are too large for the retry topic")
        self.indexes = indexes
        """Of the retry records that were given."""


class Writer(Protocol):
    """Writes to the retry and state topics in transactions of one fixed id per group."""

    @property
    def partitions(self) -> int:
        """Of the retry topic."""
        ...

    def open(self) -> None:
        """Ends what an earlier process began, and shuts that process out."""
        ...

    def write(
        self,
        retries: Sequence[RetryRecord],
        states: Callable[[Sequence[int]], Sequence[tuple[bytes, bytes]]],
    ) -> None:
        """One transaction: all or nothing. `states` gets the offsets that the retries were
        given, in their order. Raises `TooLargeError`, `TakenOverError` or `LettersError`."""
        ...


class Sources(Protocol):
    """The topics that the letters came from."""

    def newer(self, topic: str, partition: int, first: int, seen: Seen) -> Iterator[Record]:
        """Records from offset `first` to the end as it is now; nothing where there are none."""
        ...

    def original(self, origin: Origin, beat: Beat = unhurried) -> Record | None:
        """None when the topic does not have it any more."""
        ...
