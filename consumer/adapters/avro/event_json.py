"""Checks an event given as JSON against a schema: all its faults, by the field's path.

Faults name fields and kinds of values, never the values: they may be about people (P11).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Final, cast

from consumer.adapters.avro.tree import (
    NO_DEFAULT,
    Array,
    Node,
    Primitive,
    Record,
    Union,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_RANGES: Final = {"int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_KINDS: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    str: "another text",
    list: "a list",
    dict: "an object",
}
_DATE_LENGTH: Final = len("2020-01-02")


class EventFaultError(ValueError):
    """An event that its schema cannot write. `faults` has one line for each field at fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def completed(record: Record, event: Mapping[str, object]) -> dict[str, object]:
    """The event with defaults filled in and times in milliseconds. Raises EventFaultError."""
    faults: list[str] = []
    written = _record(record, event, "", faults)
    if faults:
        raise EventFaultError(faults)
    return written


def _record(
    record: Record, given: Mapping[str, object], path: str, faults: list[str]
) -> dict[str, object]:
    names = [entry.name for entry in record.fields]
    faults.extend(_stranger(name, names, path) for name in given if name not in names)
    written: dict[str, object] = {}
    for entry in record.fields:
        below = f"{path}{entry.name}"
        if entry.name in given:
            written[entry.name] = _value(entry.node, given[entry.name], below, faults)
        elif entry.default is not NO_DEFAULT:
            written[entry.name] = entry.default
        else:
            faults.append(f"{below}: missing")
    return written


def _stranger(name: str, names: list[str], path: str) -> str:
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"
    return f"{path}{name}: no such field; {hint}"


def _value(node: Node, given: object, path: str, faults: list[str]) -> object:
    if isinstance(node, Union):
        if given is None:
            return None
        (node,) = [branch for branch in node.branches if branch != Primitive("null")]
    match node, given:
        case Record(), dict():
            return _record(node, cast("Mapping[str, object]", given), f"{path}.", faults)
        case Array(), list():
            items = cast("list[object]", given)
            return [_value(node.items, x, f"{path}[{i}]", faults) for i, x in enumerate(items)]
        case Primitive(), _:
            return _scalar(node, given, path, faults)
        case _:
            expected = "an object" if isinstance(node, Record) else "a list"
            faults.append(f"{path}: expected {expected}, got {_kind(given)}")
            return None


def _scalar(node: Primitive, given: object, path: str, faults: list[str]) -> object:
    expected = node.kind
    if node.logical == "timestamp-millis":
        expected = "milliseconds or a text like 2020-01-02T00:00:00.000Z"
        if isinstance(given, str):
            given = _milliseconds(given)
    fits = {"string": _encodable(given), "boolean": isinstance(given, bool)}
    if node.kind in _RANGES:
        least, most = _RANGES[node.kind]
        fits[node.kind] = type(given) is int and least <= given <= most
    if not fits[node.kind]:
        faults.append(f"{path}: expected {expected}, got {_kind(given)}")
    return given


def _milliseconds(text: str) -> int | str:
    """The text itself when it is no RFC 3339 time with an offset. Cuts below milliseconds."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None or text[_DATE_LENGTH : _DATE_LENGTH + 1] not in ("T", "t", " "):
        return text
    return (moment - _EPOCH) // _MILLISECOND


def _encodable(given: object) -> bool:
    """JSON can escape half a surrogate pair, which UTF-8 cannot write."""
    if not isinstance(given, str):
        return False
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(given: object) -> str:
    return _KINDS.get(type(given), "a number")
