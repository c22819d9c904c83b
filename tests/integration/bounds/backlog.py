"""Records that lie in Kafka before the service starts, written fast.

A value is encoded once; only its subject differs from record to record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from confluent_kafka import KafkaError, Message, Producer
from fastavro import schemaless_writer

from consumer.adapters.avro.event_schemas import event_schema
from consumer.adapters.avro.registry import connect
from consumer.adapters.avro.writer import encode_event
from tests.testbed import KafkaCluster, Registry

APPLICATIONS: Final = "application_status_changed"
SUBJECT: Final = "app-%010d"
FLUSH_S: Final = 120.0
PRODUCER: Final[Mapping[str, str | int]] = {
    "acks": "1",
    "linger.ms": 20,
    "batch.size": 1_000_000,
    "queue.buffering.max.kbytes": 131_072,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What makes a record large: its label, which goes to SEEK, or what only the ATS reads."""

    label: str = "Interview"
    label_bytes: int = 20
    unread_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Value:
    """One record's bytes around the place of its subject."""

    head: bytes
    tail: bytes

    @classmethod
    def of(cls, shape: Shape, schema_id: int) -> Value:
        placeholder = SUBJECT % 0
        whole = encode_event(APPLICATIONS, _event(placeholder, shape), schema_id)
        head, tail = whole.split(placeholder.encode(), 1)
        return cls(head, tail + _unread(shape))

    def with_subject(self, subject: bytes) -> bytes:
        return self.head + subject + self.tail


def register(registry: Registry, topic: str, shape: Shape) -> int:
    """The id of our schema, with a last field that nobody reads where the shape wants it."""
    schema = json.loads(event_schema(APPLICATIONS).text)
    if shape.unread_bytes:
        schema["fields"].append({"name": "document", "type": "bytes"})
    client = connect({"url": registry.url})
    try:
        return client.register(f"{topic}-value", json.dumps(schema))
    finally:
        client.close()


def subject_of(number: int) -> bytes:
    return (SUBJECT % number).encode()


@dataclass(slots=True)
class Filler:
    """Writes one topic; `finish` says that all of it is there."""

    topic: str
    producer: Producer
    records: int = 0
    size_bytes: int = 0
    """Of all values."""
    refused: list[str] = field(default_factory=list[str])

    @classmethod
    def of(cls, kafka: KafkaCluster, topic: str, compression: str = "none") -> Filler:
        """Not compressed by default: the bytes are meant to be there."""
        config = {**kafka.client_config(), **PRODUCER, "compression.type": compression}
        return cls(topic, Producer(config))

    def write(self, value: Value, numbers: Iterable[int], partitions: Sequence[int]) -> None:
        """One record a number, with a subject of its own, to each partition in turn."""
        for count, number in enumerate(numbers):
            subject = subject_of(number)
            self.put(subject, value.with_subject(subject), partitions[count % len(partitions)])

    def put(self, key: bytes, value: bytes, partition: int) -> None:
        while True:
            try:
                self.producer.produce(self.topic, value, key, partition, self._delivered)
            except BufferError:
                self.producer.poll(0.1)
            else:
                self.records += 1
                self.size_bytes += len(value)
                self.producer.poll(0)
                return

    def finish(self) -> None:
        assert self.producer.flush(FLUSH_S) == 0
        assert self.refused == []

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self.refused.append(error.name())


def _event(subject: str, shape: Shape) -> dict[str, object]:
    return {
        "eventId": "e-1",
        "applicationId": subject,
        "hirerId": "hirer-7",
        "occurredAt": "2026-01-05T09:00:02Z",
        "seekToken": "global-WfRFAhG25YC8ADe3QvxAVz",
        "positionProfileIds": ["seekAnz:positionProfile:jobAd:27cuZeA47"],
        "current": {
            "status": {"label": shape.label.ljust(shape.label_bytes, "x"), "index": 3, "total": 9},
            "timestamp": "2026-01-05T09:00:00Z",
        },
    }


def _unread(shape: Shape) -> bytes:
    if not shape.unread_bytes:
        return b""
    stream = BytesIO()
    schemaless_writer(stream, "bytes", bytes(shape.unread_bytes))
    return stream.getvalue()
