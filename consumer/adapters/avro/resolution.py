"""Can records written with one schema be read with another? Decided once, before any record.

Avro's rules (specification 1.12, "Schema Resolution"), and two of our own:

- Records inside an event may have any name: they are matched by their place. Publishers
  name them as they like, and their fields still have to resolve.
- A logical type of the writer has to be ours. Microseconds read as milliseconds would
  resolve, and be wrong by a factor of a thousand.

A writer's union resolves when one of its branches does: whether a record does is then up to it.
Not so for logical types, which no one checks again when a record is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from consumer.adapters.avro.tree import (
    NO_DEFAULT,
    Array,
    Enum,
    Fixed,
    Map,
    Node,
    Primitive,
    Record,
    Union,
)

_PROMOTIONS: Final = frozenset(
    {
        ("int", "long"),
        ("int", "float"),
        ("int", "double"),
        ("long", "float"),
        ("long", "double"),
        ("float", "double"),
        ("string", "bytes"),
        ("bytes", "string"),
    }
)
_MOST_PAIRS: Final = 20_000
"""Pairs of types that are compared; honest schemas have some hundred. Branches of unions
inside branches of unions multiply: 60 KB of schema can have as many pairs as keep a thread
busy for ever."""


class _TooManyPairsError(Exception):
    """Whether it resolves is not worth finding out."""


@dataclass(slots=True)
class _Budget:
    pairs_left: int = _MOST_PAIRS


@dataclass(slots=True)
class Resolution:
    """Why not, one line each: it resolves when both lists are empty."""

    faults: list[str] = field(default_factory=list[str])
    wrong_units: list[str] = field(default_factory=list[str])
    """Logical types that differ: not excused by another branch of a union that resolves."""
    aliases: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """The reader's records, by full name → the writer's names for them."""
    budget: _Budget = field(default_factory=_Budget, repr=False)
    """Shared by all attempts."""


def resolve(writer: Record, reader: Record) -> Resolution:
    """The two are taken for the same event, whatever their names."""
    resolution = Resolution()
    try:
        _records(writer, reader, writer.name, resolution)
    except _TooManyPairsError:
        fault = f"{writer.name}: its unions have more than {_MOST_PAIRS} combinations of branches"
        return Resolution([fault])
    return resolution


def resolves(writer: Node, reader: Node) -> bool:
    """Whether values of one type can be read as another."""
    resolution = Resolution()
    try:
        _nodes(writer, reader, "", resolution)
    except _TooManyPairsError:
        return False
    return not (resolution.faults or resolution.wrong_units)


def _nodes(writer: Node, reader: Node, path: str, found: Resolution) -> None:
    found.budget.pairs_left -= 1
    if found.budget.pairs_left < 0:
        raise _TooManyPairsError
    match writer, reader:
        case Union(), _:
            _any_of([(branch, reader) for branch in writer.branches], path, found)
        case _, Union():
            _any_of([(writer, branch) for branch in reader.branches], path, found)
        case Record(), Record():
            _records(writer, reader, path, found)
        case Array(), Array():
            _nodes(writer.items, reader.items, f"{path}[]", found)
        case Map(), Map():
            _nodes(writer.values, reader.values, f"{path}{{}}", found)
        case Primitive(), Primitive():
            _primitives(writer, reader, path, found)
        case _:
            found.faults.append(f"{path}: {_name(writer)} cannot be read as {_name(reader)}")


def _records(writer: Record, reader: Record, path: str, found: Resolution) -> None:
    found.aliases.setdefault(reader.name, set()).add(writer.name)
    written = {entry.name: entry.node for entry in writer.fields}
    for entry in reader.fields:
        below = f"{path}.{entry.name}"
        node = written.get(entry.name)
        if node is not None:
            _nodes(node, entry.node, below, found)
        elif entry.default is NO_DEFAULT:
            found.faults.append(f"{below}: missing, and it has no default")


def _any_of(pairs: list[tuple[Node, Node]], path: str, found: Resolution) -> None:
    faults: list[str] = []
    resolved = False
    for writer, reader in pairs:
        attempt = Resolution(budget=found.budget)
        _nodes(writer, reader, path, attempt)
        found.wrong_units.extend(attempt.wrong_units)
        if attempt.faults:
            faults.extend(attempt.faults)
            continue
        resolved = True
        for name, aliases in attempt.aliases.items():
            found.aliases.setdefault(name, set()).update(aliases)
    if not resolved:
        found.faults.extend(faults or [f"{path}: the union has no branches"])


def _primitives(writer: Primitive, reader: Primitive, path: str, found: Resolution) -> None:
    if writer.kind != reader.kind and (writer.kind, reader.kind) not in _PROMOTIONS:
        found.faults.append(f"{path}: {_name(writer)} cannot be read as {_name(reader)}")
    elif writer.kind != "string" and writer.logical not in (None, reader.logical):
        # A string's logical type (a UUID) says what the text means, not how to read it.
        found.wrong_units.append(f"{path}: {_name(writer)} is not {_name(reader)}")


def _name(node: Node) -> str:
    match node:
        case Primitive():
            return f"{node.kind} ({node.logical})" if node.logical else node.kind
        case Enum() | Fixed() | Record():
            return f"{type(node).__name__.lower()} {node.name}"
        case Array() | Map() | Union():
            return type(node).__name__.lower()
