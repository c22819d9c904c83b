"""The publisher knows of every record whether Kafka confirmed it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Message

from consumer.delivery.records import Offset, TopicPartition
from consumer.demo.publisher import Publisher

TOPIC = "status"
Delivered = Callable[[KafkaError | None, Message], None]


class Written(Message):
    """A confirmed record, as far as the publisher looks at one."""

    def __init__(self, offset: int | None) -> None:
        self._offset = offset

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return 1

    def offset(self) -> int | None:
        return self._offset


@dataclass
class FakeProducer:
    """Keeps records in a queue of `room`; each poll confirms the oldest, if `answering`."""

    room: int = 100
    answering: bool = True
    refusal: KafkaError | None = None
    fate: KafkaError | None = None
    first_offset: int | None = 0
    queue: list[Delivered] = field(default_factory=list)
    written: list[tuple[bytes | None, bytes | None]] = field(default_factory=list)
    now_s: float = 0.0

    def produce(
        self, topic: str, value: bytes | None, key: bytes | None, *, on_delivery: Delivered
    ) -> None:
        assert topic == TOPIC
        if self.refusal is not None:
            raise KafkaException(self.refusal)
        if len(self.queue) >= self.room:
            raise BufferError
        self.queue.append(on_delivery)
        self.written.append((key, value))

    def poll(self, timeout: float) -> int:
        self.now_s += timeout
        if not self.answering or not self.queue or timeout == 0.0:
            return 0
        self._report(self.queue.pop(0))
        return 1

    def flush(self, timeout: float) -> int:
        self.now_s += timeout
        while self.answering and self.queue:
            self._report(self.queue.pop(0))
        return len(self.queue)

    def _report(self, delivered: Delivered) -> None:
        offset = self.first_offset
        if offset is not None:
            self.first_offset = offset + 1
        delivered(self.fate, Written(offset))


@dataclass
class Heard:
    confirmations: list[tuple[int, TopicPartition, Offset]] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)

    def confirmed(self, ticket: int, place: TopicPartition, offset: Offset) -> None:
        self.confirmations.append((ticket, place, offset))

    def failed(self, ticket: int, error: str) -> None:
        self.failures.append((ticket, error))


def publisher(producer: FakeProducer) -> tuple[Publisher, Heard]:
    heard = Heard()
    return Publisher(producer, heard, clock=lambda: producer.now_s), heard


def test_a_confirmed_record_is_reported_with_its_place() -> None:
    producer = FakeProducer()
    it, heard = publisher(producer)
    it.send(7, TOPIC, b"key", None)
    it.finish(wait_s=10.0)

    assert producer.written == [(b"key", None)]
    assert heard.confirmations == [(7, TopicPartition(TOPIC, 1), 0)]
    assert heard.failures == []
    assert it.outstanding == 0


def test_a_full_queue_is_waited_for() -> None:
    producer = FakeProducer(room=2)
    it, heard = publisher(producer)
    for ticket in range(5):
        it.send(ticket, TOPIC, b"", b"")
    it.finish(wait_s=10.0)

    assert [ticket for ticket, _, _ in heard.confirmations] == [0, 1, 2, 3, 4]


def test_a_record_that_kafka_refuses_later_has_failed_and_says_what_to_do() -> None:
    error = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    it, heard = publisher(FakeProducer(fate=error))
    it.send(7, TOPIC, b"", b"")
    it.finish(wait_s=10.0)

    assert heard.confirmations == []
    assert heard.failures == [
        (7, "topic_not_authorised: grant Write and Describe on the topic to this user")
    ]


def test_a_record_that_the_client_refuses_at_once_has_failed() -> None:
    it, heard = publisher(FakeProducer(refusal=KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)))
    it.send(7, TOPIC, b"", b"")

    assert [ticket for ticket, _ in heard.failures] == [7]
    assert it.outstanding == 0


def test_silence_is_no_confirmation() -> None:
    it, heard = publisher(FakeProducer(answering=False))
    it.send(1, TOPIC, b"", b"")
    it.send(2, TOPIC, b"", b"")
    it.finish(wait_s=3.0)

    assert heard.confirmations == []
    assert heard.failures == [(1, "not confirmed within 3 s"), (2, "not confirmed within 3 s")]


def test_waiting_for_the_last_ones_is_bounded() -> None:
    producer = FakeProducer(answering=False)
    it, _ = publisher(producer)
    it.send(1, TOPIC, b"", b"")
    it.finish(wait_s=3.0)

    assert 3.0 <= producer.now_s < 3.5


def test_an_answer_after_giving_up_changes_nothing() -> None:
    """It was reported as failed, and one record must not be reported twice."""
    producer = FakeProducer()
    it, heard = publisher(producer)
    it.send(1, TOPIC, b"", b"")
    it.give_up("interrupted")
    producer.flush(1.0)

    assert heard.confirmations == []
    assert heard.failures == [(1, "interrupted")]


def test_a_confirmation_without_an_offset_is_none() -> None:
    it, heard = publisher(FakeProducer(first_offset=None))
    it.send(1, TOPIC, b"", b"")
    it.finish(wait_s=1.0)

    assert heard.confirmations == []
    assert heard.failures == [(1, "confirmed without an offset")]
