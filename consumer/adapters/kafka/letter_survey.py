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
from consumer.delivery.records import Offset, TopicPartition
from consumer.delivery.retention import Extent, OldestOpen, Retention

ASK_S: Final = 5.0
HALVINGS: Final = 12
"""Three minutes of two weeks."""


@dataclass(slots=True)
class LetterSurvey:
    """Belongs to the survey's thread, whose client is of the group that is named as the topic."""

    topic: str
    """The dead-letter topic, and the group that says how far it was dealt with."""
    tell: Callable[[str], None]
    """Told once, when nobody says how far letters were dealt with."""
    wall_ms: Callable[[], int]
    _known: dict[TopicPartition, OldestOpen] = field(
        default_factory=dict[TopicPartition, OldestOpen]
    )
    """Where the offset is the same, the letter is."""
    _told: bool = False

    def places(self, client: Consumer) -> Sequence[TopicPartition]:
        """Of the topic; none where it cannot be had."""
        try:
            found = client.list_topics(self.topic, ASK_S).topics[self.topic]
        except KafkaException:
            return []
        return [TopicPartition(self.topic, partition) for partition in sorted(found.partitions)]

    def oldest(
        self,
        client: Consumer,
        extents: Mapping[TopicPartition, Extent],
        retention: Retention | None,
    ) -> dict[TopicPartition, OldestOpen | None]:
        """None: not known. `extents`: of `places`. `retention`: of the topic."""
        if not extents:
            return {}
        dealt_with = self._dealt_with(client, list(extents))
        if dealt_with is None or retention is None:
            return dict.fromkeys(extents)
        first = {
            place: Offset(max(dealt_with.get(place, 0), extent.start))
            for place, extent in extents.items()
        }
        waiting = {place for place, offset in first.items() if offset < extents[place].end}
        news = {place: first[place] for place in waiting if self._is_news(place, first[place])}
        self._known |= self._looked_up(client, news, retention.ms)
        known = {place: self._known.get(place) for place in waiting}
        done = {place: OldestOpen(first[place], None) for place in extents.keys() - waiting}
        return known | done

    def _is_news(self, place: TopicPartition, offset: Offset) -> bool:
        known = self._known.get(place)
        if known is not None and known.offset == offset:
            return False
        self._known.pop(place, None)
        return True

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

    def _looked_up(
        self, client: Consumer, marks: Mapping[TopicPartition, Offset], kept_ms: int | None
    ) -> dict[TopicPartition, OldestOpen]:
        """By halving the time that letters are kept: brokers tell the first offset from a time
        on to who may not read. A time is `kept_ms` / 4,096 too early at most."""
        if kept_ms is None:
            return {place: OldestOpen(offset, None) for place, offset in marks.items()}
        from_ms = dict.fromkeys(marks, self.wall_ms() - kept_ms)
        for halving in range(1, HALVINGS + 1):
            step_ms = kept_ms >> halving
            asked = [KafkaPartition(*p, at_ms + step_ms) for p, at_ms in from_ms.items()]
            try:
                answers = client.offsets_for_times(asked, ASK_S) if asked else []
            except KafkaException:
                return {}
            for answer in answers:
                place = TopicPartition(answer.topic, answer.partition)
                if answer.error is not None:
                    del from_ms[place]
                elif 0 <= answer.offset <= marks[place]:
                    from_ms[place] += step_ms
        return {place: OldestOpen(marks[place], at_ms) for place, at_ms in from_ms.items()}

    def _tell(self, error: KafkaError) -> None:
        """The client asks on where the right is missing, until its time is over."""
        if not self._told:
            self._told = True
            self.tell(f"{name_of(error)}: is Describe on the group {self.topic} granted?")
