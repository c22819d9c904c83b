"""Everything that a run with faults needs: topics, a SEEK, a publisher, settings, an oracle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Producer

from consumer.delivery.records import TopicPartition
from consumer.demo.expectations import Kind
from consumer.demo.stream import ESTRANGED_TOKEN, GARBLED_TOKEN
from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.server import RunningSandbox, running_sandbox
from tests.faults.foreign_publisher import ForeignPublisher
from tests.faults.oracle import Oracle
from tests.faults.oracle.process import Evidence
from tests.faults.oracle.publications import PublicationLog
from tests.testbed import KafkaCluster, Registry, create_topics, registry_client

PARTITIONS = {
    Kind.APPLICATION_STATUS_CHANGED: 6,
    Kind.POSITION_STATUS_CHANGED: 3,
    Kind.APPLICATION_COMPLETED: 3,
}
REFUSALS: Sequence[dict[str, object]] = (
    {"fault": "refuse", "match": {"token": f"{GARBLED_TOKEN}*"}},
    {"fault": "refuse", "code": "FORBIDDEN", "match": {"token": f"{ESTRANGED_TOKEN}*"}},
)
"""What the stream counts on SEEK to refuse."""


CLASSIC_SESSION = {"KAFKA_SESSION_TIMEOUT_MS": "6000", "KAFKA_HEARTBEAT_INTERVAL_MS": "500"}
"""Short, so that a dead member's partitions move on soon. The newer protocol has the broker's."""
QUICK = {
    "SEEK_SIGNALS_LEASE_S": "5",
    "SEEK_SIGNALS_REQUEST_TOTAL_S": "3",
    "SEEK_SIGNALS_REQUEST_CONNECT_S": "2",
    "SEEK_SIGNALS_DRAIN_S": "4",
}
"""Below the session."""


def seek_at(sandbox: RunningSandbox) -> dict[str, str]:
    return {
        "SEEK_CLIENT_ID": sandbox.config.client_id,
        "SEEK_CLIENT_SECRET": sandbox.config.client_secret,
        "SEEK_ENDPOINT": sandbox.graphql_url,
        "SEEK_TOKEN_URL": sandbox.token_url,
    }


def far_sides(kafka: KafkaCluster, registry: Registry, sandbox: RunningSandbox) -> dict[str, str]:
    """The settings that say where everything is."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "SCHEMA_REGISTRY_URL": registry.url,
        **seek_at(sandbox),
    }


def names_of(group: str, topics: Mapping[Kind, str]) -> dict[str, str]:
    """The settings that say what is read, and for whom."""
    return {
        "SEEK_SIGNALS_GROUP": group,
        "SEEK_SIGNALS_APPLICATION_STATUS_TOPICS": topics[Kind.APPLICATION_STATUS_CHANGED],
        "SEEK_SIGNALS_POSITION_STATUS_TOPICS": topics[Kind.POSITION_STATUS_CHANGED],
        "SEEK_SIGNALS_APPLICATION_COMPLETED_TOPICS": topics[Kind.APPLICATION_COMPLETED],
    }


@dataclass(frozen=True, slots=True)
class Scene:
    kafka: KafkaCluster
    registry: Registry
    sandbox: RunningSandbox
    publisher: ForeignPublisher
    oracle: Oracle
    group: str
    topics: dict[Kind, str]
    folder: Path

    @property
    def evidence(self) -> Evidence:
        """For an oracle that is a process of its own, watching beside the one in here."""
        bootstrap, topics = self.kafka.bootstrap, list(self.topics.values())
        return Evidence(bootstrap, self.group, topics, self.folder, unexplained_may_be=True)

    def environment(self, **more: str) -> dict[str, str]:
        """Settings for a service on these parts."""
        own = {
            **far_sides(self.kafka, self.registry, self.sandbox),
            **CLASSIC_SESSION,
            **names_of(self.group, self.topics),
            **QUICK,
            "SEEK_SIGNALS_HTTP_PORT": "0",
            "SEEK_SIGNALS_LOG_FORMAT": "json",
        }
        return own | more


@contextmanager
def scene(
    kafka: KafkaCluster, registry: Registry, folder: Path, latency_s: float
) -> Iterator[Scene]:
    name = uuid4().hex[:8]
    group = f"signals-{name}"
    topics = {kind: f"{kind.replace('_', '-')}-{name}" for kind in Kind}
    create_topics(kafka, {topics[kind]: count for kind, count in PARTITIONS.items()})
    create_topics(kafka, {f"{group}.dlq": 6, f"{group}.retry": 3})
    config = SandboxConfig(
        journal=folder / "journal.ndjson",
        requests=folder / "requests.ndjson",
        latency_s=latency_s,
    )
    places = [
        TopicPartition(topics[kind], partition)
        for kind, count in PARTITIONS.items()
        for partition in range(count)
    ]
    with (
        FileIO(str(folder / "published.ndjson"), "a") as published,
        running_sandbox(config) as sandbox,
    ):
        sandbox.set_faults(REFUSALS)
        publisher = ForeignPublisher(
            Producer({**kafka.client_config(), "acks": "all", "linger.ms": 5}),
            registry_client(registry.url),
            topics,
            PublicationLog(published),
        )
        oracle = Oracle(kafka, sandbox, group, places, publisher.published)
        try:
            yield Scene(kafka, registry, sandbox, publisher, oracle, group, topics, folder)
        finally:
            oracle.close()
            publisher.registry.close()
