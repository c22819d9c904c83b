"""When Kafka took the records at some offsets, asked of brokers that tell the first offset from a
time on: who may not read a topic may ask that, and no record travels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from consumer.delivery.records import Offset, TopicPartition
from consumer.delivery.retention import OldestOpen

ASK_S: Final = 5.0
FINE_MS: Final = 60_000
"""A time is so much too early at most: 25 questions for all since 1970, each for all partitions."""


@dataclass(slots=True)
class RecordTimes:
    """Belongs to the survey's thread. Where the offset is the same, so is the record."""

    _known: dict[TopicPartition, OldestOpen] = field(
        default_factory=dict[TopicPartition, OldestOpen]
    )

    def at(
        self, client: Consumer, wanted: Mapping[TopicPartition, Offset], now_ms: int
    ) -> dict[TopicPartition, OldestOpen]:
        """Without those that cannot be had. What is not wanted any more is forgotten."""
        known = {
            place: found
            for place, found in self._known.items()
            if wanted.get(place) == found.offset
        }
        news = {place: offset for place, offset in wanted.items() if place not in known}
        self._known = known | _looked_up(client, news, now_ms)
        return self._known


def _looked_up(
    client: Consumer, wanted: Mapping[TopicPartition, Offset], now_ms: int
) -> dict[TopicPartition, OldestOpen]:
    """By halving the time that each may be of. It comes to the latest time of all records up to
    the offset: where they are out of order, retention waits for that one, too."""
    from_ms = dict.fromkeys(wanted, 0)
    step_ms = now_ms
    while step_ms > FINE_MS and from_ms:
        step_ms //= 2
        asked = [KafkaPartition(*place, at_ms + step_ms) for place, at_ms in from_ms.items()]
        try:
            answers = client.offsets_for_times(asked, ASK_S)
        except KafkaException:
            return {}
        for answer in answers:
            place = TopicPartition(answer.topic, answer.partition)
            if answer.error is not None:
                del from_ms[place]
            elif 0 <= answer.offset <= wanted[place]:
                from_ms[place] += step_ms
    # Nothing was found from 1970 on: its records have no times.
    return {place: OldestOpen(wanted[place], at_ms or None) for place, at_ms in from_ms.items()}
