"""The parts of a run, each a process of its own, and the proxies between them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from confluent_kafka.admin import AdminClient

from consumer.demo.expectations import Kind
from tests.faults.chaos.member import Member
from tests.faults.chaos.sandbox import CLIENT_ID, FIRST_SECRET, Sandbox
from tests.faults.collector import running_collector
from tests.faults.oracle.process import Evidence, OracleProcess, running_oracle
from tests.faults.oracle.timeline import TimelineLog
from tests.faults.scene import CLASSIC_SESSION, PARTITIONS, QUICK, names_of
from tests.faults.service import ServiceProcess
from tests.testbed import (
    KafkaCluster,
    Registry,
    TcpProxy,
    create_topics,
    free_port,
    running_kafka,
    running_proxy,
    running_registry,
)
from tests.testbed.processes import ChildProcess, Children, children
from tests.testbed.quiet import swallow

GROUP: Final = "seek-signals"
TOPICS: Final = {kind: f"ats.{kind.replace('_', '-')}" for kind in Kind}
JOINER: Final = "joiner"
"""The member that comes for a while."""
BROKERS: Final = {"log.segment.bytes": "33554432"}
"""A broker that was killed reads its last segments again: 1 GiB each by default."""
SHORT: Final = {
    "KAFKA_TOPIC_METADATA_REFRESH_INTERVAL_MS": "2000",
    "KAFKA_RECONNECT_BACKOFF_MAX_MS": "1000",
    # With the newer protocol a member that missed its new assignment (its client's heartbeat
    # timed out) keeps what it should give up, until the coordinator has waited so long.
    "KAFKA_MAX_POLL_INTERVAL_MS": "30000",
    "SEEK_SIGNALS_HOLD_MAX_S": "2",
    "SEEK_SIGNALS_AUTH_PROBE_S": "1",
    "SEEK_SIGNALS_RETRY_AFTER_MAX_S": "5",
    "SEEK_SIGNALS_FLOOD_PROBE_S": "2",
    "SEEK_SIGNALS_SICK_AFTER_S": "8",
}
"""Waits that are minutes in production, so that recovery is a matter of seconds."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part."""

    seed: int
    consumers: int
    protocol: str
    rate: float


@dataclass(frozen=True, slots=True)
class Files:
    """What a run leaves beside the logs and the oracle's evidence."""

    folder: Path

    @property
    def secret(self) -> Path:
        """Of the members' client, for them to read."""
        return self.folder / "seek-secret"

    @property
    def private(self) -> Path:
        """The words of what is published that no log, page or trace may hold, a line each."""
        return self.folder / "private.txt"

    @property
    def milestones(self) -> Path:
        """How many records were confirmed when."""
        return self.folder / "milestones.txt"

    @property
    def traces(self) -> Path:
        """What the members exported."""
        return self.folder / "traces"


@dataclass(frozen=True, slots=True)
class Stage:
    cast: Cast
    folder: Path
    kafka: KafkaCluster
    registry: Registry
    registry_way: TcpProxy
    sandbox: Sandbox
    members: Mapping[str, Member]
    """By name; the one that joins for a while among them."""
    publisher: ChildProcess
    oracle: OracleProcess
    timeline: TimelineLog
    files: Files
    admin: AdminClient
    """Past the proxies."""


@contextmanager
def staged(cast: Cast, folder: Path) -> Iterator[Stage]:
    """Everything is up but the publisher and the members, who wait to be started."""
    with ExitStack() as ends:
        nursery = ends.enter_context(children())
        kafka = ends.enter_context(running_kafka(nodes=3, detour=True, properties=BROKERS))
        registry = ends.enter_context(running_registry())
        way = ends.enter_context(running_proxy(("127.0.0.1", registry.port)))
        create_topics(kafka, {TOPICS[kind]: count for kind, count in PARTITIONS.items()})
        create_topics(kafka, {f"{GROUP}.dlq": 6, f"{GROUP}.retry": 3})
        evidence = Evidence(kafka.bootstrap, GROUP, list(TOPICS.values()), folder, patience_s=15.0)
        sandbox = _sandbox(nursery, evidence)
        sandbox.start()
        files = Files(folder)
        files.secret.write_text(FIRST_SECRET)
        timeline = TimelineLog(ends.enter_context(FileIO(str(evidence.faults), "a")))
        exporting = ends.enter_context(running_collector(files.traces))
        settings = _settings(cast, kafka, way, files.secret) | exporting
        members = {
            name: ends.enter_context(_member(name, settings, sandbox.port, timeline, folder))
            for name in [*(f"consumer-{n + 1}" for n in range(cast.consumers)), JOINER]
        }
        for file in (evidence.published, files.private, files.milestones):
            file.touch()
        yield Stage(
            cast=cast,
            folder=folder,
            kafka=kafka,
            registry=registry,
            registry_way=way,
            sandbox=sandbox,
            members=members,
            publisher=_publisher(nursery, cast, kafka, registry, evidence, files),
            oracle=ends.enter_context(running_oracle(evidence)),
            timeline=timeline,
            files=files,
            admin=AdminClient(kafka.client_config(), logger=swallow()),
        )


def _sandbox(nursery: Children, evidence: Evidence) -> Sandbox:
    port = free_port()
    command = [
        *(sys.executable, "-m", "consumer", "sandbox", "--port", str(port)),
        *("--client-id", CLIENT_ID, "--journal", str(evidence.journal)),
        *("--requests", str(evidence.requests)),
    ]
    secret = {"SEEK_SANDBOX_CLIENT_SECRET": FIRST_SECRET}
    return Sandbox(port, nursery.child("sandbox", command, evidence.folder / "sandbox.log", secret))


def _publisher(
    nursery: Children,
    cast: Cast,
    kafka: KafkaCluster,
    registry: Registry,
    evidence: Evidence,
    files: Files,
) -> ChildProcess:
    command = [
        *(sys.executable, "-m", "tests.faults.chaos.publisher"),
        *("--bootstrap", kafka.bootstrap, "--registry", registry.url),
        *("--topics", *evidence.topics, "--published", str(evidence.published)),
        *("--private", str(files.private), "--milestones", str(files.milestones)),
        *("--seed", str(cast.seed), "--rate", str(cast.rate)),
    ]
    return nursery.child("publisher", command, files.folder / "publisher.log")


def _settings(
    cast: Cast, kafka: KafkaCluster, registry_way: TcpProxy, secret_file: Path
) -> dict[str, str]:
    newer = {"KAFKA_GROUP_PROTOCOL": "consumer", "SEEK_SIGNALS_SESSION_TIMEOUT_S": "6"}
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.detour,
        **(CLASSIC_SESSION if cast.protocol == "classic" else newer),
        "SCHEMA_REGISTRY_URL": f"http://{registry_way.address}/apis/ccompat/v7",
        "SCHEMA_REGISTRY_TIMEOUT_S": "3",
        "SEEK_CLIENT_ID": CLIENT_ID,
        "SEEK_CLIENT_SECRET_FILE": str(secret_file),
        **names_of(GROUP, TOPICS),
        **QUICK,
        **SHORT,
        "SEEK_SIGNALS_LOG_FORMAT": "json",
    }


@contextmanager
def _member(
    name: str,
    settings: Mapping[str, str],
    sandbox_port: int,
    timeline: TimelineLog,
    folder: Path,
) -> Iterator[Member]:
    with running_proxy(("127.0.0.1", sandbox_port)) as way:
        port = free_port()
        environment = {
            **settings,
            "SEEK_ENDPOINT": f"http://{way.address}/graphql",
            "SEEK_TOKEN_URL": f"http://{way.address}/oauth/token",
            "SEEK_SIGNALS_HTTP_PORT": str(port),
        }
        process = ServiceProcess(environment, folder / f"{name}.log")
        try:
            yield Member(name, process, way, port, timeline)
        finally:
            if process.running:
                process.kill()


def regulars(members: Mapping[str, Member]) -> Sequence[Member]:
    return [member for name, member in members.items() if name != JOINER]
