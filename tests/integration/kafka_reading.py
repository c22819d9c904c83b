"""A source on real Kafka, with an owner that only notes what it is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import AdminClient

from consumer.adapters.clock import SystemClock
from consumer.adapters.kafka.source import KafkaSource, SourceOptions
from consumer.adapters.kafka.starts import StartPolicy
from consumer.adapters.kafka.topic_ids import TopicIds
from consumer.delivery.records import Offset, Record, TopicPartition
from consumer.ports import Polled, Start
from tests.testbed import KafkaCluster

PATIENCE_S = 40.0
FOREVER_MS = 1 << 60
PROTOCOLS = ["classic", "consumer"]


@dataclass
class Owner:
    """What a pipeline would be told."""

    starts: dict[TopicPartition, Start] = field(default_factory=dict)
    confirmed: dict[TopicPartition, Offset] = field(default_factory=dict)
    may_be_refused: bool = False
    refusals: list[str] = field(default_factory=list)
    given_up: list[tuple[str, TopicPartition]] = field(default_factory=list)
    is_member: bool = False
    """As a pipeline would have it."""

    def assigned(self, starts: Mapping[TopicPartition, Start]) -> None:
        self.is_member = True
        self.starts |= starts

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        self.given_up += [("revoked", place) for place in partitions]

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        self.is_member = False
        self.given_up += [("lost", place) for place in partitions]

    def recreated(self, partitions: Sequence[TopicPartition]) -> None:
        self.given_up += [("recreated", place) for place in partitions]

    def committed(self, offsets: Mapping[TopicPartition, Offset], error: str | None) -> None:
        self.confirmed |= offsets
        if error is not None:
            assert self.may_be_refused, error
            self.refusals.append(error)


@dataclass
class Reading:
    source: KafkaSource
    owner: Owner
    records: list[Record] = field(default_factory=list)
    ends: dict[TopicPartition, Offset] = field(default_factory=dict)

    def turn(self) -> Polled:
        polled = self.source.poll(0.1)
        self.records += polled.records
        self.ends |= dict(polled.ends)
        return polled

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline_s, f"{what}: {self.source.faults()}"
            self.turn()

    def fault_codes(self) -> set[str]:
        return {fault.code for fault in self.source.faults()}


@contextmanager
def reading(
    kafka: KafkaCluster,
    topics: Sequence[str],
    group: str,
    policy: StartPolicy | None = None,
    **properties: str,
) -> Iterator[Reading]:
    config = {
        **kafka.client_config(),
        "group.id": group,
        "enable.auto.commit": "false",
        "enable.auto.offset.store": "false",
        "auto.offset.reset": "error",
        "enable.partition.eof": "true",
        "topic.metadata.refresh.interval.ms": "1000",
        **{name.replace("_", "."): value for name, value in properties.items()},
    }
    if config.get("group.protocol", "classic") == "classic":
        config["partition.assignment.strategy"] = "cooperative-sticky"
    owner, admin = Owner(), AdminClient(kafka.client_config())
    source = KafkaSource(
        lambda callbacks: Consumer({**config, **callbacks}),
        admin,
        TopicIds(admin, check_every_s=0.5),
        policy or StartPolicy(),
        SystemClock(),
        SourceOptions(),
    )
    source.subscribe(topics, owner)
    try:
        yield Reading(source, owner)
    finally:
        source.close()


def fill(kafka: KafkaCluster, topic: str, counts: Mapping[int, int]) -> None:
    producer = Producer(kafka.client_config())
    for partition, count in counts.items():
        for number in range(count):
            producer.produce(topic, f"{partition}:{number}".encode(), partition=partition)
    assert producer.flush(PATIENCE_S) == 0


def committed(kafka: KafkaCluster, group: str, topic: str, partitions: int) -> list[int]:
    asking = Consumer({**kafka.client_config(), "group.id": group})
    try:
        asked = [KafkaPartition(topic, partition) for partition in range(partitions)]
        return [answer.offset for answer in asking.committed(asked, timeout=10)]
    finally:
        asking.close()
