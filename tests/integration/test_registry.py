"""The schema lookup on a real registry, with the client library's own serializer as publisher."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from consumer.adapters.avro.decoder import event_record
from consumer.adapters.avro.event_json import completed
from consumer.adapters.avro.event_schemas import EVENT_TYPES
from consumer.adapters.avro.framing import frame
from consumer.adapters.avro.reader import AvroReader
from consumer.adapters.avro.registry import (
    RegistryClient,
    RegistryError,
    UnknownId,
    WriterSchema,
    connect,
)
from consumer.adapters.avro.schema_store import SchemaStore
from consumer.adapters.avro.writer import EventWriter
from consumer.domain.signals import Signal
from consumer.ports import Reading, Unresolved
from tests.avro_samples import LIVE, NOW_MS, SAMPLES, FakeClock, JsonEvent, schema_json
from tests.testbed import Registry

pytestmark = pytest.mark.broker

NO_SUCH_ID = 2_000_000_000


@pytest.fixture
def client(registry: Registry) -> Iterator[RegistryClient]:
    connected = connect({"url": registry.url})
    yield connected
    connected.close()


@pytest.fixture
def store(client: RegistryClient) -> SchemaStore:
    """Without its background thread: `settled` asks in its place."""
    return SchemaStore(client, FakeClock())


@pytest.fixture
def reader(store: SchemaStore) -> AvroReader:
    return AvroReader(store, LIVE)


@pytest.fixture
def topic() -> str:
    """Its own for each test: the registry keeps subjects for the whole run."""
    return f"ats.{uuid4().hex}"


def settled(reader: AvroReader, store: SchemaStore, value: bytes) -> Reading:
    """Read, looked up, read again: as the pipeline does with a record that is unresolved."""
    if isinstance(reader.read(value, NOW_MS), Unresolved):
        store.ask_due()
    return reader.read(value, NOW_MS)


def serialized(client: RegistryClient, topic: str, schema: JsonEvent, record: JsonEvent) -> bytes:
    serializer = AvroSerializer(client.client, json.dumps(schema))
    value = serializer(record, SerializationContext(topic, MessageField.VALUE))
    assert isinstance(value, bytes)
    return value


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_what_we_publish_is_what_we_read(
    event_type: str, topic: str, client: RegistryClient, reader: AvroReader, store: SchemaStore
) -> None:
    value = EventWriter(client).encode(event_type, topic, SAMPLES[event_type])

    assert reader.read(value, NOW_MS) == Unresolved(int.from_bytes(value[1:5], "big"), outage=False)
    assert isinstance(settled(reader, store, value), Signal)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_a_foreign_publishers_evolved_schema_gives_the_same_bytes(
    event_type: str, topic: str, client: RegistryClient, reader: AvroReader, store: SchemaStore
) -> None:
    ours = EventWriter(client).encode(event_type, topic, SAMPLES[event_type])
    record = completed(event_record(event_type), SAMPLES[event_type])
    evolved = schema_json(event_type)
    evolved["fields"].insert(0, {"name": "tenant", "type": "string", "default": ""})
    evolved["fields"] = [entry for entry in evolved["fields"] if entry["name"] != "hirerId"]
    del record["hirerId"]

    theirs = serialized(client, f"{topic}.theirs", evolved, {"tenant": "t", **record})

    expected = settled(reader, store, ours)
    assert isinstance(expected, Signal)
    assert settled(reader, store, theirs) == replace(expected, hirer_id=None)


def test_a_schema_registered_twice_keeps_its_id(topic: str, registry: Registry) -> None:
    ids = set()
    for _ in range(2):
        client = connect({"url": registry.url})
        ids.add(EventWriter(client).register("application_completed", topic))
        client.close()

    assert len(ids) == 1


def test_an_id_that_was_never_given_is_answered_as_unknown(
    client: RegistryClient, reader: AvroReader
) -> None:
    assert client.fetch(NO_SUCH_ID) == UnknownId()
    assert reader.read(frame(NO_SUCH_ID, b""), NOW_MS) == Unresolved(NO_SUCH_ID, outage=False)


def test_a_schema_comes_back_as_it_was_registered(topic: str, client: RegistryClient) -> None:
    text = json.dumps(schema_json("application_completed"))

    fetched = client.fetch(client.register(f"{topic}-value", text))

    assert isinstance(fetched, WriterSchema)
    assert json.loads(fetched.text) == json.loads(text)
    assert (fetched.kind, fetched.references) == ("AVRO", False)


def test_a_text_that_is_no_schema_is_refused_with_the_registrys_words(
    topic: str, client: RegistryClient
) -> None:
    with pytest.raises(RegistryError, match=f"{topic}-value"):
        client.register(f"{topic}-value", '{"type": "record"}')
