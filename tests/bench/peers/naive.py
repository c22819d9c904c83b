# Run by an environment of its own, whose packages are not here.
# mypy: ignore-errors
"""confluent-kafka's own examples: poll, its AvroDeserializer, datetimes, json, requests, and a
synchronous commit a batch. One request at a time."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, Final

import requests
from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

TOPIC: Final = os.environ["BENCH_TOPIC"]
URL: Final = os.environ["BENCH_URL"]
QUERY: Final = "mutation ($input: SendSignalsInput!) { sendSignals(input: $input) }"


def main() -> None:
    registry = SchemaRegistryClient.new_client({"url": URL})
    deserialize = AvroDeserializer(registry)
    context = SerializationContext(TOPIC, MessageField.VALUE)
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["BENCH_BOOTSTRAP"],
            "group.id": os.environ["BENCH_GROUP"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([TOPIC])
    session = requests.Session()
    session.headers["Authorization"] = "Bearer " + "x" * 600
    batch: list[dict[str, Any]] = []
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        batch.append(to_signal(deserialize(message.value(), context)))
        if len(batch) == 100:
            send(session, batch)
            consumer.commit(asynchronous=False)
            batch.clear()


def to_signal(record: Any) -> dict[str, Any]:  # noqa: ANN401 -- a decoded record
    signal = {
        "typeCode": "ApplicationStatusUpdate",
        "token": record["seekToken"],
        "positionProfileIds": record["positionProfileIds"],
        "current": state(record["current"]),
    }
    if record["previous"]:
        signal["previous"] = state(record["previous"])
    return signal


def state(state: dict[str, Any]) -> dict[str, Any]:
    began: datetime = state["timestamp"]
    told = {**state, "timestamp": began.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
    return {key: value for key, value in told.items() if value is not None or key == "success"}


def send(session: requests.Session, batch: list[dict[str, Any]]) -> None:
    content = {"query": QUERY, "variables": {"input": {"signals": batch}}}
    answer = session.post(URL + "/graphql", json=content, timeout=20)
    answer.raise_for_status()
    if answer.json() != {"data": {"sendSignals": True}}:
        raise RuntimeError("not accepted")  # noqa: EM101, TRY003 -- as an example would have it


if __name__ == "__main__":
    main()
