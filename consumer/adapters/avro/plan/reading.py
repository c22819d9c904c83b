"""How a plan reads a value: writes its statements, and says which expression holds it then.

In every plan `d` is the record and `p` the position of the next byte. What a plan does not
expect makes it raise, so whatever it returns is what the general decoder would.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from consumer.adapters.avro.bounds import MAX_VARINT_BYTES
from consumer.adapters.avro.plan.source import Source, UnplannedError
from consumer.adapters.avro.resolution import resolves
from consumer.adapters.avro.shapes import Shapes, shape_of
from consumer.adapters.avro.tree import (
    NO_DEFAULT,
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Node,
    Primitive,
    Record,
    Union,
)

_FIXED_SIZES: Final = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_LOOK_UPS: Final = {
    "boolean": ("FLAGS[d[p]]", None),
    "int": ("INTS[d[p]]", "integer"),
    "long": ("INTS[d[p]]", "long"),
}
_MOST_BRANCHES: Final = 64
"""The numbers of so many have one byte."""


@dataclass(frozen=True, slots=True)
class Reading:
    source: Source
    shapes: Shapes

    def value(self, writer: Node, reader: Node) -> str:
        """Raises UnplannedError for what plans do not know."""
        match writer, reader:
            case Union(), _:
                return self._any_of(writer, reader)
            case _, Union():
                return self.value(writer, _chosen(writer, reader))
            case Record(), Record():
                read = self._remembered if _comes_back(writer) else self._record
                return read(writer, reader)
            case Array(), Array():
                return self._list(writer, reader)
            case Primitive(), Primitive():
                return self._primitive(writer, reader)
            case _:
                msg = f"plans do not read a {type(reader).__name__.lower()}"
                raise UnplannedError(msg)

    def skip(self, node: Node) -> None:
        match node:
            case Primitive() | Enum() | Fixed():
                self._skip_leaf(node)
            case Record():
                for entry in node.fields:
                    self.skip(entry.node)
            case Array():
                with self._items():
                    self.skip(node.items)
                    # Items of a fixed size are passed over unseen: past the end, this raises.
                    self.source.put("d[p - 1]")
            case Map():
                with self._items():
                    self._skip_text()
                    self.skip(node.values)
            case Union():
                for branch in self._branches(list(enumerate(node.branches))):
                    self.skip(branch)

    # -- What is made of parts ---------------------------------------------------------------

    def _record(self, writer: Record, reader: Record) -> str:
        """In the writer's order; fields that only the reader has come from their defaults."""
        wanted = {entry.name: entry.node for entry in reader.fields}
        held: dict[str, str] = {}
        for entry in writer.fields:
            if entry.name in wanted:
                held[entry.name] = self.value(entry.node, wanted[entry.name])
            else:
                self.skip(entry.node)
        for entry in reader.fields:
            if entry.name not in held:
                held[entry.name] = self._default(entry)
        shape = shape_of(reader, self.shapes)
        parts = ", ".join(held[name] for name in shape.fields)
        made = self.source.variable()
        self.source.put(f"{made} = new({self.source.constant(shape.kind)}, ({parts},))")
        return made

    def _remembered(self, writer: Record, reader: Record) -> str:
        """A text and small integers: bytes that were read before need not be read again."""
        known = self.source.constant(dict[bytes, object]())
        size, start, span, made = (self.source.variable() for _ in range(4))
        self.source.put(
            f"{start} = p",
            f"{size} = ENDS[d[p]]",
            f"if {size} is None: {size} = 0",
            f"{size} += {len(writer.fields) - 1}",
            f"{span} = d[p:p + {size}]",
            f"{made} = {known}.get({span})",
        )
        with self.source.block(f"if {made} is None"):
            value = self._record(writer, reader)
            self.source.put(
                f"{made} = {value}",
                f"if p == {start} + {size}: keep({known}, {span}, {made})",
            )
        with self.source.block("else"):
            self.source.put(f"p += {size}")
        return made

    def _default(self, entry: Field) -> str:
        if entry.default is NO_DEFAULT or isinstance(entry.default, dict):
            msg = "plans do not know such a default"
            raise UnplannedError(msg)
        return self.source.constant(entry.default)

    def _list(self, writer: Array, reader: Array) -> str:
        items = self.source.variable()
        self.source.put(f"{items} = []")
        with self._items():
            item = self.value(writer.items, reader.items)
            self.source.put(f"{items}.append({item})")
        return items

    def _any_of(self, writer: Union, reader: Node) -> str:
        """A branch that does not resolve is left out: its records are odd."""
        held = self.source.variable()
        fitting = [it for it in enumerate(writer.branches) if resolves(it[1], reader)]
        for branch in self._branches(fitting):
            value = self.value(branch, reader)
            self.source.put(f"{held} = {value}")
        return held

    # -- What is not -------------------------------------------------------------------------

    def _primitive(self, writer: Primitive, reader: Primitive) -> str:
        match reader.kind, writer.kind:
            case "null", _:
                return "None"
            case "string", _:
                return self._text()
            case "long", "long":
                return self._moment()
            case "boolean" | "int" | "long", _:
                return self._looked_up(*_LOOK_UPS[reader.kind])
            case _:
                msg = f"plans do not read {writer.kind} as {reader.kind}"
                raise UnplannedError(msg)

    def _text(self) -> str:
        stop, text = self.source.variable(), self.source.variable()
        self.source.put(
            f"{stop} = ENDS[d[p]]",
            f"if {stop} is None: {stop}, p = end(d, p)",
            f"{stop} += p",
            f"{text} = d[p + 1:{stop}].decode()",
            f"p = {stop}",
        )
        return text

    def _moment(self) -> str:
        """Six bytes at once, since most are milliseconds of these decades."""
        low, middle, high = (self.source.variable() for _ in range(3))
        self.source.put(
            f"{low}, {middle}, {high} = words(padded, p)",
            f"{low} = LOW[{low}] + MIDDLE[{middle}] + HIGH[{high}]",
            "p += 5",
            f"if {low} < 0: {low}, p = long(d, p - 5)",
            "p += 1",
        )
        return low

    def _looked_up(self, expression: str, otherwise: str | None) -> str:
        """One byte by its table; by the function `otherwise` when the table has None."""
        value = self.source.variable()
        self.source.put(f"{value} = {expression}")
        if otherwise is not None:
            self.source.put(f"if {value} is None: {value}, p = {otherwise}(d, p)")
        self.source.put("p += 1")
        return value

    def _skip_leaf(self, node: Primitive | Enum | Fixed) -> None:
        match node:
            case Primitive(kind="string" | "bytes"):
                self._skip_text()
            case Primitive(kind="int" | "long") | Enum():
                self._skip_number()
            case Primitive():
                self._skip_bytes(_FIXED_SIZES[node.kind])
            case Fixed():
                self._skip_bytes(node.size)

    def _skip_text(self) -> None:
        stop = self.source.variable()
        self.source.put(
            f"{stop} = ENDS[d[p]]",
            f"if {stop} is None: {stop}, p = end(d, p)",
            f"p += {stop}",
        )

    def _skip_number(self) -> None:
        first = self.source.variable()
        self.source.put(
            f"{first} = p",
            "while d[p] > 127: p += 1",
            "p += 1",
            f"if p - {first} > {MAX_VARINT_BYTES}: raise OddError",
        )

    def _skip_bytes(self, size: int) -> None:
        if size:
            self.source.put(f"p += {size:d}")

    # -- Blocks --------------------------------------------------------------------------------

    @contextmanager
    def _items(self) -> Generator[None]:
        """The body is written for one item of an array or map."""
        count = self._looked_up("COUNTS[d[p]]", "count")
        with self.source.block(f"while {count}"):
            with self.source.block(f"for _ in range({count})"):
                yield
            self.source.put(
                f"{count} = COUNTS[d[p]]",
                f"if {count} is None: {count}, p = count(d, p)",
                "p += 1",
            )

    def _branches(self, numbered: Sequence[tuple[int, Node]]) -> Iterator[Node]:
        """What is put while it stands at a branch happens when a record has that branch."""
        if not numbered or numbered[-1][0] >= _MOST_BRANCHES:
            msg = "plans do not know unions with so many branches, or so few"
            raise UnplannedError(msg)
        number, word = self.source.variable(), "if"
        self.source.put(f"{number} = d[p]", "p += 1")
        for place, branch in numbered:
            with self.source.block(f"{word} {number} == {2 * place}"):
                yield branch
            word = "elif"
        with self.source.block("else"):
            self.source.put("raise OddError")


def _comes_back(writer: Record) -> bool:
    """Statuses and phases: there are few, and each record has some."""
    first, *others = [entry.node for entry in writer.fields] or [writer]
    numbers = all(isinstance(node, Primitive) and node.kind == "int" for node in others)
    return isinstance(first, Primitive) and first.kind == "string" and bool(others) and numbers


def _chosen(writer: Node, reader: Union) -> Node:
    """Avro takes the first of the reader's branches that fits."""
    for branch in reader.branches:
        if resolves(writer, branch):
            return branch
    msg = "no branch fits"
    raise UnplannedError(msg)
