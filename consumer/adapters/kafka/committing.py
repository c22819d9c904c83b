"""Commits, and what becomes of them.

Where the broker refuses one partition of a commit, the client tells that refusal for all of them
that it took (seen with confluent-kafka 2.16): nobody can say what was taken. So a refusal for one
topic's sake is followed by commits of one topic each, and one for size by smaller metadata.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from consumer.adapters.kafka.advice import name_of
from consumer.adapters.kafka.topic_ids import Identities
from consumer.delivery.commit_memory import encode
from consumer.delivery.records import Offset
from consumer.delivery.records import TopicPartition as Place
from consumer.ports import CommitAnswer, Mark

OF_A_TOPIC: Final = frozenset(
    {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED}
)
TOO_LARGE: Final = KafkaError.OFFSET_METADATA_TOO_LARGE
_FINAL: Final = OF_A_TOPIC | {TOO_LARGE, KafkaError.GROUP_AUTHORIZATION_FAILED}
_NO_BITMAP: Final = ";"
"""How metadata ends that says only whose offset it is."""


@dataclass(slots=True)
class Committer:
    consumer: Consumer
    identities: Identities
    room_bytes: int
    """For metadata with a bitmap; less when the broker takes less."""
    _bare: bool = False
    """The broker takes not even the ids: commits go without any metadata."""
    _by_topic: bool = False
    _unanswered: int = 0
    """Of the commits that were begun together."""
    _taken: dict[Place, Offset] = field(default_factory=dict[Place, Offset])
    _refused: str | None = None

    def begin(self, marks: Mapping[Place, Mark]) -> Collection[Place]:
        """Asynchronous; `answered` takes the answers. The partitions whose settled offsets
        beyond the mark travel along. Raises KafkaException when nothing could be begun."""
        groups = _each_topic(marks) if self._by_topic else [marks]
        self._unanswered, self._taken, self._refused = len(groups), {}, None
        carried: set[Place] = set()
        for group in groups:
            offsets, some = self._offsets(group)
            self.consumer.commit(offsets=offsets, asynchronous=True)
            carried |= some
        return carried

    def answered(
        self, error: KafkaError | None, partitions: Sequence[TopicPartition]
    ) -> tuple[Mapping[Place, Offset], str | None] | None:
        """What was taken, and the code of a refusal; None while more answers are to come."""
        refused = error or next((tp.error for tp in partitions if tp.error is not None), None)
        for tp in partitions:
            if error is None and tp.error is None:
                self._taken[Place(tp.topic, tp.partition)] = Offset(tp.offset)
        if refused is not None:
            self._refused = name_of(refused)
            self._learn(refused, partitions)
        self._unanswered -= 1
        if self._unanswered > 0:
            return None
        if self._refused is None:
            self._by_topic = False
        return self._taken, self._refused

    def now(self, marks: Mapping[Place, Mark]) -> CommitAnswer:
        """Blocks for as long as the client's socket timeout, for each topic at most."""
        refused = self._commit(marks)
        if refused is None:
            return CommitAnswer(marks.keys())
        groups = _each_topic(marks)
        if refused.code() not in OF_A_TOPIC or len(groups) == 1:
            return CommitAnswer((), name_of(refused), refused.code() in _FINAL)
        taken: list[Place] = []
        final = True
        for group in groups:
            refused_alone = self._commit(group)
            if refused_alone is None:
                taken += group
            else:
                refused, final = refused_alone, final and refused_alone.code() in _FINAL
        return CommitAnswer(taken, None if len(taken) == len(marks) else name_of(refused), final)

    def _commit(self, marks: Mapping[Place, Mark]) -> KafkaError | None:
        """Ends: each refusal for size halves the room, until there is nothing left to drop."""
        while True:
            offsets, _ = self._offsets(marks)
            refused = self._refusal(offsets)
            if refused is None or not self._learn(refused, offsets):
                return refused

    def _refusal(self, offsets: list[TopicPartition]) -> KafkaError | None:
        try:
            answers = self.consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            refused: KafkaError = error.args[0]
            return refused
        return next((answer.error for answer in answers if answer.error is not None), None)

    def _learn(self, refused: KafkaError, offsets: Iterable[TopicPartition]) -> bool:
        """Whether the same commit will look different now, since it was refused for its size."""
        if refused.code() in OF_A_TOPIC:
            self._by_topic = True
        if refused.code() != TOO_LARGE or self._bare:
            return False
        bitmaps = [tp.metadata for tp in offsets if not (tp.metadata or "").endswith(_NO_BITMAP)]
        if any(bitmaps):
            self.room_bytes = min(self.room_bytes, max(len(text or "") for text in bitmaps) // 2)
        else:
            self._bare = True
        return True

    def _offsets(self, marks: Mapping[Place, Mark]) -> tuple[list[TopicPartition], set[Place]]:
        offsets: list[TopicPartition] = []
        carried: set[Place] = set()
        for place, mark in marks.items():
            identity = self.identities.identity(place.topic)
            text, whole = encode(
                identity, mark.offset, mark.position, mark.unsettled, self.room_bytes
            )
            text = "" if self._bare else text
            offsets.append(TopicPartition(place.topic, place.partition, mark.offset, text))
            if whole and not self._bare:
                carried.add(place)
        return offsets, carried


def _each_topic(marks: Mapping[Place, Mark]) -> list[Mapping[Place, Mark]]:
    topics = dict.fromkeys(place.topic for place in marks)
    return [{p: mark for p, mark in marks.items() if p.topic == topic} for topic in topics]
