"""Up to where nobody has to look at dead letters any more, for those who watch the service."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Final, cast

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from consumer.letters.kafka.ranges import kafka_failed

ASK_S: Final = 20.0


def tell_oldest_open(admin: AdminClient, topic: str, oldest: Mapping[int, int]) -> None:
    """Commits `oldest`, an offset by partition, for a group that is named as the topic and has
    no members. No state depends on it: the service's time to loss does. Raises LettersError."""
    places = [TopicPartition(topic, partition, offset) for partition, offset in oldest.items()]
    if not places:
        return
    asked = cast(
        "Mapping[str, Future[ConsumerGroupTopicPartitions]]",
        admin.alter_consumer_group_offsets(  # pyright: ignore[reportUnknownMemberType] -- its stub leaves the result open
            [ConsumerGroupTopicPartitions(topic, places)], request_timeout=ASK_S
        ),
    )
    doing = f"committing for the group {topic} (the user needs Read on it)"
    try:
        answer = asked[topic].result(ASK_S)
    except KafkaException as error:
        raise kafka_failed(error.args[0], doing) from error
    for place in answer.topic_partitions or []:
        if place.error is not None:
            raise kafka_failed(place.error, doing)
