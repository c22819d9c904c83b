"""What Kafka holds for the group: its commits, and the dead letters."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message
from confluent_kafka import TopicPartition as KafkaPartition

from consumer.delivery.commit_memory import Identity, decode
from consumer.delivery.dead_letter import unwrap
from consumer.delivery.records import Headers, Offset, TopicPartition
from tests.faults.oracle.ledger import BuriedLetter
from tests.faults.oracle.publications import letter_digest
from tests.testbed.quiet import swallow

ASK_S: Final = 10.0
GLANCE_S: Final = 2.0
AT_ONCE: Final = 2_000
CLOCKS_MS: Final = 20.0
"""Letters bear the wall clock's time, which may be nudged against the monotonic one."""


class Commit(NamedTuple):
    place: TopicPartition
    mark: int
    claims: frozenset[Offset]
    """Beyond the mark, and settled as the metadata says."""


class StrangeLetterError(Exception):
    """A record on the dead-letter topic that is no letter of ours."""


@dataclass(slots=True)
class Commits:
    """Asks with a consumer that never joins: the admin client's call for it can abort the
    process when a broker is killed."""

    client: Mapping[str, str | int | float | bool]
    group: str
    _asking: Consumer | None = None
    _last: dict[TopicPartition, tuple[int, str | None]] = field(
        default_factory=dict[TopicPartition, tuple[int, str | None]]
    )

    def changed(self, places: Sequence[TopicPartition]) -> list[Commit]:
        """Those that differ from the last answer. Raises `KafkaException`."""
        asked = [KafkaPartition(place.topic, place.partition) for place in places]
        answers = self._consumer().committed(asked, timeout=ASK_S) if asked else []
        return [
            self._commit(answer)
            for answer in answers
            if answer.error is None and answer.offset >= 0 and self._is_new(answer)
        ]

    def partitions(self, topic: str) -> list[TopicPartition]:
        """As many as there are now. Raises `KafkaException`."""
        found = self._consumer().list_topics(topic, timeout=ASK_S).topics[topic].partitions
        return [TopicPartition(topic, number) for number in found]

    def close(self) -> None:
        if self._asking is not None:
            self._asking.close()

    def _consumer(self) -> Consumer:
        if self._asking is None:
            config = {**self.client, "group.id": self.group, "enable.auto.commit": False}
            self._asking = Consumer(config, logger=swallow())
        return self._asking

    def _is_new(self, answer: KafkaPartition) -> bool:
        place, told = _place(answer), (answer.offset, answer.metadata)
        before, self._last[place] = self._last.get(place), told
        return before != told

    def _commit(self, answer: KafkaPartition) -> Commit:
        memory = decode(answer.metadata, Identity("", ""), Offset(answer.offset))
        return Commit(_place(answer), answer.offset, memory.settled)


@dataclass(slots=True)
class Letters:
    client: Mapping[str, str | int | float | bool]
    topic: str
    _reader: Consumer | None = None
    _read: dict[int, int] = field(default_factory=dict[int, int])
    """Partition → one past the last letter read."""

    def new(self) -> list[tuple[BuriedLetter, Message]]:
        """Those that have arrived. Raises `KafkaException`, `StrangeLetterError`."""
        found: list[tuple[BuriedLetter, Message]] = []
        while messages := self._consumer().consume(AT_ONCE, timeout=0.02):
            found += [(self._letter(each), each) for each in messages if each.error() is None]
        return found

    def ends(self) -> dict[int, int]:
        """Partition → one past its last letter, now. Raises `KafkaException`."""
        reader = self._consumer()
        return {
            number: reader.get_watermark_offsets(KafkaPartition(self.topic, number), GLANCE_S)[1]
            for number in self._read
        }

    def has_read(self, ends: Mapping[int, int]) -> bool:
        return all(self._read[number] >= end for number, end in ends.items())

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _consumer(self) -> Consumer:
        if self._reader is None:
            config = {
                **self.client,
                "group.id": f"{self.topic}-oracle",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            }
            reader = Consumer(config, logger=swallow())
            found = reader.list_topics(self.topic, timeout=ASK_S).topics[self.topic].partitions
            self._read = dict.fromkeys(found, 0)
            reader.assign([KafkaPartition(self.topic, p, OFFSET_BEGINNING) for p in found])
            self._reader = reader
        return self._reader

    def _letter(self, message: Message) -> BuriedLetter:
        letter = unwrap(cast("Headers", message.headers()))
        if letter is None:
            msg = f"{self.topic} offset {message.offset()} is no dead letter of ours"
            raise StrangeLetterError(msg)
        self._read[cast("int", message.partition())] = cast("int", message.offset()) + 1
        origin = letter.origin
        return BuriedLetter(
            TopicPartition(origin.topic, origin.partition),
            origin.offset,
            letter.failure.reason,
            letter_digest(message.key(), message.value(), letter.headers),
            _monotonic_ms(message.timestamp()[1]),
        )


def _place(answer: KafkaPartition) -> TopicPartition:
    return TopicPartition(answer.topic, answer.partition)


def _monotonic_ms(wall_ms: int) -> float:
    return wall_ms - (time.time() - time.monotonic()) * 1000 - CLOCKS_MS
