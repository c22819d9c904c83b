"""Schemas with which a few bytes could keep the decoder busy for ever, or crash it.

fastavro trusts what a record declares: it counts through 2^62 items that have no bytes,
follows a recursive type down the C stack until the process dies, and skips past the end
of a record. So what it decodes is walked here first, which is slow and bounded. Plans
check as they read; but they are for schemas of which each step uses up bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from consumer.adapters.avro.tree import (
    MAX_DEPTH,
    Array,
    Enum,
    Fixed,
    Map,
    Node,
    Primitive,
    Record,
    Union,
)

_SIZES: Final = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_MAX_STEPS_A_VALUE: Final = 10_000
"""Types visited for one value. Nested records without bytes can double it at every level."""
_STEPS_A_BYTE: Final = 3
"""A union, a record and a leaf, as in a linked list: 3 s for the largest record, measured."""
_CONTINUES: Final = 0x80
MAX_VARINT_BYTES: Final = 10


class BeyondBoundsError(ValueError):
    """The record would take more than its bytes can justify, or ends too early."""


class _Weight(NamedTuple):
    least_bytes: int
    steps: int
    depth: int
    risky: bool


def is_risky(node: Node) -> bool:
    """Whether a few bytes of this schema can cost far more than they weigh."""
    weight = _Scales().weigh(node)
    return weight.risky or weight.steps > _MAX_STEPS_A_VALUE or weight.depth > MAX_DEPTH


@dataclass(slots=True)
class _Scales:
    _known: dict[str, _Weight | None] = field(default_factory=dict[str, "_Weight | None"])
    """By name; None while it is being weighed, so that a cycle shows."""

    def weigh(self, node: Node) -> _Weight:
        match node:
            case Primitive() | Enum() | Fixed():
                return _Weight(_least_bytes(node), 1, 1, risky=False)
            case Union():
                parts = [self.weigh(branch) for branch in node.branches]
                return _above(parts, 1, max((part.steps for part in parts), default=0))
            case Array():
                item = self.weigh(node.items)
                return _above([item], 1, item.steps, endless=item.least_bytes == 0)
            case Map():
                value = self.weigh(node.values)
                return _above([value], 1, value.steps)
            case Record():
                return self._record(node)

    def _record(self, record: Record) -> _Weight:
        if record.name in self._known:
            return self._known[record.name] or _Weight(0, 1, 1, risky=True)
        self._known[record.name] = None
        parts = [self.weigh(entry.node) for entry in record.fields]
        least_bytes, steps = sum(p.least_bytes for p in parts), sum(p.steps for p in parts)
        weight = self._known[record.name] = _above(parts, least_bytes, steps)
        return weight


def _above(parts: list[_Weight], least_bytes: int, steps: int, *, endless: bool = False) -> _Weight:
    depth = 1 + max((part.depth for part in parts), default=0)
    return _Weight(least_bytes, 1 + steps, depth, endless or any(part.risky for part in parts))


def _least_bytes(node: Primitive | Enum | Fixed) -> int:
    match node:
        case Primitive():
            return _SIZES.get(node.kind, 1)
        case Enum():
            return 1
        case Fixed():
            return node.size


def walk(data: bytes, start: int, node: Node) -> None:
    """Raises BeyondBoundsError for a record that must not reach the decoder."""
    _Walker(data, start, _STEPS_A_BYTE * len(data) + _MAX_STEPS_A_VALUE).value(node, 0)


@dataclass(slots=True)
class _Walker:
    data: bytes
    position: int
    steps_left: int

    def value(self, node: Node, depth: int) -> None:
        self.steps_left -= 1
        if self.steps_left < 0 or depth > MAX_DEPTH:
            msg = f"nested deeper than {MAX_DEPTH}, or more items than the record has bytes for"
            raise BeyondBoundsError(msg)
        match node:
            case Primitive() | Enum() | Fixed():
                self._leaf(node)
            case Union():
                index = self._long()
                if not 0 <= index < len(node.branches):
                    msg = f"branch {index} of a union of {len(node.branches)}"
                    raise BeyondBoundsError(msg)
                self.value(node.branches[index], depth + 1)
            case Array() | Map():
                self._blocks(node, depth + 1)
            case Record():
                for entry in node.fields:
                    self.value(entry.node, depth + 1)

    def _blocks(self, node: Array | Map, depth: int) -> None:
        while count := self._long():
            if count < 0:
                self._long()  # The block's size in bytes: for those who skip it whole.
            for _ in range(abs(count)):
                if isinstance(node, Map):
                    self._skip(self._long())
                    self.value(node.values, depth)
                else:
                    self.value(node.items, depth)

    def _leaf(self, node: Primitive | Enum | Fixed) -> None:
        match node:
            case Primitive(kind="bytes" | "string"):
                self._skip(self._long())
            case Primitive(kind="int" | "long") | Enum():
                self._long()
            case Primitive() | Fixed():
                self._skip(_least_bytes(node))

    def _skip(self, size: int) -> None:
        if not 0 <= size <= len(self.data) - self.position:
            msg = f"{size} bytes declared at {self.position}, the record has {len(self.data)}"
            raise BeyondBoundsError(msg)
        self.position += size

    def _long(self) -> int:
        number = 0
        for place in range(MAX_VARINT_BYTES):
            if self.position >= len(self.data):
                break
            byte = self.data[self.position]
            self.position += 1
            number |= (byte & 0x7F) << (7 * place)
            if byte < _CONTINUES:
                return (number >> 1) ^ -(number & 1)
        msg = f"an integer without an end at {self.position}"
        raise BeyondBoundsError(msg)
