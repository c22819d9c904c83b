"""Where the record is from: a place in Kafka, or a file."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from consumer.adapters.avro.event_schemas import EVENT_TYPES, event_schema
from consumer.adapters.avro.registry import Fetched, WriterSchema
from consumer.adapters.avro.writer import EventFaultError, encode_event
from consumer.adapters.kafka.advice import advice_for, name_of
from consumer.errors import ConsumerError

WAIT_S: Final = 20.0
_PLACE: Final = re.compile(r"(.+)/(\d+)/(\d+)")


class NoRecordError(ConsumerError):
    """There is nothing to explain, and why."""


class Place(NamedTuple):
    topic: str
    partition: int
    offset: int

    @classmethod
    def parsed(cls, text: str) -> Place:
        """`topic/partition/offset`. Raises NoRecordError."""
        found = _PLACE.fullmatch(text)
        if found is None:
            msg = f"{text!r} is no place of a record: write topic/partition/offset"
            raise NoRecordError(msg)
        return cls(found[1], int(found[2]), int(found[3]))

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


def value_at(consumer: Consumer, place: Place, wait_s: float = WAIT_S) -> bytes | None:
    """The value of one record. Joins no group. Raises NoRecordError, with what to do.

    `consumer`: with `enable.partition.eof`, so that the end of a partition is told.
    """
    try:
        _find(consumer, place, wait_s)
        consumer.assign([TopicPartition(*place)])
        return _read(consumer, place, time.monotonic() + wait_s)
    except KafkaException as error:
        raise _unreadable(place, error.args[0]) from error
    finally:
        consumer.unassign()


def _find(consumer: Consumer, place: Place, wait_s: float) -> None:
    """Assigned without a look, a topic that is missing is waited for."""
    topic = consumer.list_topics(place.topic, timeout=wait_s).topics[place.topic]
    if topic.error is not None:
        raise _unreadable(place, topic.error)
    if place.partition not in topic.partitions:
        msg = f"{place}: the topic has partitions 0 to {len(topic.partitions) - 1}"
        raise NoRecordError(msg)


def _read(consumer: Consumer, place: Place, deadline_s: float) -> bytes | None:
    while (left_s := deadline_s - time.monotonic()) > 0:
        message = consumer.poll(min(left_s, 1.0))
        if message is None:
            continue
        error = message.error()
        if error is None and message.offset() == place.offset:
            return message.value()
        if error is None or error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- the client's own codes begin with _
            raise NoRecordError(_absent(place, consumer, message))
        raise _unreadable(place, error)
    msg = f"{place}: Kafka did not answer within {WAIT_S:.0f} s: is it reachable?"
    raise NoRecordError(msg)


def _absent(place: Place, consumer: Consumer, message: Message) -> str:
    """Compaction, a transaction's marker and an aborted record leave gaps."""
    low, high = consumer.get_watermark_offsets(
        TopicPartition(place.topic, place.partition), timeout=WAIT_S
    )
    if place.offset >= high:
        return f"{place} is not written yet: the partition ends at {high}"
    if place.offset < low:
        return f"{place} is deleted: the partition begins at {low}"
    return f"{place} holds no record (compacted, or of a transaction); next is {message.offset()}"


def _unreadable(place: Place, error: KafkaError) -> NoRecordError:
    return NoRecordError(f"{place}: {name_of(error)}: {advice_for(error)}")


@dataclass(frozen=True, slots=True)
class Written:
    """An event given as JSON: a registry for it alone, so that none has to be asked."""

    value: bytes
    event_type: str

    def fetch(self, schema_id: int) -> Fetched:
        del schema_id
        return WriterSchema(event_schema(self.event_type).text, "AVRO", references=False)


def written(content: bytes) -> Written | None:
    """The first line as `publish` takes it; None when it is no JSON object, so Avro.

    Raises NoRecordError for an object that is no event, naming its fields at fault.
    """
    first = content.lstrip().split(b"\n", 1)[0]
    if not first.startswith(b"{"):
        return None
    try:
        event = cast("dict[str, Any]", orjson.loads(first))
    except orjson.JSONDecodeError as error:
        msg = "the first line begins as a JSON object, and is none: one event a line"
        raise NoRecordError(msg) from error
    event_type = event.pop("type", None)
    if event_type not in EVENT_TYPES:
        msg = f'"type" must be one of {", ".join(EVENT_TYPES)}'
        raise NoRecordError(msg)
    try:
        return Written(encode_event(event_type, event, 0), event_type)
    except EventFaultError as error:
        raise NoRecordError(str(error)) from error
