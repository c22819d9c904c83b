"""Letters named one by one in a report: how many there are, and the first so many of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

MOST: Final = 10_000
"""A few megabytes; who needs more of them narrows the filter."""

_T = TypeVar("_T")


@dataclass(slots=True)
class Named(Generic[_T]):
    total: int = 0
    first: list[_T] = field(default_factory=list[_T])

    def add(self, *each: _T) -> None:
        self.total += len(each)
        self.first += each[: MOST - len(self.first)]

    def add_all(self, all_: Iterable[_T]) -> None:
        for each in all_:
            self.add(each)

    def __bool__(self) -> bool:
        return self.total > 0
