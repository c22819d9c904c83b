"""What a plan reads numbers and lengths with: tables for the usual, functions for the rest.

Avro's integers are zig-zag varints: seven bits a byte, the lowest first; the eighth says that
more follow. Nearly all of ours have one byte, and moments in milliseconds from 1978 to 2039
have six: those are looked up. The functions return a value and the position of its last byte.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from consumer.adapters.avro.bounds import MAX_VARINT_BYTES
from consumer.adapters.avro.shapes import INT_MAX, INT_MIN

_CONTINUES: Final = 0x80
_MAX_BITS: Final = 64


class OddError(ValueError):
    """Not what a plan expects, and maybe no record at all: the general decoder finds out."""


INTS: Final = tuple((byte >> 1) ^ -(byte & 1) if byte < _CONTINUES else None for byte in range(256))
"""A byte → the integer that it is alone."""
ENDS: Final = tuple(
    1 + (byte >> 1) if byte < _CONTINUES and not byte & 1 else None for byte in range(256)
)
"""The first byte of a text → how far behind it the text ends."""
SPANS: Final = tuple(step or 0 for step in ENDS)
"""The same, and nothing for a text with a longer length."""
COUNTS: Final = tuple(None if step is None else step - 1 for step in ENDS)
"""The first byte of a block → how many items it has."""
FLAGS: Final = (False, True)

groups: Final = Struct("<6B").unpack_from
"""The six bytes of a moment, each an index into one of the tables below."""
PADDING: Final = bytes(6)
"""Behind a record, so that six bytes can be looked at anywhere in it."""
_ABSENT: Final = -(2**62)
"""Makes the sum of six entries negative, whatever the others are."""


def _group(place: int) -> tuple[int, ...]:
    """A byte at that place of six → what its seven bits add to a moment. All but the last have
    to say that more follow; the lowest bit of the first is the sign, of moments before 1970."""
    odd, follows = place == 0, _CONTINUES if place < _MOMENT_BYTES - 1 else 0
    return tuple(
        _ABSENT
        if byte & _CONTINUES != follows or (odd and byte & 1)
        else (byte & 0x7F) << 7 * place >> 1
        for byte in range(256)
    )


_MOMENT_BYTES: Final = 6
GROUPS: Final = tuple(_group(place) for place in range(_MOMENT_BYTES))
"""Small, so that they stay near: larger ones, of two bytes at once, drive out what is pending."""
GROUPS_BY_NAME: Final = {f"GROUP{place}": table for place, table in enumerate(GROUPS)}


_MOST_KEPT: Final = 4_096
"""Of some 800 bytes each; an ATS has some hundred statuses with their places."""


def keep(known: dict[bytes, object], span: bytes, value: object) -> None:
    """Remembers what these bytes mean, and begins anew rather than grow without end."""
    if len(known) >= _MOST_KEPT:
        known.clear()
    known[span] = value


def long(data: bytes, position: int) -> tuple[int, int]:
    """Any integer of up to 64 bits. Raises OddError, or IndexError at the end of `data`."""
    number = 0
    for place in range(MAX_VARINT_BYTES):
        byte = data[position + place]
        number |= (byte & 0x7F) << (7 * place)
        if byte < _CONTINUES:
            if number >> _MAX_BITS:  # The tenth byte has room for more.
                break
            return (number >> 1) ^ -(number & 1), position + place
    raise OddError


def integer(data: bytes, position: int) -> tuple[int, int]:
    """An `int`. Raises as `long` does."""
    number, position = long(data, position)
    if not INT_MIN <= number <= INT_MAX:
        raise OddError
    return number, position


def end(data: bytes, position: int) -> tuple[int, int]:
    """How far behind the last byte of its length a text ends. Raises as `long` does."""
    size, position = long(data, position)
    if size < 0:
        raise OddError
    return size + 1, position


def count(data: bytes, position: int) -> tuple[int, int]:
    """Items in a block of an array or map. A negative one is followed by the block's size in
    bytes, for those who skip it whole. Raises as `long` does."""
    items, position = long(data, position)
    if items < 0:
        _, position = long(data, position + 1)
    return abs(items), position
