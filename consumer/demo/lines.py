"""Lines of NDJSON to events. What fits a schema is for the writer to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Final, NamedTuple, cast

import orjson

from consumer.adapters.avro.writer import EVENT_TYPES, EventFaultError, subject_id
from consumer.demo.expectations import Kind

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"  # Some editors begin a file with it.


class Line(NamedTuple):
    kind: Kind
    key: str
    """The subject's id, so that its events share a partition and keep their order."""
    event: Mapping[str, object]
    """As it was written, without `type`; not yet held against the schema."""


class BadLine(NamedTuple):
    faults: Sequence[str]
    """`field: what is wrong`. They name fields and kinds of values, never the values (P11)."""


def parse_line(text: bytes) -> Line | BadLine:
    """A JSON object with `"type"`, the name of a schema, and the fields of that schema."""
    try:
        value: object = orjson.loads(text.removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        return BadLine([f"not JSON: {error.msg}"])
    if not isinstance(value, dict):
        return BadLine(["must be a JSON object"])
    event = cast("dict[str, object]", value)
    named = event.pop("type", None)
    if not isinstance(named, str) or named not in EVENT_TYPES:
        return BadLine([f"type: must be one of {', '.join(EVENT_TYPES)}{_meant(named)}"])
    try:
        return Line(Kind(named), subject_id(named, event), event)
    except EventFaultError as error:
        return BadLine(error.faults)


def _meant(named: object) -> str:
    if named is None:
        return "; it is missing"
    near = get_close_matches(str(named), EVENT_TYPES, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def as_ranges(numbers: Iterable[int]) -> str:
    """`3, 7-19, 40`: short for a person, whole for a script."""
    ordered = sorted(set(numbers))
    breaks = [place for place, (a, b) in enumerate(pairwise(ordered), 1) if b > a + 1]
    runs = [ordered[a:b] for a, b in pairwise([0, *breaks, len(ordered)])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs if run)
