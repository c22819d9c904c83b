"""How much one poll brings, at most."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Final, TypeVar

TAKE: Final = 500
"""Records a poll: a turn stays short, and larger chunks cost more a record."""
STEP: Final = 100
TAKE_BYTES: Final = 4 * 1024 * 1024
"""No further step after so many bytes: what a poll brings comes on top of what is pending."""

_M = TypeVar("_M", bound=Sized)


def with_more(consume: Callable[[int, float], list[_M]], first: _M) -> list[_M]:
    """`first`, and what has been fetched already; nothing is waited for.

    `consume`: so many at most, waiting so long. The length of a message is its value's.
    """
    messages, size_bytes, step = [first], len(first), STEP - 1
    while len(messages) < TAKE and size_bytes < TAKE_BYTES:
        more = consume(step, 0)
        messages += more
        if len(more) < step:
            break
        size_bytes += sum(map(len, more))
        step = STEP
    return messages
