"""Plans that have to read alone."""

from __future__ import annotations

import json

from consumer.adapters.avro.decoder import Decode, event_record
from consumer.adapters.avro.plan.compiler import compile_plan
from consumer.adapters.avro.plan.primitives import OddError
from consumer.adapters.avro.tree import Record, parse
from consumer.domain.events import Event


def record(schema: object) -> Record:
    node = parse(json.dumps(schema))
    assert isinstance(node, Record)
    return node


def plan(schema: object, event_type: str = "application_completed") -> Decode:
    """One that leaves nothing to another decoder."""
    return compile_plan(record(schema), event_record(event_type), refuse)


def refuse(value: bytes) -> Event:
    raise OddError(value)
