"""What JSON brings, narrowed: the sandbox reads anything that a client may send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

JsonObject: TypeAlias = Mapping[str, object]


def as_object(value: object) -> JsonObject | None:
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    return cast("list[object]", value) if isinstance(value, list) else None


def as_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def listed(value: object) -> list[object]:
    """GraphQL's list coercion: a lone value is a list of one, null is nothing."""
    if value is None:
        return []
    items = as_list(value)
    return [value] if items is None else items
