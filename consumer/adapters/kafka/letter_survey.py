"""Which dead letter has waited longest for somebody, partition by partition.

`dlq replay` and `dlq purge` commit how far nobody has to look any more, for a group that is named
as the topic and has no members. Where they never did, all letters wait.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from consumer.adapters.kafka.advice import name_of
from consumer.adapters.kafka.record_times import RecordTimes
from consumer.delivery.records import Offset, TopicPartition
from consumer.delivery.retention import Extent, OldestOpen

ASK_S: Final = 5.0
_COORDINATOR_MOVES: Final = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}
"""As on a cluster that has just begun: it is known a survey later."""


@dataclass(slots=True)
class LetterSurvey:
    """Belongs to the survey's thread, whose client is of the group that is named as the topic."""

    topic: str
    """The dead-letter topic, and the group that says how far it was dealt with."""
    tell: Callable[[str], None]
    """Told once, when nobody says how far letters were dealt with."""
    wall_ms: Callable[[], int]
    _times: RecordTimes = field(default_factory=RecordTimes)
    _told: bool = False

    def places(self, client: Consumer) -> Sequence[TopicPartition]:
        """Of the topic; none where it cannot be had."""
        try:
            found = client.list_topics(self.topic, ASK_S).topics.get(self.topic)
        except KafkaException:
            return []
        partitions = [] if found is None else sorted(found.partitions)
        return [TopicPartition(self.topic, partition) for partition in partitions]

    def oldest(
        self, client: Consumer, extents: Mapping[TopicPartition, Extent]
    ) -> dict[TopicPartition, OldestOpen | None]:
        """None: not known. `extents`: of `places`."""
        if not extents:
            return {}
        dealt_with = self._dealt_with(client, list(extents))
        if dealt_with is None:
            return dict.fromkeys(extents)
        first = {
            place: Offset(max(dealt_with.get(place, 0), extent.start))
            for place, extent in extents.items()
        }
        waiting = {place: offset for place, offset in first.items() if offset < extents[place].end}
        done = {place: OldestOpen(first[place], None) for place in extents.keys() - waiting.keys()}
        return dict.fromkeys(waiting) | self._times.at(client, waiting, self.wall_ms()) | done

    def _dealt_with(
        self, client: Consumer, places: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int] | None:
        """By what `committed` of the client says: the admin client's call for it can abort the
        process when a broker goes away meanwhile."""
        try:
            found = client.committed([KafkaPartition(*place) for place in places], ASK_S)
        except KafkaException as error:
            self._tell(error.args[0])
            return None
        for answer in found:
            if answer.error is not None:
                self._tell(answer.error)
                return None
        return {TopicPartition(p.topic, p.partition): p.offset for p in found if p.offset >= 0}

    def _tell(self, error: KafkaError) -> None:
        """The client asks on where the right is missing, until its time is over."""
        if not self._told and error.code() not in _COORDINATOR_MOVES:
            self._told = True
            self.tell(f"{name_of(error)}: is Describe on the group {self.topic} granted?")
