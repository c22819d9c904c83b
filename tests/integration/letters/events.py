"""Real events among the dead letters of a bench: what can be decoded, mapped and superseded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from fastavro import parse_schema, schemaless_writer

from consumer.adapters.avro.event_schemas import event_schema
from consumer.adapters.avro.framing import frame
from consumer.adapters.avro.registry import RegistryClient, connect
from consumer.adapters.avro.writer import EventWriter, encode_event
from consumer.delivery.dead_letter import Envelope, Failure
from consumer.delivery.records import OutgoingRecord, TopicPartition
from tests.integration.letters.bench import AT_MS, Bench
from tests.testbed import Registry
from tests.unit.delivery_samples import PlainRecord, wrapped

EVENT: Final = "application_status_changed"
TOKEN: Final = "global-WfRFAhG25YC8ADe3QvxAVz"  # noqa: S105 -- no secret: made up
NOTE: Final = "Jane Doe is fine"


@dataclass(frozen=True, slots=True)
class Events:
    """Of one topic, under its own schemas."""

    registry: RegistryClient
    topic: str

    def value(self, subject: str, label: str = "New", hirer: str = "hirer-7") -> bytes:
        schema_id = EventWriter(self.registry).register(EVENT, self.topic)
        return encode_event(EVENT, event(subject, label, hirer), schema_id)

    def evolved(self, subject: str) -> bytes:
        """Of a writer whose schema has gone on: a field and a map that ours does not have, and
        another order."""
        schema = json.loads(event_schema(EVENT).text)
        more = [
            {"name": "note", "type": ["null", "string"], "default": None},
            {"name": "tags", "type": {"type": "map", "values": "string"}, "default": {}},
        ]
        first, *rest = schema["fields"]
        schema["fields"] = [*more, *rest, first]
        schema_id = self.registry.register(f"{self.topic}-evolved", json.dumps(schema))
        body = BytesIO()
        record = {"note": NOTE, "tags": {"Jane": "Doe"}, **event(subject, "New", "hirer-7")}
        state = {"status": {"label": "New", "index": 1, "total": 9}, "timestamp": AT_MS}
        schemaless_writer(
            body, parse_schema(schema), record | {"occurredAt": AT_MS, "current": state}
        )
        return frame(schema_id, body.getvalue())


def event(subject: str, label: str, hirer: str) -> Mapping[str, object]:
    return {
        "eventId": f"e-{label}",
        "applicationId": subject,
        "hirerId": hirer,
        "occurredAt": "2026-01-05T09:00:02Z",
        "seekToken": TOKEN,
        "current": {
            "status": {"label": label, "index": 1, "total": 9},
            "timestamp": "2026-01-05T09:00:00Z",
        },
    }


@contextmanager
def events(bench: Bench, registry: Registry) -> Iterator[Events]:
    """And the bench's command asks that registry."""
    bench.registry_url = registry.url
    client = connect({"url": registry.url})
    try:
        yield Events(client, bench.source)
    finally:
        client.close()


def letter_of(
    bench: Bench, offset: int, key: bytes, value: bytes, message: str = ""
) -> OutgoingRecord:
    """Of the record at `offset` of the source's first partition."""
    record = PlainRecord(TopicPartition(bench.source, 0), offset, key, value, [], AT_MS + offset)
    envelope = Envelope(bench.dlq, bench.group, f"{bench.group}.retry", "1", "h")
    failure = Failure("send", "forbidden", message, "FORBIDDEN", "r-1", 1, AT_MS)
    return wrapped(record, failure, envelope)
