"""What of the dead-letter topic can be cut, and how long the rest stays."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Final, cast

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from consumer.adapters.kafka.topic_configs import topic_configs
from consumer.letters.kafka.ranges import kafka_failed

ASK_S: Final = 20.0


def cut(admin: AdminClient, topic: str, before: Mapping[int, int]) -> None:
    """`before`: by partition, the first offset that stays. Raises LettersError."""
    places = [TopicPartition(topic, partition, first) for partition, first in before.items()]
    if not places:
        return
    try:
        asked = cast(
            "Mapping[TopicPartition, Future[object]]",
            admin.delete_records(places, request_timeout=ASK_S),  # pyright: ignore[reportUnknownMemberType] -- its stub leaves the result open
        )
        for done in asked.values():
            done.result(ASK_S)
    except KafkaException as error:
        doing = f"cutting {topic} (the user needs Delete on it)"
        raise kafka_failed(error.args[0], doing) from error


def retention_ms(admin: AdminClient, topic: str) -> int | None:
    """None when records never expire, or when this user may not ask."""
    config = topic_configs(admin, [topic], ASK_S).get(topic, {})
    found = int(config.get("retention.ms", -1))
    return found if found >= 0 else None
