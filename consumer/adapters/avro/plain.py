"""A typed schema tree as the JSON that fastavro parses, with logical types left out.

Without them a timestamp stays the integer that was written; making `datetime`s of
them, to render them again, costs 40 % of decoding.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

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

Plain: TypeAlias = str | list["Plain"] | dict[str, object]
_NO_ALIASES: Final[Mapping[str, Collection[str]]] = {}


def writer_plain(node: Node) -> Plain:
    """For the schema of whoever wrote: its defaults and aliases play no part in reading."""
    return _Renderer(_NO_ALIASES, with_defaults=False).plain(node)


def reader_plain(node: Node, aliases: Mapping[str, Collection[str]] = _NO_ALIASES) -> Plain:
    """For our own schema. `aliases`: the record's full name → the names it goes by elsewhere."""
    return _Renderer(aliases, with_defaults=True).plain(node)


@dataclass(slots=True)
class _Renderer:
    aliases: Mapping[str, Collection[str]]
    with_defaults: bool
    _defined: set[str] = field(default_factory=set[str])

    def plain(self, node: Node) -> Plain:
        match node:
            case Primitive():
                return node.kind
            case Union():
                return [self.plain(branch) for branch in node.branches]
            case Array() | Map():
                return self._container(node)
            case Enum() | Fixed() | Record():
                if node.name in self._defined:
                    return _anywhere(node.name)
                self._defined.add(node.name)
                return self._definition(node)

    def _container(self, node: Array | Map) -> dict[str, object]:
        if isinstance(node, Array):
            return {"type": "array", "items": self.plain(node.items)}
        return {"type": "map", "values": self.plain(node.values)}

    def _definition(self, node: Enum | Fixed | Record) -> dict[str, object]:
        name = _anywhere(node.name)
        match node:
            case Enum():
                return {"type": "enum", "name": name, "symbols": list(node.symbols)}
            case Fixed():
                return {"type": "fixed", "name": name, "size": node.size}
            case Record():
                fields = [self._field(entry) for entry in node.fields]
                plain: dict[str, object] = {"type": "record", "name": name, "fields": fields}
                if node.name in self.aliases:
                    plain["aliases"] = sorted(map(_anywhere, self.aliases[node.name]))
                return plain

    def _field(self, entry: Field) -> dict[str, object]:
        plain: dict[str, object] = {"name": entry.name, "type": self.plain(entry.node)}
        if self.with_defaults and entry.default is not NO_DEFAULT:
            plain["default"] = entry.default
        return plain


def _anywhere(name: str) -> str:
    """A full name that means the same in any namespace: one without a dot would be taken for
    a name of the record around it."""
    return name if "." in name else f"_.{name}"
