"""Chosen letters a slice at a time, and each whole: a slice is held in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from consumer.letters.choosing import Decision, Row
from consumer.letters.letter import Letter
from consumer.letters.ports import Beat, Sources, unhurried
from consumer.letters.retrying import restored

AT_ONCE: Final = 500
"""Letters a transaction: what a kill can undo, and the broker holds open."""
AT_ONCE_BYTES: Final = 8 * 1024 * 1024
LARGE_BYTES: Final = 1024 * 1024
"""What a pointer letter's record is taken for, which is not known before it is read."""

Chosen: TypeAlias = tuple[Row, Decision]


def sliced(rows: Iterable[Chosen], size: int = AT_ONCE) -> Iterator[Sequence[Chosen]]:
    """By number and by bytes."""
    slice_: list[Chosen] = []
    held = 0
    for row, decision in rows:
        slice_.append((row, decision))
        held += LARGE_BYTES if row.is_pointer else row.size
        if len(slice_) >= size or held >= AT_ONCE_BYTES:
            yield slice_
            slice_, held = [], 0
    if slice_:
        yield slice_


def whole(
    row: Row, letter: Letter | None, sources: Sources, beat: Beat = unhurried
) -> Letter | None:
    """The letter that the row speaks of, with what a pointer points at; None when it is gone."""
    if letter is None or letter.dead.replay_count != row.replay_count:
        return None
    if not letter.dead.is_pointer:
        return letter
    return restored(letter, sources.original(letter.origin, beat))
