"""What topics there are, and making those that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Final, cast

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from consumer.adapters.kafka.advice import advice_for, name_of
from consumer.errors import ConsumerError
from consumer.topics.plan import Topic

ASK_S: Final = 20.0


class TopicsError(ConsumerError):
    """Kafka could not be asked, or made no topic."""


def partitions(admin: AdminClient, names: Iterable[str]) -> Mapping[str, int]:
    """Of those that exist and that this user may see. Raises TopicsError."""
    try:
        found = admin.list_topics(timeout=ASK_S).topics
    except KafkaException as error:
        raise _failed(error.args[0], "asking for the topics") from error
    return {name: len(found[name].partitions) for name in names if name in found}


def create(admin: AdminClient, topics: Iterable[Topic], replication: int | None) -> None:
    """One that exists already stays as it is. Raises TopicsError at the first that fails."""
    wanted = [
        NewTopic(
            topic.name,
            topic.partitions,
            -1 if replication is None else replication,
            config=dict(topic.config),
        )
        for topic in topics
    ]
    if not wanted:
        return
    asked = cast(
        "Mapping[str, Future[None]]",
        admin.create_topics(wanted, operation_timeout=ASK_S),  # pyright: ignore[reportUnknownMemberType] -- its stub leaves the result open
    )
    for name, done in asked.items():
        try:
            done.result(ASK_S)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise _failed(error.args[0], f"creating {name}") from error


def _failed(error: KafkaError, doing: str) -> TopicsError:
    return TopicsError(f"{doing} failed: {name_of(error)}: {advice_for(error)}")
