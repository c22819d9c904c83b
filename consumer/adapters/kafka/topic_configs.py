"""How topics are configured, as far as this user may see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import Future
from typing import Any, cast

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource


def topic_configs(
    admin: AdminClient, topics: Collection[str], within_s: float
) -> dict[str, Mapping[str, str]]:
    """By topic, property to value. Left out is what this user may not see, and all when the
    brokers do not answer."""
    if not topics:
        return {}
    asked = [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in topics]
    answers = cast(
        "Mapping[ConfigResource, Future[Mapping[str, Any]]]",
        admin.describe_configs(asked, request_timeout=within_s),  # pyright: ignore[reportUnknownMemberType] -- untyped by the client
    )
    found: dict[str, Mapping[str, str]] = {}
    for resource, answer in answers.items():
        try:
            entries = answer.result(timeout=within_s)
        except (KafkaException, TimeoutError):
            continue
        found[str(resource.name)] = {name: str(each.value) for name, each in entries.items()}
    return found
