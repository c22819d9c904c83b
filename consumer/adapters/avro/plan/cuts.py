"""Leading fields, cut where those of an earlier record were cut.

The ids of most publishers have one length each, so where the texts of one record end, those of the
next end as well. Whether they do is one comparison, of all bytes that say so: the lengths, the
branches of unions, the counts of arrays. Then one call takes all fields.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import takewhile
from struct import Struct
from typing import Any, Final, TypeAlias, cast

from consumer.adapters.avro.framing import HEADER_BYTES
from consumer.adapters.avro.plan.primitives import (
    COUNTS,
    ENDS,
    GROUPS,
    GROUPS_BY_NAME,
    OddError,
)
from consumer.adapters.avro.plan.source import Source
from consumer.adapters.avro.resolution import resolves
from consumer.adapters.avro.tree import Array, Field, Node, Primitive, Union

_Take: TypeAlias = Callable[[tuple[Any, ...]], tuple[Any, ...] | None]
_Shape: TypeAlias = tuple[str | int, ...]
"""What the wanted fields of one record are: a text, a moment, null, or a list of so many texts."""
_TEXT: Final = "text"
_MOMENT: Final = "moment"
_NULL: Final = "null"

_NEVER: Final = 1 << 62
_LEARN_EVERY: Final = 100
"""Records that were cut elsewhere: to learn from each would cost more than it saves."""


def leading(fields: Sequence[Field], wanted: dict[str, Node]) -> Sequence[Field]:
    """The fields that can be cut: texts and moments, if need be null, and lists of texts."""
    return list(takewhile(lambda it: _is_plain(it.node, wanted.get(it.name)), fields))


def moment_of(groups: Sequence[str]) -> str:
    """An expression: of six bytes the moment that they are, or something negative."""
    return " + ".join(f"GROUP{place}[{group}]" for place, group in enumerate(groups))


class Cuts:
    """For the leading fields of one writer schema."""

    def __init__(self, fields: Sequence[tuple[Node, bool]]) -> None:
        """Each with whether it is wanted."""
        self._fields = fields
        self._missed = 0
        self.layout: list[object] = [_NEVER, None, None, None, None]
        """How many bytes a record needs, what gives the bytes that tell, what they have to be,
        what cuts, and what makes fields of the pieces: None where there is a moment too short."""

    def missed(self, data: bytes) -> None:
        """A sound record was not cut like the last that was learned from."""
        if self._missed % _LEARN_EVERY == 0:
            with suppress(OddError, IndexError):  # A long text, say: others may have none.
                self._learn(data)
        self._missed += 1

    def _learn(self, data: bytes) -> None:
        walk = _Walk(data)
        for node, is_wanted in self._fields:
            walk.field(node, is_wanted=is_wanted)
        marks = Struct("<" + "".join(walk.marks)).unpack_from
        cut = Struct("<" + "".join(walk.pieces)).unpack_from
        self.layout[:] = walk.at, marks, marks(data), cut, _taking(tuple(walk.shape))


class _Walk:
    """Through the fields of one record. Raises OddError or IndexError for what is not usual."""

    def __init__(self, data: bytes) -> None:
        self.at = HEADER_BYTES
        self.marks = [f"{HEADER_BYTES}x"]
        self.pieces = [f"{HEADER_BYTES}x"]
        """In the words of `struct`: all that tells where to cut, and all that is wanted."""
        self.shape: list[str | int] = []
        self._data = data

    def field(self, node: Node, *, is_wanted: bool) -> None:
        match node:
            case Union():
                self.field(node.branches[self._mark() >> 1], is_wanted=is_wanted)
                return
            case Array():
                found: str | int = self._texts(is_wanted=is_wanted)
            case Primitive(kind="string"):
                found = self._text(is_wanted=is_wanted)
            case Primitive(kind="long"):
                found = self._moment(is_wanted=is_wanted)
            case _:
                found = _NULL
        if is_wanted:
            self.shape.append(found)

    def _mark(self) -> int:
        self.marks.append("B")
        self.pieces.append("x")
        self.at += 1
        return self._data[self.at - 1]

    def _pass(self, size: int, piece: str, *, is_wanted: bool) -> None:
        self.marks.append(f"{size}x")
        self.pieces.append(piece if is_wanted else f"{size}x")
        self.at += size

    def _text(self, *, is_wanted: bool) -> str:
        size = _usual(ENDS[self._mark()]) - 1
        self._pass(size, f"{size}s", is_wanted=is_wanted)
        return _TEXT

    def _moment(self, *, is_wanted: bool) -> str:
        ahead = self._data[self.at : self.at + len(GROUPS)]
        if sum(table[byte] for table, byte in zip(GROUPS, ahead, strict=False)) < 0:
            raise OddError
        self._pass(len(GROUPS), f"{len(GROUPS)}B", is_wanted=is_wanted)
        return _MOMENT

    def _texts(self, *, is_wanted: bool) -> int:
        count = _usual(COUNTS[self._mark()])
        for _ in range(count):
            self._text(is_wanted=is_wanted)
        if count and self._mark():
            raise OddError
        return count


def _usual(found: int | None) -> int:
    if found is None:
        raise OddError
    return found


def _is_plain(writer: Node, reader: Node | None) -> bool:
    match writer:
        case Primitive(kind="string" | "long"):
            return reader is None or any(_is_a(it, writer.kind) for it in _branches(reader))
        case Array(items=items):
            theirs = isinstance(reader, Array) and _is_a(reader.items, "string")
            return _is_a(items, "string") and (reader is None or theirs)
        case Union(branches=[Primitive(kind="null"), branch] | [branch, Primitive(kind="null")]):
            fits = reader is None or all(resolves(it, reader) for it in writer.branches)
            return fits and isinstance(branch, Primitive) and _is_plain(branch, reader)
        case _:
            return False


def _is_a(node: Node, kind: str) -> bool:
    """Whatever logical type it has: how it is written does not depend on that."""
    return isinstance(node, Primitive) and node.kind == kind


def _branches(node: Node) -> Sequence[Node]:
    return node.branches if isinstance(node, Union) else [node]


@lru_cache(maxsize=256)
def _taking(shape: _Shape) -> _Take:
    """Made of nothing but our own words."""
    source, pieces, fields, moments = Source(), list[str](), list[str](), list[str]()

    def text() -> str:
        pieces.append(source.variable())
        return f"{pieces[-1]}.decode()"

    for found in shape:
        if found == _MOMENT:
            groups = [source.variable() for _ in GROUPS]
            pieces += groups
            fields.append(source.variable())
            moments.append(f"{fields[-1]} = {moment_of(groups)}")
            moments.append(f"if {fields[-1]} < 0: return None")
        elif isinstance(found, int):
            fields.append(f"[{', '.join([text() for _ in range(found)])}]")
        else:
            fields.append(text() if found == _TEXT else "None")
    with source.block("def take(pieces)"):
        source.put(f"[{', '.join(pieces)}] = pieces", *moments, f"return ({', '.join(fields)},)")
    return cast("_Take", source.function("take", GROUPS_BY_NAME))
