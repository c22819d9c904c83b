"""Plans against fastavro: for any schema that both read, the same event, or both refuse."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from consumer.adapters.avro.bounds import is_risky
from consumer.adapters.avro.decoder import (
    FastavroDecoder,
    UndecodableError,
    event_record,
    general_decoder,
)
from consumer.adapters.avro.event_schemas import EVENT_TYPES
from consumer.adapters.avro.plan.compiler import Read, compile_plan
from consumer.adapters.avro.resolution import resolve
from consumer.adapters.avro.shapes import Fields
from consumer.adapters.avro.tree import Record, parse
from tests.avro_samples import written
from tests.evolved_schemas import Schema, evolved, mutated, values

DEFECT = "a defect of fastavro"


class LeftError(Exception):
    """The plan has left the record to the general decoder."""


def leave(value: bytes) -> Fields:
    raise LeftError(value)


def plan_and_oracle(schema: Schema, event_type: str) -> tuple[Read, FastavroDecoder]:
    writer, reader = parse(json.dumps(schema)), event_record(event_type)
    assert isinstance(writer, Record)
    resolution = resolve(writer, reader)
    assume(not (resolution.faults or resolution.wrong_units or is_risky(writer)))
    oracle = general_decoder(writer, reader, resolution.aliases)
    return compile_plan(writer, reader, leave), oracle


def agree(plan: Read, oracle: Read, value: bytes) -> None:
    """What a plan does not leave is read as fastavro reads it."""
    try:
        planned = plan(value)
    except LeftError:
        event("left")
        return
    event("read")
    assert read(oracle, value) in (planned, DEFECT)


def read(oracle: Read, value: bytes) -> Fields | str:
    """fastavro takes a name for a schema where a record spelled out meets, in a union of ours,
    a record that ours refers to by its name (`phase` written as a plain `Step`)."""
    try:
        return oracle(value)
    except UndecodableError as error:
        return DEFECT if isinstance(error.__cause__, TypeError) else str(error)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_a_plan_reads_what_fastavro_reads(event_type: str, data: st.DataObject) -> None:
    schema = data.draw(evolved(event_type))
    plan, oracle = plan_and_oracle(schema, event_type)
    value = written(schema, data.draw(values(schema)))

    agree(plan, oracle, value)
    agree(plan, oracle, value[:5] + data.draw(mutated(value[5:])))


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_a_plan_leaves_no_sound_record_of_its_schema(event_type: str, data: st.DataObject) -> None:
    """Else a defect of plans would show as slowness only."""
    schema = data.draw(evolved(event_type))
    plan, oracle = plan_and_oracle(schema, event_type)
    value = written(schema, data.draw(values(schema)))
    assume(not isinstance(read(oracle, value), str))

    assert plan(value)
