"""The evidence of the demo is read back from Kafka as it stands there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as KafkaPlace

from consumer.delivery.dead_letter import Envelope, Failure
from consumer.delivery.records import Headers, Offset, TopicPartition
from consumer.demo.balance import Letter
from consumer.demo.mock_cluster import mock_cluster
from consumer.demo.read_back import ReadBackError, committed_offsets, read_letters
from tests.unit.delivery_samples import wrapped

DLQ = "demo.dlq"
SOURCE = TopicPartition("status", 1)
ENVELOPE = Envelope(DLQ, "demo", "demo.retry", "0", "hash")


class Poison:
    """A record of the source."""

    def __init__(self, offset: int, value: bytes | None) -> None:
        self._offset, self._value = offset, value

    def topic(self) -> str:
        return SOURCE.topic

    def partition(self) -> int:
        return SOURCE.partition

    def offset(self) -> Offset:
        return Offset(self._offset)

    def key(self) -> bytes:
        return b"key"

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> Headers:
        return [("trace", b"1")]

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_000


@pytest.fixture
def bootstrap() -> Iterator[str]:
    with mock_cluster({DLQ: 2, SOURCE.topic: 2}) as cluster:
        yield cluster.bootstrap


def write(bootstrap: str, value: bytes | None, headers: Headers, partition: int = 0) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(DLQ, value, b"key", partition, headers=list(headers))
    assert producer.flush(20.0) == 0


def test_letters_of_all_partitions_are_read_with_their_origin(bootstrap: str) -> None:
    for offset, value in ((4, b"bytes"), (9, None)):
        letter = wrapped(Poison(offset, value), Failure("decode", "no_bytes", "why"), ENVELOPE)
        write(bootstrap, letter.value, letter.headers, partition=offset % 2)

    assert sorted(read_letters(bootstrap, DLQ), key=lambda letter: letter.offset) == [
        Letter(SOURCE, 4, "no_bytes", b"key", b"bytes"),
        Letter(SOURCE, 9, "no_bytes", b"key", None),
    ]


def test_an_empty_topic_holds_no_letters(bootstrap: str) -> None:
    assert read_letters(bootstrap, DLQ) == []


def test_a_record_that_is_no_letter_is_not_passed_over(bootstrap: str) -> None:
    write(bootstrap, b"bytes", [("trace", b"1")])

    with pytest.raises(ReadBackError, match="no letter of ours at offset 0"):
        read_letters(bootstrap, DLQ)


def test_committed_offsets_are_those_of_the_broker(bootstrap: str) -> None:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "demo"})
    consumer.commit(offsets=[KafkaPlace(*SOURCE, 7)], asynchronous=False)
    consumer.close()
    other = TopicPartition(SOURCE.topic, 0)

    assert committed_offsets(bootstrap, "demo", [SOURCE, other]) == {SOURCE: 7}
