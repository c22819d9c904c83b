"""What tests ask of a broker: make topics, write, read all, see what was committed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, Producer
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.cimpl import NewTopic

from consumer.delivery.records import TopicPartition
from tests.testbed.kafka import ClientConfig, KafkaCluster

WAIT_S: Final = 30.0
READ_WITHIN_S: Final = 120.0
AT_ONCE: Final = 5_000


def create_topics(
    cluster: KafkaCluster,
    topics: Mapping[str, int],
    replication: int = -1,
    config: Mapping[str, str] | None = None,
) -> None:
    """`topics`: name to number of partitions. Returns when every broker can serve them.
    `replication` -1 is the cluster's default: 1 on one node, 3 on three."""
    admin = AdminClient(cluster.client_config())
    wanted = [
        NewTopic(name, partitions, replication, config=dict(config or {}))
        for name, partitions in topics.items()
    ]
    for done in admin.create_topics(wanted, operation_timeout=WAIT_S).values():
        done.result(WAIT_S)


def write_all(
    cluster: KafkaCluster, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]
) -> None:
    """(key, value) each, partitioned by key; confirmed by all replicas."""
    failed: list[str] = []
    producer = Producer({**cluster.client_config(), "acks": "all", "linger.ms": 5})
    for key, value in records:
        producer.produce(
            topic,
            key=key,
            value=value,
            on_delivery=lambda error, _: failed.append(str(error)) if error else None,
        )
        producer.poll(0)
    left = producer.flush(WAIT_S)
    if left or failed:
        msg = f"{left + len(failed)} records not confirmed: {failed[:1]}"
        raise AssertionError(msg)


def read_all(
    cluster: KafkaCluster,
    topic: str,
    isolation: str = "read_committed",
    within_s: float = READ_WITHIN_S,
) -> list[Message]:
    """Every record from the first to the end as it is now; by partition, then offset."""
    deadline_s = time.monotonic() + within_s
    reader = Consumer(_throw_away(cluster) | {"isolation.level": isolation})
    try:
        partitions = reader.list_topics(topic, timeout=WAIT_S).topics[topic].partitions
        extents = {p: reader.get_watermark_offsets(Place(topic, p), WAIT_S) for p in partitions}
        ends = {p: end for p, (first, end) in extents.items() if first < end}
        reader.assign([Place(topic, p, OFFSET_BEGINNING) for p in ends])
        records: list[Message] = []
        while _is_behind(reader, topic, ends):
            assert time.monotonic() < deadline_s, f"{topic}: {len(records)} read, ends are {ends}"
            for record in reader.consume(AT_ONCE, timeout=0.2):
                if (error := record.error()) is not None:
                    raise KafkaException(error)
                records.append(record)
    finally:
        reader.close()
    return sorted(records, key=lambda record: (record.partition(), record.offset()))


def committed(
    cluster: KafkaCluster, group: str, topics: Sequence[str]
) -> dict[TopicPartition, int]:
    """What a restarted member of the group would read first; without those that have no offset.

    Asks with a consumer of its own that never joins: the admin call for it can abort the
    whole process when a broker is killed meanwhile.
    """
    asker = Consumer(_throw_away(cluster) | {"group.id": group})
    try:
        places = [
            Place(topic, partition)
            for topic in topics
            for partition in asker.list_topics(topic, timeout=WAIT_S).topics[topic].partitions
        ]
        answers = asker.committed(places, timeout=WAIT_S)
    finally:
        asker.close()
    for answer in answers:
        if answer.error is not None:
            raise KafkaException(answer.error)
    return {TopicPartition(a.topic, a.partition): a.offset for a in answers if a.offset >= 0}


def allow(cluster: KafkaCluster, user: str, kind: str, name: str, *operations: str) -> None:
    """Grants `user` operations such as `READ` on a `TOPIC`, `GROUP` or `TRANSACTIONAL_ID`."""
    admin = AdminClient(cluster.client_config())
    grants = [
        AclBinding(
            ResourceType[kind],
            name,
            ResourcePatternType.LITERAL,
            f"User:{user}",
            "*",
            AclOperation[operation],
            AclPermissionType.ALLOW,
        )
        for operation in operations
    ]
    for done in admin.create_acls(grants).values():
        done.result(WAIT_S)


def _throw_away(cluster: KafkaCluster) -> ClientConfig:
    return {
        **cluster.client_config(),
        "group.id": f"reader-{secrets.token_hex(4)}",
        "enable.auto.commit": "false",
        "fetch.wait.max.ms": 50,
    }


def _is_behind(reader: Consumer, topic: str, ends: Mapping[int, int]) -> bool:
    # The position, not the last record: markers of transactions and compacted records
    # leave a log whose last offsets are never delivered.
    places = reader.position([Place(topic, partition) for partition in ends])
    return any(place.offset < ends[place.partition] for place in places)
