"""Up to where nobody has to look at dead letters any more, for those who watch the service."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import Consumer, TopicPartition

from consumer.letters.kafka.ranges import answered, kafka_failed


def tell_oldest_open(client: Consumer, topic: str, oldest: Mapping[int, int]) -> None:
    """Commits `oldest`, an offset by partition. `client` is of the group that is named as the
    topic, which has no members. No state depends on it: the service's time to loss does.
    Raises LettersError."""
    places = [TopicPartition(topic, partition, offset) for partition, offset in oldest.items()]
    if not places:
        return
    doing = f"committing for the group {topic} (the user needs Read on it)"
    for place in answered(lambda: client.commit(offsets=places, asynchronous=False), doing) or []:
        if place.error is not None:
            raise kafka_failed(place.error, doing)
