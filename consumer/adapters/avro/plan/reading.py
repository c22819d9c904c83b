"""How a plan reads a value: writes its statements, and says which expression holds it then.

In every plan `d` is the record and `p` the position of the next byte. What a plan does not
expect makes it raise, so whatever it returns is what the general decoder would.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from consumer.adapters.avro.bounds import MAX_VARINT_BYTES
from consumer.adapters.avro.plan.cuts import Cuts, leading, moment_of
from consumer.adapters.avro.plan.primitives import GROUPS
from consumer.adapters.avro.plan.source import Source, UnplannedError
from consumer.adapters.avro.resolution import resolves
from consumer.adapters.avro.shapes import Shape, Shapes, Together, shape_of
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

    def outermost(self, writer: Record, reader: Record) -> str:
        return self._record(writer, reader, is_outermost=True)

    def value(self, writer: Node, reader: Node) -> str:
        """Raises UnplannedError for what plans do not know."""
        match writer, reader:
            case Union(), _:
                return self._any_of(writer, reader)
            case _, Union():
                return self.value(writer, _chosen(writer, reader))
            case Record(), Record():
                return self._record(writer, reader)
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

    def _record(self, writer: Record, reader: Record, *, is_outermost: bool = False) -> str:
        """In the writer's order; fields that only the reader has come from their defaults."""
        shape = shape_of(reader, self.shapes)
        written = {entry.name for entry in writer.fields}
        wanted = {entry.name: entry.node for entry in reader.fields}
        held = {it.name: self._default(it) for it in reader.fields if it.name not in written}
        made: dict[Together, str] = {}
        rest: Sequence[Field] = writer.fields
        if is_outermost:
            rest = self._cut(rest, wanted, held)
        while rest:
            together, run = _leading(rest, shape, written)
            rest = rest[len(run) :]
            if together is not None:
                made[together] = self._remembered(run, together, wanted, held)
            elif (name := run[0].name) in wanted:
                held[name] = self.value(run[0].node, wanted[name])
            else:
                self.skip(run[0].node)
        parts = ", ".join(
            made.get(part) or self._made(part, held) if isinstance(part, Together) else held[part]
            for part in shape.fields
        )
        record, made_of = self.source.variable(), f"({parts},)"
        if shape.kind is not tuple:
            made_of = f"new({self.source.constant(shape.kind)}, {made_of})"
        self.source.put(f"{record} = {made_of}")
        return record

    def _cut(
        self, fields: Sequence[Field], wanted: dict[str, Node], held: dict[str, str]
    ) -> Sequence[Field]:
        """Leading fields in one step, or else one after another. What is left of them all."""
        head = leading(fields, wanted)
        names = [it.name for it in head if it.name in wanted]
        if not names:
            return fields
        cuts = Cuts([(it.node, it.name in wanted) for it in head])
        layout, missed = self.source.constant(cuts.layout), self.source.constant(cuts.missed)
        least, marks, expected, cut, take, taken = (self.source.variable() for _ in range(6))
        self.source.put(f"{least}, {marks}, {expected}, {cut}, {take} = {layout}")
        fits = f"len(d) >= {least} and {marks}(d) == {expected}"
        with self.source.block(f"if {fits} and ({taken} := {take}({cut}(d))) is not None"):
            self.source.put(f"p = {least}")
        with self.source.block("else"):
            for it in head:
                if it.name in wanted:
                    held[it.name] = self.value(it.node, wanted[it.name])
                else:
                    self.skip(it.node)
            held_now = ", ".join(held[name] for name in names)
            self.source.put(f"{missed}(d)", f"{taken} = ({held_now},)")
        for name in names:
            held[name] = self.source.variable()
        self.source.put(f"{', '.join(held[name] for name in names)}, = {taken}")
        return fields[len(head) :]

    def _remembered(
        self,
        run: Sequence[Field],
        together: Together,
        wanted: Mapping[str, Node],
        held: dict[str, str],
    ) -> str:
        """Bytes that were read before need not be read again. Where they end is a guess, which
        is wrong for long texts: those are never found, and never kept."""
        known = self.source.constant(dict[bytes, object]())
        stop, span, made = (self.source.variable() for _ in range(3))
        self.source.put(f"{stop} = p")
        for entry in run:
            self.source.put(f"{stop} += {_span(entry.node, stop)}")
        self.source.put(f"{span} = d[p:{stop}]", f"{made} = {known}.get({span})")
        with self.source.block(f"if {made} is None"):
            for entry in run:
                held[entry.name] = self.value(entry.node, wanted[entry.name])
            self.source.put(
                f"{made} = {self._made(together, held)}",
                f"if p == {stop}: keep({known}, {span}, {made})",
            )
        with self.source.block("else"):
            self.source.put(f"p = {stop}")
        return made

    def _made(self, together: Together, held: Mapping[str, str]) -> str:
        parts = ", ".join(held[name] for name in together.fields)
        return f"{self.source.constant(together.make)}({parts})"

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
        fitting.reverse()  # Null comes first in a schema, and is what a record has least often.
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
        moment, *groups = (self.source.variable() for _ in range(1 + len(GROUPS)))
        self.source.put(
            f"{', '.join(groups)} = groups(padded, p)",
            f"{moment} = {moment_of(groups)}",
            f"p += {len(groups) - 1}",
            f"if {moment} < 0: {moment}, p = long(d, p - {len(groups) - 1})",
            "p += 1",
        )
        return moment

    def _looked_up(self, expression: str, otherwise: str | None, value: str = "") -> str:
        """One byte by its table; by the function `otherwise` when the table has None."""
        value = value or self.source.variable()
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
            yield
            self.source.put(f"{count} -= 1")
            with self.source.block(f"if not {count}"):
                self._looked_up("COUNTS[d[p]]", "count", count)

    def _branches(self, numbered: Sequence[tuple[int, Node]]) -> Iterator[Node]:
        """What is put while it stands at a branch happens when a record has that branch."""
        if not numbered or any(place >= _MOST_BRANCHES for place, _ in numbered):
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


def _leading(
    fields: Sequence[Field], shape: Shape, written: set[str]
) -> tuple[Together | None, Sequence[Field]]:
    """The fields that come first and are remembered together, all that are written of a part;
    else the first alone."""
    for part in shape.fields:
        if isinstance(part, Together):
            of_it = written.intersection(part.fields)
            run = fields[: len(of_it)]
            together = bool(run) and {it.name for it in run} == of_it
            if together and all(_span(it.node, "p") for it in run):
                return part, run
    return None, fields[:1]


def _span(node: Node, at: str) -> str:
    """How many bytes a value at that position has if its texts and numbers are short; empty for
    what is too varied to come back."""
    match node:
        case Primitive(kind="boolean" | "int"):
            return "1"
        case Primitive(kind="string"):
            return f"SPANS[d[{at}]]"
        case Record(fields=[Field(node=Primitive(kind="string")), *others]):
            ints = all(isinstance(it.node, Primitive) and it.node.kind == "int" for it in others)
            return f"SPANS[d[{at}]] + {len(others)}" if ints else ""
        case Union(branches=[Primitive(kind="null"), branch]):
            size = _span(branch, f"{at} + 1")
            return size and f"({size} + 1 if d[{at}] == 2 else 1)"
        case _:
            return ""


def _chosen(writer: Node, reader: Union) -> Node:
    """Avro takes the first of the reader's branches that fits."""
    for branch in reader.branches:
        if resolves(writer, branch):
            return branch
    msg = "no branch fits"
    raise UnplannedError(msg)
