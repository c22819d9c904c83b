"""A backlog for a topic."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final

from confluent_kafka import KafkaError, Message, Producer

from tests.bench.workload import HEADERS, records

_FLUSH_S: Final = 120.0
_QUEUED: Final = 200_000


def fill(
    config: Mapping[str, str | int | float | bool],
    topic: str,
    partitions: int,
    count: int,
    subjects: int = 20_000,
) -> None:
    """`count` records, all confirmed, spread evenly: a subject stays in its partition."""
    refused: list[str] = []

    def told(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            refused.append(str(error))

    producer = Producer(
        {
            **config,
            "linger.ms": 50,
            "compression.type": "lz4",
            "batch.num.messages": 5_000,
            "queue.buffering.max.messages": _QUEUED,
        }
    )
    for place, (key, value) in enumerate(islice(records(subjects), count)):
        producer.produce(
            topic,
            value,
            key,
            partition=place % subjects % partitions,
            headers=HEADERS,
            on_delivery=told,
        )
        if place % 1_000 == 0:
            producer.poll(0)
            while len(producer) > _QUEUED // 2:
                producer.poll(0.1)
    left = producer.flush(_FLUSH_S)
    if left or refused:
        msg = f"{left + len(refused)} records were not taken: {refused[:1]}"
        raise RuntimeError(msg)
