"""A record that declares more items than it has bytes costs a plan no more than its bytes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from consumer.adapters.avro.decoder import event_record
from consumer.adapters.avro.plan.compiler import compile_plan
from consumer.adapters.avro.plan.primitives import OddError
from consumer.adapters.avro.shapes import Fields
from consumer.adapters.avro.tree import Record, parse
from tests.avro_samples import completed_event, schema_json, written

DECLARED = b"\xa0\x8d\x06"
"""50,000 items, as Avro writes it. Not 2^62, so that a plan at fault ends as well."""


def plan_with_own(type_: object) -> tuple[Callable[[bytes], Fields], bytes, int]:
    """A plan for records with a field of their own, such a record, and where that field is."""
    schema: Any = schema_json("application_completed")
    schema["fields"].insert(0, {"name": "own", "type": type_})
    writer = parse(json.dumps(schema))
    assert isinstance(writer, Record)
    value = written(schema, completed_event(own=[]))
    return compile_plan(writer, event_record("application_completed"), refuse), value, 5


def refuse(value: bytes) -> Fields:
    raise OddError(value)


def lines_run(call: Callable[[], object]) -> int:
    """Of the plan, until it refuses."""
    lines = 0

    def count(_: FrameType, what: str, __: object) -> Any:  # noqa: ANN401 -- a trace function
        nonlocal lines
        lines += what == "line"
        return count

    sys.settrace(count)
    try:
        with pytest.raises(OddError):
            call()
    finally:
        sys.settrace(None)
    return lines


@pytest.mark.parametrize(
    "items",
    [
        "boolean",
        "float",
        "double",
        {"type": "fixed", "name": "F", "size": 3},
        {"type": "record", "name": "R", "fields": [{"name": "f", "type": "float"}]},
        {"type": "array", "items": "float"},
        "string",
        "long",
    ],
)
def test_a_skipped_array_of_more_items_than_bytes_is_left_at_the_end_of_the_record(
    items: object,
) -> None:
    plan, value, place = plan_with_own({"type": "array", "items": items})
    assert plan(value)
    bomb = value[:place] + DECLARED + value[place + 1 :]
    assert lines_run(lambda: plan(bomb)) < 10 * len(bomb)
