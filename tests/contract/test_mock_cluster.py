"""The embedded Kafka does for a client what the demo needs of Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from consumer.demo import mock_cluster as module
from consumer.demo.mock_cluster import MockCluster, MockClusterError, mock_cluster

TOPIC = "some.topic"
PARTITIONS = 3
PATIENCE_S = 20.0


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mock_cluster({TOPIC: PARTITIONS, "another": 1}) as running:
        yield running


def produce(cluster: MockCluster, records: int, *, idempotent: bool) -> list[tuple[int, int]]:
    """(partition, offset) of all that were confirmed."""
    confirmed: list[tuple[int, int]] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        assert error is None
        confirmed.append((message.partition() or 0, message.offset() or 0))

    producer = Producer(
        {
            "bootstrap.servers": cluster.bootstrap,
            "acks": "all",
            "enable.idempotence": idempotent,
        }
    )
    for number in range(records):
        producer.produce(TOPIC, b"v%d" % number, key=b"k%d" % number, on_delivery=delivered)
    assert producer.flush(PATIENCE_S) == 0
    return confirmed


def reader(cluster: MockCluster) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": cluster.bootstrap,
            "group.id": "readers",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "session.timeout.ms": 6000,
            "fetch.wait.max.ms": 20,
        }
    )


def test_topics_have_the_partitions_that_were_asked_for(cluster: MockCluster) -> None:
    consumer = reader(cluster)
    topics = consumer.list_topics(timeout=PATIENCE_S).topics
    consumer.close()

    assert {name: len(topic.partitions) for name, topic in topics.items()} == {
        TOPIC: PARTITIONS,
        "another": 1,
    }


@pytest.mark.parametrize("idempotent", [False, True])
def test_what_was_confirmed_is_read_back_byte_for_byte(
    cluster: MockCluster,
    idempotent: bool,  # noqa: FBT001 -- pytest passes parameters by position or name alike
) -> None:
    confirmed = produce(cluster, 50, idempotent=idempotent)
    consumer = reader(cluster)
    consumer.assign([TopicPartition(TOPIC, p, 0) for p in range(PARTITIONS)])
    read: list[Message] = []
    while len(read) < 50:
        read += consumer.consume(50, timeout=PATIENCE_S)
    consumer.close()

    assert [message.error() for message in read if message.error()] == []
    assert sorted(message.value() or b"" for message in read) == sorted(
        b"v%d" % number for number in range(50)
    )
    assert sorted((m.partition() or 0, m.offset() or 0) for m in read) == sorted(confirmed)


def test_a_committed_offset_is_found_by_another_client(cluster: MockCluster) -> None:
    produce(cluster, 10, idempotent=False)
    first, second = reader(cluster), reader(cluster)
    first.commit(offsets=[TopicPartition(TOPIC, 0, 2)], asynchronous=False)
    committed = second.committed([TopicPartition(TOPIC, 0)], timeout=PATIENCE_S)
    first.close()
    second.close()

    assert [place.offset for place in committed] == [2]


def test_two_clusters_know_nothing_of_each_other(cluster: MockCluster) -> None:
    with mock_cluster({"elsewhere": 1}) as other:
        consumer = reader(other)
        topics = set(consumer.list_topics(timeout=PATIENCE_S).topics)
        consumer.close()

        assert other.bootstrap != cluster.bootstrap
        assert topics == {"elsewhere"}


def test_several_brokers_share_one_cluster() -> None:
    with mock_cluster({TOPIC: PARTITIONS}, brokers=3) as cluster:
        assert cluster.bootstrap.count(",") == 2


def test_a_topic_it_cannot_have_is_named() -> None:
    with pytest.raises(MockClusterError, match="broken"), mock_cluster({"broken": 0}):
        pass


def test_a_machine_without_the_library_is_told_what_to_install(tmp_path: Path) -> None:
    absent = tmp_path / "librdkafka.so.1"

    with pytest.raises(MockClusterError, match="pip install") as error:
        module._library([absent, Path("/lib/no-such-library.so")])  # noqa: SLF001 -- no machine of ours lacks it

    assert "librdkafka.so.1" in str(error.value)
