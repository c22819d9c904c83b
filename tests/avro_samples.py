"""Events, clocks and registries for tests of what happens to bytes before they are a signal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_writer

from consumer.adapters.avro.decoder import Compiled, compile_decoder
from consumer.adapters.avro.event_schemas import event_schema
from consumer.adapters.avro.framing import frame
from consumer.adapters.avro.reader import AvroReader
from consumer.adapters.avro.registry import Fetched, UnknownId
from consumer.adapters.avro.schema_store import Looked
from consumer.domain.mapping import MappingPolicy
from consumer.ports import Unresolved

NOW_MS = 1_578_000_000_000
"""2020-01-02T21:20:00Z, a day after the times of the samples."""
LIVE = MappingPolicy(playground=False)
PLAYGROUND = MappingPolicy(playground=True)

JsonEvent = dict[str, Any]


def state(label: str = "Interview", **fields: object) -> JsonEvent:
    given: JsonEvent = {
        "status": {"label": label, "index": 3, "total": 6},
        "phase": {"label": "Shortlist", "index": 2, "total": 3},
        "success": None,
        "timestamp": "2020-01-02T00:00:00.000Z",
    }
    return given | fields


def application_event(**fields: object) -> JsonEvent:
    given: JsonEvent = {
        "eventId": "event-1",
        "applicationId": "app-1",
        "hirerId": "hirer-1",
        "occurredAt": 1_577_923_200_250,
        "seekToken": "token-1",
        "seekTokenIssuedAt": None,
        "candidateApplicationProfileId": None,
        "positionProfileIds": ["seekAnz:positionProfile:jobAd:1"],
        "current": state(),
        "previous": state("Review", timestamp="2020-01-01T00:00:00.000Z"),
    }
    return given | fields


def position_event(**fields: object) -> JsonEvent:
    given: JsonEvent = {
        "eventId": "event-2",
        "positionId": "pos-1",
        "hirerId": None,
        "occurredAt": 1_577_923_200_250,
        "positionProfileIds": ["seekAnz:positionProfile:jobAd:1"],
        "current": state("Withdrawn", success=False),
        "previous": None,
    }
    return given | fields


def completed_event(**fields: object) -> JsonEvent:
    given: JsonEvent = {
        "eventId": "event-3",
        "applicationId": "app-1",
        "hirerId": "hirer-1",
        "occurredAt": 1_577_923_200_250,
        "seekToken": "token-1",
        "seekTokenIssuedAt": 1_577_836_800_000,
        "completedAt": 1_577_923_200_000,
    }
    return given | fields


SAMPLES: Mapping[str, JsonEvent] = {
    "application_status_changed": application_event(),
    "position_status_changed": position_event(),
    "application_completed": completed_event(),
}


def schema_json(event_type: str) -> JsonEvent:
    """A copy of our schema, to be evolved."""
    schema: JsonEvent = json.loads(event_schema(event_type).text)
    return schema


def written(schema: object, record: object, schema_id: int = 1) -> bytes:
    """Framed Avro by the library alone: a foreign producer, with a schema of its own."""
    stream = BytesIO()
    parsed: Any = parse_schema(json.loads(json.dumps(schema)))
    schemaless_writer(stream, parsed, record)
    return frame(schema_id, stream.getvalue())


@dataclass
class FakeClock:
    now_s: float = 1_000.0
    now_ms: int = NOW_MS
    draw: float = 0.0

    def monotonic_s(self) -> float:
        return self.now_s

    def wall_ms(self) -> int:
        return self.now_ms

    def jitter(self) -> float:
        return self.draw


@dataclass
class FakeSchemas:
    """The port `Schemas`: what was put in is known, anything else is being looked up."""

    known: dict[int, Compiled] = field(default_factory=dict)

    def lookup(self, schema_id: int) -> Looked:
        found = self.known.get(schema_id)
        return Unresolved(schema_id, outage=False) if found is None else found


@dataclass
class FakeRegistry:
    """The port `Registry`: answers as scripted, the last answer for ever."""

    answers: dict[int, list[Fetched]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def fetch(self, schema_id: int) -> Fetched:
        self.asked.append(schema_id)
        script = self.answers.get(schema_id, [UnknownId()])
        return script.pop(0) if len(script) > 1 else script[0]


def reader_of(
    *schemas: object, policy: MappingPolicy = LIVE, ignore_types: Sequence[str] = ()
) -> AvroReader:
    """A reader that knows these writer schemas, under the ids 1, 2, 3 …"""
    known = {
        number: compile_decoder(json.dumps(schema), ignore_types)
        for number, schema in enumerate(schemas, start=1)
    }
    return AvroReader(FakeSchemas(known), policy)
