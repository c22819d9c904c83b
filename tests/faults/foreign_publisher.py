"""Publishes as somebody else's ATS would: confluent-kafka's own AvroSerializer, two schemas.

Half of the events are written with a schema that has evolved: a field was added, fields are
in another order, one is promoted from `bytes`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from consumer.adapters.avro.event_schemas import schemas_folder
from consumer.delivery.records import Headers, TopicPartition
from consumer.demo.balance import Published
from consumer.demo.expectations import CutShort, DemoEvent, Kind
from tests.faults.oracle.publications import PublicationLog, publication

FLUSH_S = 60.0


PROMOTED = "eventId"
"""Written as `bytes`, read as `string`: one of Avro's promotions."""


def evolved(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What the schema may have become at a publisher that follows the rules of evolution."""
    added = {"name": "sourceSystem", "type": ["null", "string"], "default": None}
    fields = [_promoted(each) for each in (*reversed(schema["fields"]), added)]
    return {**schema, "fields": sorted(fields, key=_uses_a_type_defined_elsewhere)}


def _promoted(field_: dict[str, Any]) -> dict[str, Any]:
    return {**field_, "type": "bytes"} if field_["name"] == PROMOTED else field_


def _uses_a_type_defined_elsewhere(field_: dict[str, Any]) -> bool:
    """A named type is defined where it is used first: `previous` refers to `current`'s."""
    return bool(field_["name"] == "previous")


@dataclass(slots=True)
class ForeignPublisher:
    producer: Producer
    registry: SchemaRegistryClient
    topics: Mapping[Kind, str]
    log: PublicationLog | None = None
    """Where an oracle of another process reads what is published."""
    headers: Headers = field(default_factory=list[tuple[str, bytes | None]])
    """Of each record."""
    published: list[Published] = field(default_factory=list)
    """Confirmed ones, in the order of confirmation."""
    failed: list[str] = field(default_factory=list)
    _serializers: dict[tuple[Kind, bool], AvroSerializer] = field(default_factory=dict)

    def publish(self, events: Iterable[DemoEvent]) -> None:
        """Blocks until all are confirmed or have failed."""
        for number, event in enumerate(events):
            self.send(event, number)
        left = self.producer.flush(FLUSH_S)
        if left:
            self.failed.append(f"{left} not confirmed in time")

    def send(self, event: DemoEvent, number: int) -> None:
        """Hands it over, and waits only while the client's queue is full. Every second one is
        of the evolved schema."""
        self._produce(event, evolved_schema=number % 2 == 1)
        self.producer.poll(0)

    def _produce(self, event: DemoEvent, *, evolved_schema: bool) -> None:
        value = self._encoded(event, evolved_schema=evolved_schema)
        key = event.key.encode()

        def confirmed(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self.failed.append(error.name())
                return
            place = TopicPartition(cast("str", message.topic()), cast("int", message.partition()))
            offset = cast("int", message.offset())
            told = Published(event, place, offset, key, value)
            self.published.append(told)
            if self.log is not None:
                self.log.add([publication(told, self.headers)])

        while True:
            try:
                topic = self.topics[event.kind]
                headers: list[tuple[str, str | bytes | None]] = list(self.headers)
                self.producer.produce(
                    topic, value=value, key=key, headers=headers, on_delivery=confirmed
                )
            except BufferError:
                self.producer.poll(0.1)
            else:
                return

    def _encoded(self, event: DemoEvent, *, evolved_schema: bool) -> bytes | None:
        match event.value:
            case None | bytes():
                return event.value
            case CutShort(fields):
                whole = self._serialized(event.kind, fields, evolved_schema=evolved_schema)
                return whole[: len(whole) // 2]
            case fields:
                return self._serialized(event.kind, fields, evolved_schema=evolved_schema)

    def _serialized(
        self, kind: Kind, fields: Mapping[str, object], *, evolved_schema: bool
    ) -> bytes:
        serializer = self._serializers.get((kind, evolved_schema))
        if serializer is None:
            schema = json.loads((schemas_folder() / kind / "v1.avsc").read_text())
            text = json.dumps(evolved(schema) if evolved_schema else schema)
            serializer = AvroSerializer(self.registry, text)
            self._serializers[kind, evolved_schema] = serializer
        context = SerializationContext(self.topics[kind], MessageField.VALUE)
        promoted = str(fields[PROMOTED]).encode() if evolved_schema else fields[PROMOTED]
        return cast("bytes", serializer({**fields, PROMOTED: promoted}, context))
