"""What several verbs make of the settings."""

from __future__ import annotations

from confluent_kafka.admin import AdminClient

from consumer.adapters.telemetry.kafka_logs import kafka_logger
from consumer.settings.kafka import KafkaSettings
from consumer.settings.sources import SourceSettings
from consumer.topics.plan import Names


def admin_client(kafka: KafkaSettings) -> AdminClient:
    return AdminClient({**kafka.admin_config()}, logger=kafka_logger(name="admin"))


def names_of(source: SourceSettings) -> Names:
    return Names(
        sources=source.sources,
        group=source.group,
        dlq=source.dlq_topic,
        retry=source.retry_topic,
        state=source.state_topic,
        transactional_id=source.dlq_topic,
        record_bytes_max=source.record_bytes_max,
    )
