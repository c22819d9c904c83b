"""`NamedTuple`s in half of the time that calling their class takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol, TypeVar, cast

_T = TypeVar("_T", bound=tuple[object, ...])


class _New(Protocol):
    def __call__(self, kind: type[_T], fields: Iterable[object], /) -> _T: ...


new_tuple: Final = cast("_New", tuple.__new__)
"""Of a class and its fields, all of them and in their order: nobody counts them."""
