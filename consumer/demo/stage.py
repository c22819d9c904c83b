"""Everything that the demo runs on, in one process: Kafka, registry, SEEK, settings."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from consumer.adapters.avro.registry import RegistryClient, connect
from consumer.demo.expectations import Kind
from consumer.demo.mock_cluster import mock_cluster
from consumer.demo.scenario import REFUSALS
from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.server import RunningSandbox, running_sandbox
from consumer.settings.load import Settings, load_settings

GROUP: Final = "demo"
TOPICS: Final[Mapping[Kind, str]] = {
    Kind.APPLICATION_STATUS_CHANGED: "ats.application-status-changed",
    Kind.POSITION_STATUS_CHANGED: "ats.position-status-changed",
    Kind.APPLICATION_COMPLETED: "ats.application-completed",
}
_PARTITIONS: Final = 6
_RETRY_PARTITIONS: Final = 3
_LATENCY_S: Final = 0.06  # As across a continent: requests overlap, and batches gather meanwhile.

_SETTINGS: Final[Mapping[str, str]] = {
    "KAFKA_SESSION_TIMEOUT_MS": "6000",  # A rebalance of the embedded Kafka lasts 1 s less.
    "KAFKA_FETCH_WAIT_MAX_MS": "20",  # It sits out an empty fetch, however soon a record comes.
    "SEEK_SIGNALS_LEASE_S": "4",
    "SEEK_SIGNALS_DRAIN_S": "10",
    "SEEK_SIGNALS_REQUEST_TOTAL_S": "5",
    "SEEK_SIGNALS_HOLD_BASE_S": "0.25",  # A spell of seconds must not become a wait of a minute.
    "SEEK_SIGNALS_HOLD_MAX_S": "1",
    "SEEK_SIGNALS_GROUP": GROUP,
    # Never called: the registry of the demo lives in this process, without an address.
    "SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
}


@dataclass(frozen=True, slots=True)
class Stage:
    settings: Settings
    sandbox: RunningSandbox
    registry: RegistryClient
    bootstrap: str

    @property
    def dlq_topic(self) -> str:
        return self.settings.source.dlq_topic


@contextmanager
def set_up(folder: Path, http_port: int = 0) -> Generator[Stage, None, None]:
    """`folder` takes the sandbox's journal and request log; `http_port`: 0 is any free one."""
    sandbox = SandboxConfig(
        journal=folder / "journal.ndjson",
        requests=folder / "requests.ndjson",
        latency_s=_LATENCY_S,
        faults=REFUSALS,
    )
    with mock_cluster(_kafka_topics()) as cluster, running_sandbox(sandbox) as seek:
        settings = load_settings(_environ(cluster.bootstrap, seek, http_port), {})
        registry = connect({"url": "mock://"})
        yield Stage(settings, seek, registry, cluster.bootstrap)


def _kafka_topics() -> dict[str, int]:
    sources = dict.fromkeys(TOPICS.values(), _PARTITIONS)
    return {**sources, f"{GROUP}.dlq": _PARTITIONS, f"{GROUP}.retry": _RETRY_PARTITIONS}


def _environ(bootstrap: str, seek: RunningSandbox, http_port: int) -> dict[str, str]:
    """The user's own environment plays no part: the demo touches nothing of theirs."""
    return {
        **_SETTINGS,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "SEEK_SIGNALS_HTTP_PORT": str(http_port),
        "SEEK_ENDPOINT": seek.graphql_url,
        "SEEK_TOKEN_URL": seek.token_url,
        "SEEK_CLIENT_ID": seek.config.client_id,
        "SEEK_CLIENT_SECRET": seek.config.client_secret,
    }
