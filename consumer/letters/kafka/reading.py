"""The dead-letter topic, the state topic and the sources, as they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from confluent_kafka import Consumer, Message, TopicPartition

from consumer.delivery.dead_letter import Origin
from consumer.delivery.records import Record
from consumer.delivery.records import TopicPartition as Place
from consumer.letters.kafka.ranges import (
    ASK_S,
    NoTopicError,
    Range,
    answered,
    extent,
    partitions_of,
    read,
)
from consumer.letters.letter import Letter, Spot, read_letter
from consumer.letters.ports import Beat, Seen, unhurried
from consumer.letters.standing import Filed, Heartbeat, decode

GAP: Final = 500
"""To read over so many records is quicker than to ask for the next place: one fetch."""


@dataclass(frozen=True, slots=True)
class KafkaLetters:
    """Implements the port `Letters`."""

    consumer: Consumer
    topic: str

    def scan(self, seen: Seen) -> Iterator[Letter]:
        ranges = _whole(self.consumer, self.topic)
        total = sum(span.end - span.first for span in ranges.values())
        count = 0

        def beat() -> None:
            seen(count, total)

        beat()
        for message in read(self.consumer, ranges, beat):
            count += 1
            yield read_letter(_record(message))
        seen(total, total)

    def fetch(self, spots: Collection[Spot], beat: Beat = unhurried) -> Mapping[Spot, Letter]:
        wanted, found = set(spots), dict[Spot, Letter]()
        kept_by = {p: extent(self.consumer, self.topic, p) for p in {s.partition for s in wanted}}
        for place, span in _runs(self.topic, wanted):
            here = kept_by[place.partition]
            kept = Range(max(span.first, here.first), min(span.end, here.end))
            for message in read(self.consumer, {place: kept}, beat):
                spot = Spot(place.partition, cast("int", message.offset()))
                if spot in wanted:
                    found[spot] = read_letter(_record(message))
        return found


@dataclass(frozen=True, slots=True)
class KafkaStates:
    """Implements the port `States`."""

    consumer: Consumer
    """Of the group whose commits are asked for; it never joins."""
    topic: str
    retry_topic: str

    def read(self) -> Iterator[Filed | Heartbeat]:
        for message in read(self.consumer, _whole(self.consumer, self.topic)):
            state = decode(message.key(), message.value())
            if state is not None:
                yield state

    def committed(self) -> Mapping[int, int]:
        partitions = partitions_of(self.consumer, self.retry_topic)
        asked = [TopicPartition(self.retry_topic, partition) for partition in partitions]
        answers = answered(
            lambda: self.consumer.committed(asked, ASK_S), "asking for the group's offsets"
        )
        return {answer.partition: answer.offset for answer in answers if answer.offset >= 0}


@dataclass(frozen=True, slots=True)
class KafkaSources:
    """Implements the port `Sources`."""

    consumer: Consumer

    def newer(self, topic: str, partition: int, first: int, seen: Seen) -> Iterator[Record]:
        span = self._kept(topic, partition, first)
        if span is None:
            return
        count = 0

        def beat() -> None:
            seen(count, span.end - span.first)

        for message in read(self.consumer, {Place(topic, partition): span}, beat):
            count += 1
            yield _record(message)

    def original(self, origin: Origin, beat: Beat = unhurried) -> Record | None:
        topic, partition, offset, _ = origin
        span = self._kept(topic, partition, offset)
        if span is None or not span.first <= offset < span.end:
            return None
        place = Place(topic, partition)
        found = list(read(self.consumer, {place: Range(offset, offset + 1)}, beat))
        return _record(found[0]) if found and found[0].offset() == offset else None

    def _kept(self, topic: str, partition: int, first: int) -> Range | None:
        """None when the topic or partition is gone: then it holds nothing of anyone's."""
        try:
            if partition not in partitions_of(self.consumer, topic):
                return None
        except NoTopicError:
            return None
        here = extent(self.consumer, topic, partition)
        return Range(max(first, here.first), here.end)


def _whole(consumer: Consumer, topic: str) -> dict[Place, Range]:
    partitions = partitions_of(consumer, topic)
    return {Place(topic, number): extent(consumer, topic, number) for number in partitions}


def _runs(topic: str, spots: Collection[Spot]) -> Iterator[tuple[Place, Range]]:
    """Neighbours are read in one go."""
    first = last = None
    for spot in sorted(spots):
        if first is None or last is None:
            first = last = spot
        elif spot.partition == last.partition and spot.offset - last.offset <= GAP:
            last = spot
        else:
            yield Place(topic, first.partition), Range(first.offset, last.offset + 1)
            first = last = spot
    if first is not None and last is not None:
        yield Place(topic, first.partition), Range(first.offset, last.offset + 1)


def _record(message: Message) -> Record:
    """confluent-kafka's stub says that every part of a message may be None; of one without an
    error only key, value and headers may."""
    return cast("Record", message)
