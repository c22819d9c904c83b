"""An Avro schema as a typed tree: what resolution, bounds and writing walk.

Names are full names; a second use of a named type is the same object, so a recursive
schema is a cyclic graph. Documentation, properties and bad defaults of foreign
schemas are dropped here and cannot disturb anything behind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar, cast

PRIMITIVES: Final = frozenset(
    {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
)
MAX_SCHEMA_CHARACTERS: Final = 1_048_576
"""Registries refuse less; parsing stays well under a second."""
MAX_DEPTH: Final = 64
"""Types inside types. Real schemas have under ten; the library recurses on the C stack."""


class BadSchemaError(ValueError):
    """The text is not an Avro schema, or one beyond our bounds."""


@dataclass(frozen=True, slots=True)
class Primitive:
    kind: str
    logical: str | None = None


@dataclass(frozen=True, slots=True)
class Array:
    items: Node


@dataclass(frozen=True, slots=True)
class Map:
    values: Node


@dataclass(frozen=True, slots=True)
class Union:
    branches: Sequence[Node]


@dataclass(frozen=True, slots=True)
class Enum:
    name: str
    symbols: Sequence[str]


@dataclass(frozen=True, slots=True)
class Fixed:
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class NoDefault:
    """The default of a field that has to be written."""


NO_DEFAULT: Final = NoDefault()


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    node: Node
    default: object = NO_DEFAULT


@dataclass(frozen=True, slots=True, eq=False)  # Cyclic graphs cannot be compared by value.
class Record:
    name: str
    aliases: Sequence[str]
    fields: list[Field] = field(default_factory=list[Field], repr=False)


Node: TypeAlias = Primitive | Array | Map | Union | Enum | Fixed | Record
_Named: TypeAlias = Enum | Fixed | Record
_N = TypeVar("_N", Enum, Fixed, Record)


def parse(text: str) -> Node:
    """Raises BadSchemaError with the reason; it may quote names of the schema."""
    if len(text) > MAX_SCHEMA_CHARACTERS:
        msg = f"{len(text)} characters, the limit is {MAX_SCHEMA_CHARACTERS}"
        raise BadSchemaError(msg)
    try:
        raw: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = f"not JSON: {error}"
        raise BadSchemaError(msg) from error
    return _Parser().node(raw, "", 0)


def unqualified(name: str) -> str:
    return name.rpartition(".")[2]


@dataclass(slots=True)
class _Parser:
    """Of one schema text: remembers the types that it has named so far."""

    _named: dict[str, _Named] = field(default_factory=dict[str, _Named])

    def node(self, raw: object, namespace: str, depth: int) -> Node:
        if depth > MAX_DEPTH:
            msg = f"types nested deeper than {MAX_DEPTH}"
            raise BadSchemaError(msg)
        match raw:
            case str():
                return self._by_name(raw, namespace)
            case list():
                branches = cast("list[object]", raw)
                return Union([self.node(branch, namespace, depth + 1) for branch in branches])
            case dict():
                return self._complex(cast("dict[str, object]", raw), namespace, depth)
            case _:
                msg = f"{_kind(raw)} is not a type"
                raise BadSchemaError(msg)

    def _by_name(self, name: str, namespace: str) -> Node:
        if name in PRIMITIVES:
            return Primitive(name)
        found = self._named.get(_full_name(name, namespace)) or self._named.get(name)
        if found is None:
            msg = f"no type named {name!r}"
            raise BadSchemaError(msg)
        return found

    def _complex(self, raw: Mapping[str, object], namespace: str, depth: int) -> Node:
        kind = raw.get("type")
        match kind:
            case "record" | "error":
                return self._record(raw, namespace, depth)
            case "enum":
                return self._define(Enum(_name(raw, namespace), _texts(raw.get("symbols"))))
            case "fixed":
                return self._define(Fixed(_name(raw, namespace), _size(raw.get("size"))))
            case str() if kind in PRIMITIVES:
                return Primitive(kind, _text_or_none(raw.get("logicalType")))
            case _:
                return self._container(raw, namespace, depth + 1)

    def _container(self, raw: Mapping[str, object], namespace: str, depth: int) -> Node:
        match raw.get("type"):
            case "array":
                return Array(self.node(raw.get("items"), namespace, depth))
            case "map":
                return Map(self.node(raw.get("values"), namespace, depth))
            case wrapped:  # {"type": {"type": …}}, or a name with properties beside it.
                return self.node(wrapped, namespace, depth)

    def _record(self, raw: Mapping[str, object], namespace: str, depth: int) -> Record:
        name = _name(raw, namespace)
        namespace = name.rpartition(".")[0]
        aliases = [_full_name(alias, namespace) for alias in _texts(raw.get("aliases", []))]
        record = Record(name, aliases)
        self._define(record)
        for entry in _list(raw.get("fields"), "fields"):
            if not isinstance(entry, dict):
                msg = f"a field of {name} is {_kind(entry)}"
                raise BadSchemaError(msg)
            described = cast("dict[str, object]", entry)
            node = self.node(described.get("type"), namespace, depth + 1)
            default = described.get("default", NO_DEFAULT)
            record.fields.append(Field(_text(described.get("name"), "name"), node, default))
        return record

    def _define(self, named: _N) -> _N:
        if named.name in self._named:
            msg = f"{named.name} is defined twice"
            raise BadSchemaError(msg)
        self._named[named.name] = named
        return named


def _full_name(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _name(raw: Mapping[str, object], enclosing: str) -> str:
    namespace = raw.get("namespace", enclosing)
    return _full_name(_text(raw.get("name"), "name"), _text(namespace, "namespace"))


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        msg = f"the {what} of a type or field is {_kind(value)}"
        raise BadSchemaError(msg)
    return value


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _size(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        msg = f"the size of a fixed type is {value!r}"
        raise BadSchemaError(msg)
    return value


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        msg = f"the {what} of a type are {_kind(value)}"
        raise BadSchemaError(msg)
    return cast("list[object]", value)


def _texts(value: object) -> list[str]:
    return [_text(entry, "symbol or alias") for entry in _list(value, "symbols or aliases")]


def _kind(value: object) -> str:
    return "missing" if value is None else f"a {type(value).__name__}"
