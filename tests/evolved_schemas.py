"""Schemas that publishers could have evolved from ours, and records of theirs.

Each is made from a reader schema of ours, type by type: fields dropped, added, reordered;
types widened, narrowed, put into unions; records and enums of the publisher's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hypothesis import strategies as st

from tests.avro_samples import schema_json

Schema = Any
"""As JSON has it."""

_LEAVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_SAMES: dict[str, list[Schema]] = {
    "string": ["string", "bytes", {"type": "string", "avro.java.string": "String"}],
    "int": ["int"],
    "long": ["long", "int"],
    "boolean": ["boolean"],
}


@dataclass
class _Evolution:
    """One publisher's schema in the making."""

    draw: st.DrawFn
    numbers: Any = field(default_factory=count)
    records: dict[str, Schema] = field(default_factory=dict)
    """By our name: theirs, so that two places may share one."""

    def name(self) -> str:
        return f"{self.draw(st.sampled_from(['', 'their.', 'State.']))}N{next(self.numbers)}"

    def of(self, schema: Schema) -> Schema:
        """What somebody could write where we read `schema`."""
        if isinstance(schema, list):
            return self._of_nullable(schema[1])
        if isinstance(schema, str) or schema.get("type") in _SAMES:
            return self._maybe_in_union(self._of_leaf(schema))
        if schema["type"] == "array":
            return self._maybe_in_union({"type": "array", "items": self.of(schema["items"])})
        return self._of_record(schema)

    def own(self, depth: int = 0) -> Schema:
        """Any type of Avro, of no concern to us."""
        makers: list[Callable[[], Schema]] = [
            lambda: self.draw(st.sampled_from(_LEAVES)),
            lambda: {"type": "enum", "name": self.name(), "symbols": ["A", "B", "C"]},
            lambda: {"type": "fixed", "name": self.name(), "size": self.draw(st.integers(0, 20))},
        ]
        if depth < 3:
            makers += [
                lambda: {"type": "array", "items": self.own(depth + 1)},
                lambda: {"type": "map", "values": self.own(depth + 1)},
                lambda: _distinct(["null", self.own(3), self.own(3)]),
                lambda: self._own_record(depth),
            ]
        return self.draw(st.sampled_from(makers))()

    def _of_leaf(self, schema: Schema) -> Schema:
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind not in _SAMES:  # A record that was defined before.
            return self.records[kind]
        return self.draw(st.sampled_from([schema, *_SAMES[kind]]))

    def _of_nullable(self, schema: Schema) -> Schema:
        theirs = self.of(schema)
        branches = theirs if isinstance(theirs, list) else [theirs]
        branches = [branch for branch in branches if branch != "null"]
        return self.draw(
            st.sampled_from([["null", *branches], [*branches, "null"], "null", theirs])
        )

    def _maybe_in_union(self, schema: Schema) -> Schema:
        if self.draw(st.integers(0, 12)):
            return schema
        return self.draw(st.permutations(_distinct([schema, "null", self.own(3)])))

    def _of_record(self, schema: Schema) -> Schema:
        fields = [
            {"name": entry["name"], "type": self.of(entry["type"])}
            for entry in schema["fields"]
            if "default" not in entry or self.draw(st.integers(0, 5))
        ]
        fields += [
            {"name": f"own{next(self.numbers)}", "type": self.own()}
            for _ in range(self.draw(st.sampled_from([0, 0, 1, 2])))
        ]
        if self.draw(st.booleans()):
            fields = self.draw(st.permutations(fields))
        theirs = {
            "type": "record",
            "name": self.draw(st.sampled_from([schema["name"], self.name()])),
            "fields": fields,
        }
        self.records[schema["name"]] = theirs
        return theirs

    def _own_record(self, depth: int) -> Schema:
        fields = [
            {"name": f"f{place}", "type": self.own(depth + 1)}
            for place in range(self.draw(st.integers(0, 3)))
        ]
        return {"type": "record", "name": self.name(), "fields": fields}


def _distinct(branches: list[Schema]) -> list[Schema]:
    """A union has each kind of unnamed type once."""
    kinds: dict[str, Schema] = {}
    for branch in branches:
        named = branch if isinstance(branch, str) else branch.get("name", branch["type"])
        kinds.setdefault(named, branch)
    return list(kinds.values())


@st.composite
def evolved(draw: st.DrawFn, event_type: str) -> Schema:
    """A writer schema for one of our events. Most resolve; some records of it may not."""
    ours = schema_json(event_type)
    theirs = _Evolution(draw).of(ours)
    return _defined_once(theirs | {"name": ours["name"]}, set())


def _defined_once(schema: Schema, seen: set[str]) -> Schema:
    """With full names; a second use of a named type is its name alone."""
    if isinstance(schema, list):
        return [_defined_once(branch, seen) for branch in schema]
    if isinstance(schema, str):
        return schema
    copy = dict(schema)
    if "name" in copy:
        copy["name"] = name = _full_name(copy["name"])
        if name in seen:
            return name
        seen.add(name)
    for key in ("items", "values"):
        if key in copy:
            copy[key] = _defined_once(copy[key], seen)
    if "fields" in copy:
        copy["fields"] = [
            entry | {"type": _defined_once(entry["type"], seen)} for entry in copy["fields"]
        ]
    return copy


def _full_name(name: str) -> str:
    return name if "." in name else f"ats.events.{name}"


texts = st.text(max_size=8) | st.text(min_size=60, max_size=200)
integers = st.integers(-3, 200) | st.integers(-(2**31), 2**31 - 1)
moments = st.integers(1_500_000_000_000, 1_900_000_000_000) | st.integers(-(2**63), 2**63 - 1)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": integers,
    "long": moments,
    "float": st.floats(width=32),
    "double": st.floats(),
    "bytes": st.binary(max_size=8) | texts.map(lambda it: it.encode()),
    "string": texts,
}


def values(schema: Schema, named: dict[str, Schema] | None = None) -> st.SearchStrategy[Any]:
    """What a publisher could write with `schema`."""
    named = {} if named is None else named
    if isinstance(schema, list):
        return st.one_of([values(branch, named) for branch in schema])
    if isinstance(schema, str):
        return _VALUES[schema] if schema in _VALUES else values(named[schema], named)
    if "name" in schema:
        named[schema["name"]] = schema
    made = _CONTAINERS.get(schema["type"])
    return _VALUES[schema["type"]] if made is None else made(schema, named)


_CONTAINERS: dict[str, Callable[[Schema, dict[str, Schema]], st.SearchStrategy[Any]]] = {
    "enum": lambda schema, _: st.sampled_from(schema["symbols"]),
    "fixed": lambda schema, _: st.binary(min_size=schema["size"], max_size=schema["size"]),
    "array": lambda schema, named: st.lists(values(schema["items"], named), max_size=3),
    "map": lambda schema, named: st.dictionaries(
        texts, values(schema["values"], named), max_size=3
    ),
    "record": lambda schema, named: st.fixed_dictionaries(
        {entry["name"]: values(entry["type"], named) for entry in schema["fields"]}
    ),
}


@st.composite
def mutated(draw: st.DrawFn, body: bytes) -> bytes:
    """Bytes changed, taken out, put in, cut off or added."""
    changed = bytearray(body)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(changed)))
        until = min(len(changed), place + draw(st.integers(0, 2)))
        changed[place:until] = draw(st.binary(max_size=3))
    return bytes(changed[: draw(st.integers(0, len(changed)))] if draw(st.booleans()) else changed)
