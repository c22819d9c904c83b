"""Dead letters on real Kafka, and the command as an operator runs it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self, cast
from uuid import uuid4

from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as KafkaPlace

from consumer.delivery.dead_letter import Envelope, Failure, unwrap
from consumer.delivery.records import Headers, OutgoingRecord, Record, TopicPartition
from tests.integration.letters.zygote import Run, Zygote
from tests.testbed import KafkaCluster, create_topics, read_all
from tests.unit.delivery_samples import PlainRecord, wrapped

CONFIRM_S = 120.0
PARTITION_UA = -1
"""librdkafka's word for: by the key."""
AT_MS = 1_790_000_000_000


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 -- whatever the command printed
        return json.loads(self.out)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


class Retried(NamedTuple):
    """One record of the retry topic."""

    place: TopicPartition
    offset: int
    key: bytes | None
    value: bytes | None
    origin: tuple[str, int, int]
    replay_count: int


@dataclass(slots=True)
class Bench:
    """A group with its topics, on a cluster; what is written goes there at once."""

    kafka: KafkaCluster
    zygote: Zygote
    registry_url: str = "http://127.0.0.1:1"
    """Nobody answers there."""
    more: dict[str, str] = field(default_factory=dict)
    """Settings of the command, beside the usual ones."""
    group: str = field(default_factory=lambda: f"letters-{uuid4().hex[:8]}")

    @property
    def source(self) -> str:
        return f"{self.group}.moves"

    @property
    def dlq(self) -> str:
        return f"{self.group}.dlq"

    def create(self, partitions: int = 3, retry: Mapping[str, str] | None = None) -> None:
        """`retry`: how the retry topic is configured, beside the broker's defaults."""
        create_topics(self.kafka, {self.source: partitions, self.dlq: partitions})
        create_topics(self.kafka, {f"{self.group}.retry": 3}, config=retry)
        compact = {"cleanup.policy": "compact"}
        create_topics(self.kafka, {f"{self.group}.dlq.state": 3}, config=compact)

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap,
            "SCHEMA_REGISTRY_URL": self.registry_url,
            "SEEK_SIGNALS_GROUP": self.group,
            "SEEK_SIGNALS_APPLICATION_STATUS_TOPICS": self.source,
            "SEEK_SIGNALS_POSITION_STATUS_TOPICS": "",
            "SEEK_SIGNALS_APPLICATION_COMPLETED_TOPICS": "",
            **self.more,
        }

    def start(self, *arguments: str) -> Run:
        return self.zygote.start(self.environment(), arguments)

    def run(self, *arguments: str) -> Ended:
        return ended(self.start(*arguments))

    def write_sources(self, records: Iterable[tuple[int, bytes | None, bytes | None]]) -> None:
        """(partition, key, value) each."""
        made = [(OutgoingRecord(self.source, key, value, []), part) for part, key, value in records]
        write(self.kafka, made)

    def bury(self, offsets: Iterable[int], reason: str = "forbidden", partitions: int = 3) -> None:
        """Letters of records `offset` of partition `offset % partitions`, without the records
        themselves. Eight letters share a key, in the order of their offsets."""
        write(self.kafka, [(self.letter(offset, reason, partitions), None) for offset in offsets])

    def timestamp(self, topic: str, partition: int, offset: int) -> int:
        """Of a record on a topic."""
        [found] = [
            message
            for message in read_all(self.kafka, topic)
            if (message.partition(), message.offset()) == (partition, offset)
        ]
        return cast("Record", found).timestamp()[1]

    def letter(
        self,
        offset: int,
        reason: str = "forbidden",
        partitions: int = 3,
        at_ms: int | None = None,
    ) -> OutgoingRecord:
        """`at_ms`: the original record's time."""
        partition = offset % partitions
        key = f"app-{partition}-{offset // (8 * partitions)}".encode()
        place = TopicPartition(self.source, partition)
        record = PlainRecord(
            place, offset, key, b"no avro", [("trace", b"1")], at_ms or AT_MS + offset
        )
        envelope = Envelope(self.dlq, self.group, f"{self.group}.retry", "1", "h")
        failure = Failure("send", reason, f"message {offset}", "CODE", "r", 1, AT_MS + offset)
        return wrapped(record, failure, envelope)

    def extents(self, topic: str) -> dict[TopicPartition, tuple[int, int]]:
        """The log's first offset and its end by partition, markers of transactions included."""
        reader = Consumer({**self.kafka.client_config(), "group.id": "extents"})
        try:
            found = reader.list_topics(topic, CONFIRM_S).topics[topic].partitions
            return {
                TopicPartition(topic, number): reader.get_watermark_offsets(
                    KafkaPlace(topic, number), CONFIRM_S
                )
                for number in found
            }
        finally:
            reader.close()

    def letters(self) -> int:
        """How many lie on the dead-letter topic now."""
        return sum(end - first for first, end in self.extents(self.dlq).values())

    def retried(self) -> list[Retried]:
        """By partition, then offset; as the service would read them."""
        return [_retried(cast("Record", m)) for m in read_all(self.kafka, f"{self.group}.retry")]


@dataclass(slots=True)
class Heights:
    """How far the retry and state topics have been written: in all, and as far as transactions
    are decided."""

    bench: Bench
    _readers: dict[str, Consumer] = field(default_factory=dict)

    def __enter__(self) -> Self:
        config = {**self.bench.kafka.client_config(), "group.id": "heights"}
        for isolation in ("read_uncommitted", "read_committed"):
            self._readers[isolation] = Consumer(config | {"isolation.level": isolation})
        return self

    def __exit__(self, *_: object) -> None:
        for reader in self._readers.values():
            reader.close()

    def written(self) -> int:
        return self._sum("read_uncommitted")

    def decided(self) -> int:
        return self._sum("read_committed")

    def _sum(self, isolation: str) -> int:
        group, reader = self.bench.group, self._readers[isolation]
        return sum(
            reader.get_watermark_offsets(KafkaPlace(topic, partition), CONFIRM_S)[1]
            for topic in (f"{group}.retry", f"{group}.dlq.state")
            for partition in range(3)
        )


def ended(run: Run) -> Ended:
    """Waits."""
    return Ended(run.wait(), run.out.read_text(), run.err.read_text())


def write(kafka: KafkaCluster, records: Iterable[tuple[OutgoingRecord, int | None]]) -> None:
    """Each with its partition; None: by its key."""
    failed: list[str] = []
    config = {**kafka.client_config(), "acks": "all", "linger.ms": 5}
    producer = Producer(config | {"queue.buffering.max.messages": 2_000_000})
    for record, partition in records:
        producer.produce(
            record.topic,
            value=record.value,
            key=record.key,
            headers=list(record.headers),
            partition=PARTITION_UA if partition is None else partition,
            on_delivery=lambda error, _: failed.append(str(error)) if error else None,
        )
        producer.poll(0)
    left = producer.flush(CONFIRM_S)
    assert not left, left
    assert not failed, failed[:3]


def _retried(record: Record) -> Retried:
    letter = unwrap(cast("Headers", record.headers()))
    assert letter is not None
    return Retried(
        TopicPartition(record.topic(), record.partition()),
        record.offset(),
        record.key(),
        record.value(),
        letter.origin[:3],
        letter.replay_count,
    )
