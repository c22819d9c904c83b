"""Reads ranges of partitions with a consumer that joins no group and commits nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from tenacity import Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from consumer.adapters.kafka.advice import advice_for, name_of
from consumer.delivery.records import TopicPartition as Place
from consumer.letters.errors import LettersError

ASK_S: Final = 15.0
SILENCE_S: Final = 60.0
"""No record and no end for so long: Kafka is away, and a person or a schedule tries again."""
TAKE: Final = 500
WAIT_S: Final = 0.5
_ATTEMPTS: Final = 8
"""Some 8 s: a coordinator or leader has moved by then."""
_MOVING: Final = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError._WAIT_COORD,
    }
)
_MISSING: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})


_T = TypeVar("_T")


class Range(NamedTuple):
    first: int
    end: int
    """One past the last."""


class NoTopicError(LettersError):
    """The topic does not exist."""


def kafka_failed(error: KafkaError, doing: str) -> LettersError:
    return LettersError(f"{doing} failed: {name_of(error)}: {advice_for(error)}")


def answered(call: Callable[[], _T], doing: str) -> _T:
    """What `call` returns, asked again for a while where brokers are just changing roles.
    Raises LettersError."""
    retrying = Retrying(
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.2, max=2.0),
        retry=retry_if_exception(_passing),
        reraise=True,
    )
    try:
        return retrying(call)
    except KafkaException as error:
        raise kafka_failed(error.args[0], doing) from error


def partitions_of(consumer: Consumer, topic: str) -> list[int]:
    """Raises NoTopicError or LettersError."""
    asked = answered(lambda: consumer.list_topics(topic, ASK_S), f"asking for {topic}")
    found = asked.topics[topic]
    if found.error is not None and found.error.code() in _MISSING:
        msg = f"there is no topic {topic}: create it (seek-signals topics --create)"
        raise NoTopicError(msg)
    if found.error is not None:
        raise kafka_failed(found.error, f"asking for {topic}")
    return sorted(found.partitions)


def extent(consumer: Consumer, topic: str, partition: int) -> Range:
    """What the partition holds now, as far as transactions are decided."""
    place = TopicPartition(topic, partition)
    found = answered(
        lambda: consumer.get_watermark_offsets(place, ASK_S), f"asking for {topic}/{partition}"
    )
    return Range(*found)


def read(
    consumer: Consumer,
    ranges: Mapping[Place, Range],
    beat: Callable[[], None] = lambda: None,
) -> Iterator[Message]:
    """Every record of the ranges; within a partition in order. `beat` is called often."""
    left = {place: span for place, span in ranges.items() if span.end > span.first}
    try:
        consumer.assign([TopicPartition(*place, span.first) for place, span in left.items()])
        heard_s = time.monotonic()
        while left:
            messages = _taken(consumer)
            beat()
            if messages:
                heard_s = time.monotonic()
            elif time.monotonic() - heard_s > SILENCE_S:
                silent = ", ".join(str(place) for place in left)
                msg = f"Kafka gave nothing of {silent} for {SILENCE_S:g} s: is a broker away?"
                raise LettersError(msg)
            for message in messages:
                yield from _of_range(message, left)
    finally:
        consumer.unassign()


def _passing(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in _MOVING


def _taken(consumer: Consumer) -> list[Message]:
    """`consume(n, t)` waits for n records, so `poll` waits and `consume` takes the rest."""
    first = consumer.poll(WAIT_S)
    return [] if first is None else [first, *consumer.consume(TAKE - 1, 0)]


def _of_range(message: Message, left: dict[Place, Range]) -> Iterator[Message]:
    place = Place(cast("str", message.topic()), cast("int", message.partition()))
    offset, error = cast("int", message.offset()), message.error()
    if place not in left:
        return
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        raise kafka_failed(error, f"reading {place}")
    if error is None and offset < left[place].end:
        yield message
    if offset >= left[place].end - (error is None):
        left.pop(place, None)
