"""Writes records to Kafka and knows at any time which of them are confirmed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as KafkaProducer

from consumer.adapters.kafka.advice import advice_for, name_of
from consumer.delivery.records import Offset, TopicPartition
from consumer.errors import BadConfigurationError

_SLICE_S: Final = 0.2  # Of a longer wait: the C library answers no Ctrl-C within one.

PUBLISHER_DEFAULTS: Final[Mapping[str, str]] = {
    # Java clients spread keys so. One subject published by both stays in one partition, in order.
    "partitioner": "murmur2_random",
    # Fewer, larger requests for the price of 5 ms (Kafka's own default since 4.0).
    "linger.ms": "5",
}


class Producer(Protocol):
    """As much of `confluent_kafka.Producer` as is needed."""

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        *,
        on_delivery: Callable[[KafkaError | None, Message], None],
    ) -> None: ...
    def poll(self, timeout: float) -> int: ...
    def flush(self, timeout: float) -> int: ...


class Reports(Protocol):
    """Told what became of each record, on the thread that sends."""

    def confirmed(self, ticket: int, place: TopicPartition, offset: Offset) -> None: ...
    def failed(self, ticket: int, error: str) -> None: ...


@dataclass(slots=True)
class Publisher:
    """A ticket is the caller's own number for a record, used once."""

    producer: Producer
    reports: Reports
    clock: Callable[[], float]
    """Monotonic seconds."""
    _outstanding: set[int] = field(init=False, default_factory=set[int])

    @property
    def outstanding(self) -> int:
        """Records sent and neither confirmed nor failed."""
        return len(self._outstanding)

    def send(self, ticket: int, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Hand a record over; waits while the client's queue is full, which its own
        `message.timeout.ms` bounds. Never raises for a record: that is reported."""
        self._outstanding.add(ticket)
        try:
            while not self._queued(ticket, topic, key, value):
                self.producer.poll(_SLICE_S)
        except KafkaException as error:  # Too large, or the client is beyond repair.
            self._fail(ticket, _told(error.args[0]))
        self.producer.poll(0.0)

    def finish(self, wait_s: float) -> None:
        """Wait for all reports, at most `wait_s`; what is open then has failed."""
        deadline_s = self.clock() + wait_s
        while self._outstanding and self.clock() < deadline_s:
            self.producer.flush(_SLICE_S)
        self.give_up(f"not confirmed within {wait_s:g} s")

    def give_up(self, error: str) -> None:
        """Report everything open as failed; it may still reach Kafka."""
        for ticket in sorted(self._outstanding):
            self._fail(ticket, error)

    def _queued(self, ticket: int, topic: str, key: bytes | None, value: bytes | None) -> bool:
        def delivered(error: KafkaError | None, message: Message) -> None:
            self._delivered(ticket, error, message)

        try:
            self.producer.produce(topic, value, key, on_delivery=delivered)
        except BufferError:
            return False
        return True

    def _delivered(self, ticket: int, error: KafkaError | None, message: Message) -> None:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if ticket not in self._outstanding:
            return  # Given up on: it has been reported.
        if error is not None:
            self._fail(ticket, _told(error))
        elif topic is None or partition is None or offset is None:
            self._fail(ticket, "confirmed without an offset")
        else:
            self._outstanding.discard(ticket)
            self.reports.confirmed(ticket, TopicPartition(topic, partition), Offset(offset))

    def _fail(self, ticket: int, error: str) -> None:
        self._outstanding.discard(ticket)
        self.reports.failed(ticket, error)


def _told(error: object) -> str:
    """What to do about a Kafka error; none of it is of the record."""
    if not isinstance(error, KafkaError):
        return type(error).__name__
    advice = _ADVICE.get(error.code()) or advice_for(error)
    return f"{name_of(error)}: {advice}"


_ADVICE: Final[Mapping[int, str]] = {
    # Where writing needs other words than reading.
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant Write and Describe on the topic to this user",
    KafkaError._MSG_TIMED_OUT: "no broker confirmed it in time: see the lines above",  # noqa: SLF001 -- librdkafka's own codes begin so
}


def kafka_producer(properties: Mapping[str, object], tell: Callable[[str], None]) -> Producer:
    """A client that tells each kind of trouble once, instead of a line for every attempt.

    Raises `BadConfigurationError` for properties that it does not take.
    """
    told: set[int] = set()

    def trouble(error: KafkaError) -> None:
        if error.code() not in told:
            told.add(error.code())
            tell(f"Kafka: {_told(error)}")

    silent = logging.Logger("librdkafka")  # noqa: LOG001 -- outside the tree, so it reaches no handler
    silent.addHandler(logging.NullHandler())
    try:
        return KafkaProducer({**properties, "error_cb": trouble, "logger": silent})
    except KafkaException as error:
        raise BadConfigurationError([f"Kafka: {error.args[0].str()}"]) from error
