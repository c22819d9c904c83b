"""What reading a record costs by stage, in one process, on one thread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import islice

from consumer.adapters.avro.decoder import Decode, compile_decoder, event_record, general_decoder
from consumer.adapters.avro.event_schemas import event_schema
from consumer.adapters.avro.reader import AvroReader
from consumer.adapters.avro.schema_store import Looked
from consumer.adapters.clock import SystemClock
from consumer.domain.mapping import MappingPolicy, map_event
from consumer.domain.signals import Signal
from tests.bench.workload import EVENT_TYPE, records

_RECORDS = 500
_ROUNDS = 40


class _OneSchema:
    def __init__(self, decode: Decode) -> None:
        self._decode = decode

    def lookup(self, schema_id: int) -> Looked:
        del schema_id
        return self._decode


def show_stages(say: Callable[[str], None]) -> None:
    values = [value for _, value in islice(records(), _RECORDS)]
    plan = compile_decoder(event_schema(EVENT_TYPE).text)
    assert not isinstance(plan, tuple)
    record, policy = event_record(EVENT_TYPE), MappingPolicy(playground=False)
    general = general_decoder(record, record, {})
    reader = AvroReader(_OneSchema(plan), policy)
    events = [plan(value) for value in values]
    now_ms = SystemClock().wall_ms()
    assert all(isinstance(map_event(event, policy, now_ms), Signal) for event in events)
    costs = _interleaved(
        {
            "read, all of it": lambda: [reader.read(value, now_ms) for value in values],
            "decode, by the plan": lambda: [plan(value) for value in values],
            "decode, by fastavro": lambda: [general(value) for value in values],
            "map and encode": lambda: [map_event(event, policy, now_ms) for event in events],
        }
    )
    size = statistics.mean(map(len, values))
    say(f"{_RECORDS} records of {size:.0f} bytes; CPU us a record, median (min) of {_ROUNDS}:")
    for name, samples in costs.items():
        say(f"  {name:20} {statistics.median(samples):6.2f} ({min(samples):.2f})")


def _interleaved(cases: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    costs: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(_ROUNDS):
        for name, case in cases.items():
            began_s = time.thread_time()
            case()
            costs[name].append((time.thread_time() - began_s) / _RECORDS * 1e6)
    return costs
