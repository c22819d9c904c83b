"""Plans that have to read alone."""

from __future__ import annotations

import json

from consumer.adapters.avro.decoder import Decode, event_record
from consumer.adapters.avro.plan.compiler import compile_plan
from consumer.adapters.avro.plan.primitives import OddError
from consumer.adapters.avro.shapes import EVENT_KINDS, Fields
from consumer.adapters.avro.tree import Record, parse, unqualified


def record(schema: object) -> Record:
    node = parse(json.dumps(schema))
    assert isinstance(node, Record)
    return node


def plan(schema: object, event_type: str = "application_completed") -> Decode:
    """One that leaves nothing to another decoder."""
    reader = event_record(event_type)
    kind = EVENT_KINDS[unqualified(reader.name)]
    return Decode(kind, compile_plan(record(schema), reader, refuse))


def refuse(value: bytes) -> Fields:
    raise OddError(value)
