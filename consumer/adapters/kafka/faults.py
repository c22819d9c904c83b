"""What keeps the source from reading: noted when the client tells, forgotten when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import KafkaError

from consumer.adapters.kafka.advice import Grantee, name_of
from consumer.delivery.records import TopicPartition as Place
from consumer.ports import Fault

_EVERYWHERE: Final = Place("", -1)
"""Of Kafka as a whole: no connection, or no login. Over when a broker is connected."""
_THE_GROUP: Final = Place("", -2)
"""Of the membership, which a connection does not mend. Over when the group takes us in."""
_CERTAIN: Final = 2
"""Statistics: a broker may close a connection and get a new one in between."""
_OF_A_TOPIC: Final = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_EXCEPTION,
    }
)


@dataclass(slots=True)
class SourceFaults:
    grantee: Grantee
    _standing: dict[Place, Fault] = field(default_factory=dict[Place, Fault])
    _alone: int = 0
    """Statistics in a row that showed no broker connected."""

    @property
    def standing(self) -> Sequence[Fault]:
        return [*self._standing.values()]

    def told(self, error: KafkaError) -> None:
        """By the client's error callback. After a refused login or certificate it calls all
        brokers down as well, which says less: the reason stays."""
        if error.code() == KafkaError._TRANSPORT:
            return
        if error.code() != KafkaError._ALL_BROKERS_DOWN or _EVERYWHERE not in self._standing:
            self._note(_EVERYWHERE, _EVERYWHERE, error)

    def met(self, place: Place, error: KafkaError) -> None:
        """In the place of a record; errors of the group come without a topic."""
        if not place.topic:
            self._note(_THE_GROUP, _EVERYWHERE, error)
        elif error.code() in _OF_A_TOPIC:
            self._note(_whole(place.topic), _whole(place.topic), error)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            self._note(place, place, error)

    def looked(self, *, connected: bool) -> None:
        """By the client's statistics. What it tells by callback may come after what it fetched
        before, and it tells of each loss once only: here it is seen for as long as it lasts."""
        self._alone = 0 if connected else self._alone + 1
        if connected:
            self._standing.pop(_EVERYWHERE, None)
        elif self._alone >= _CERTAIN:
            self.told(KafkaError(KafkaError._ALL_BROKERS_DOWN))

    def taken_in(self) -> None:
        """The group gave us partitions, or took a commit of ours."""
        self._standing.pop(_EVERYWHERE, None)
        self._standing.pop(_THE_GROUP, None)

    def read(self, topics: Iterable[str | None]) -> None:
        """Records came. They may have been fetched long before: a connection they do not prove."""
        if self._standing:
            self.forget_topics(topics)

    def forget_topics(self, topics: Iterable[str | None]) -> None:
        for topic in set(topics):
            self._standing.pop(_whole(topic or ""), None)

    def forget(self, place: Place) -> None:
        self._standing.pop(place, None)

    def _note(self, key: Place, place: Place, error: KafkaError) -> None:
        about_offsets = error.code() == KafkaError._AUTO_OFFSET_RESET
        detail = self.grantee.to_read(error, place.topic)
        self._standing[key] = Fault(place, name_of(error), about_offsets, detail)


def _whole(topic: str) -> Place:
    return Place(topic, -1)
