"""What Kafka and SEEK's journal hold: the evidence that the consumer does not write itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from confluent_kafka import Consumer, KafkaException, Message
from confluent_kafka import TopicPartition as KafkaPlace

from consumer.delivery.dead_letter import unwrap
from consumer.delivery.records import Headers, TopicPartition
from consumer.demo.balance import Journaled, Letter
from consumer.demo.expectations import signal_key
from consumer.errors import ConsumerError
from consumer.sandbox.journal import Entry, RequestLine

_PATIENCE_S: Final = 10.0  # A call to the embedded Kafka takes milliseconds.
_TAKE: Final = 500
_THROTTLED: Final = 429
_SERVER_FAULT: Final = 500


class ReadBackError(ConsumerError):
    """Kafka did not give back what it should hold."""


def journaled(entries: Iterable[Entry]) -> list[Journaled]:
    """Signals that SEEK keeps; those that it swallowed are not accepted but lost."""
    return [
        Journaled(signal_key(entry["signal"]), entry["requestId"] or "")
        for entry in entries
        if not entry["swallowed"] and not entry["validatedOnly"]
    ]


def requests_by_outcome(lines: Iterable[RequestLine]) -> dict[str, int]:
    """As SEEK counted them."""
    return dict(Counter(_outcome(line) for line in lines))


def _outcome(line: RequestLine) -> str:
    status = line["status"] or 0
    if status == _THROTTLED:
        return "throttled"
    if status >= _SERVER_FAULT:
        return "answered with a server fault"
    return "refused" if line["outcome"].isupper() else line["outcome"]


def read_letters(bootstrap: str, topic: str) -> list[Letter]:
    """All dead letters on the topic. Raises `ReadBackError`."""
    consumer = _reader(bootstrap, "demo-read-back")
    try:
        return [_letter(message) for message in _all_of(consumer, topic)]
    except KafkaException as error:
        msg = f"the dead letters cannot be read: {error.args[0].str()}"
        raise ReadBackError(msg) from error
    finally:
        consumer.close()


def committed_offsets(
    bootstrap: str, group: str, places: Sequence[TopicPartition]
) -> Mapping[TopicPartition, int]:
    """What the broker holds for the group; partitions without an offset are left out."""
    consumer = _reader(bootstrap, group)
    try:
        answers = consumer.committed([KafkaPlace(*place) for place in places], _PATIENCE_S)
    except KafkaException as error:
        msg = f"the committed offsets cannot be read: {error.args[0].str()}"
        raise ReadBackError(msg) from error
    finally:
        consumer.close()
    return {TopicPartition(a.topic, a.partition): a.offset for a in answers if a.offset >= 0}


def _reader(bootstrap: str, group: str) -> Consumer:
    """Joins no group: it only assigns itself, or asks."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 20,
            "log_level": 0,
        }
    )


def _all_of(consumer: Consumer, topic: str) -> list[Message]:
    partitions = consumer.list_topics(topic, _PATIENCE_S).topics[topic].partitions
    places = [KafkaPlace(topic, partition, 0) for partition in partitions]
    expected = sum(_size(consumer, place) for place in places)
    consumer.assign(places)
    read: list[Message] = []
    while len(read) < expected:
        batch = consumer.consume(min(_TAKE, expected - len(read)), _PATIENCE_S)
        if not batch:
            msg = f"{topic}: only {len(read)} of {expected} records came"
            raise ReadBackError(msg)
        for message in batch:
            error = message.error()
            if error is not None:
                raise KafkaException(error)
        read += batch
    return read


def _size(consumer: Consumer, place: KafkaPlace) -> int:
    low, high = consumer.get_watermark_offsets(place, _PATIENCE_S)
    return high - low


def _letter(message: Message) -> Letter:
    letter = unwrap(cast("Headers | None", message.headers()))
    if letter is None:
        msg = f"the dead-letter topic holds no letter of ours at offset {message.offset()}"
        raise ReadBackError(msg)
    place = TopicPartition(letter.origin.topic, letter.origin.partition)
    reason, offset = letter.failure.reason, letter.origin.offset
    return Letter(place, offset, reason, message.key(), message.value())
