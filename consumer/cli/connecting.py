"""What several verbs make of the settings."""

from __future__ import annotations

from confluent_kafka.admin import AdminClient

from consumer.adapters.avro.registry import Registry
from consumer.adapters.clock import SystemClock
from consumer.adapters.telemetry.kafka_logs import kafka_logger
from consumer.letters.understanding import Understanding, understanding
from consumer.settings.kafka import KafkaSettings
from consumer.settings.load import Connections, Settings
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


def understanding_of(settings: Settings | Connections, registry: Registry) -> Understanding:
    """As the service reads and maps with the same settings."""
    source = settings.source
    return understanding(
        registry, settings.mapping, source.ignore_types, source.record_bytes_max, SystemClock()
    )
