"""Where each field of a signal is from. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, cast

from consumer.domain.signals import TypeCode

_RENAMED: Final[Mapping[str, str]] = {
    "typeCode": "the record's type",
    "token": "seekToken",
}
_OF_COMPLETED: Final[Mapping[str, str]] = {"timestamp": "completedAt"}


class Field(NamedTuple):
    path: str
    """In the signal: `current.status.label`."""
    value: object
    source: str
    """The event's field; the names are the same where SEEK's and ours are."""


def fields_of(signal: Mapping[str, object]) -> list[Field]:
    """In the order in which they are sent."""
    completed = signal["typeCode"] == TypeCode.APPLICATION_COMPLETE.value
    renamed = {**_RENAMED, **(_OF_COMPLETED if completed else {})}
    return [
        Field(path, value, renamed.get(path, path.partition("[")[0]))
        for path, value in _leaves(signal, "")
    ]


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, each in cast("Mapping[str, object]", value).items():
            yield from _leaves(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, each in enumerate(cast("Sequence[object]", value)):
            yield from _leaves(each, f"{path}[{number}]")
    else:
        yield path, value
