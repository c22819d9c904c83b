"""Topics, a SEEK and a service process, for records that are written before it starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from confluent_kafka import KafkaException

from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.server import RunningSandbox, running_sandbox
from tests.faults.scene import far_sides
from tests.faults.service import ServiceProcess, service
from tests.integration.bounds.watching import Watch
from tests.testbed import KafkaCluster, Registry, committed, create_topics, free_port

PATIENCE_S: Final = 300.0
LOOK_EVERY_S: Final = 0.2
PARTITIONS: Final = 6


@dataclass(frozen=True, slots=True)
class Stage:
    kafka: KafkaCluster
    registry: Registry
    sandbox: RunningSandbox
    group: str
    topics: tuple[str, ...]
    folder: Path

    def committed(self, partitions: Collection[int] = range(PARTITIONS)) -> int:
        """Offsets committed, in all: how many of the records are behind the group. None while
        the group's coordinator is not there yet."""
        try:
            offsets = committed(self.kafka, self.group, self.topics)
        except KafkaException:
            return 0
        return sum(offset for place, offset in offsets.items() if place.partition in partitions)

    def environment(self, watch: Watch, more: dict[str, str]) -> dict[str, str]:
        own = {
            **far_sides(self.kafka, self.registry, self.sandbox),
            "SEEK_SIGNALS_GROUP": self.group,
            "SEEK_SIGNALS_APPLICATION_STATUS_TOPICS": ",".join(self.topics),
            "SEEK_SIGNALS_POSITION_STATUS_TOPICS": "",
            "SEEK_SIGNALS_APPLICATION_COMPLETED_TOPICS": "",
            "SEEK_SIGNALS_HTTP_PORT": str(watch.port),
            "SEEK_SIGNALS_LOG_FORMAT": "json",
        }
        return own | more


@dataclass(frozen=True, slots=True)
class Run:
    """A service at work, and who watches it."""

    stage: Stage
    process: ServiceProcess
    watch: Watch

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Looks at the process again and again until the condition holds."""
        self.process.until(condition, what, PATIENCE_S, self._look)

    def _look(self) -> None:
        self.watch.look()
        time.sleep(LOOK_EVERY_S)  # Between two looks at another process.


@contextmanager
def stage(
    kafka: KafkaCluster,
    registry: Registry,
    folder: Path,
    topics: int,
    *,
    latency_s: float = 0.0,
    letters: bool = True,
) -> Iterator[Stage]:
    """`letters`: whether there is a topic for dead letters."""
    name = uuid4().hex[:8]
    group = f"bounds-{name}"
    names = tuple(f"{group}-{number}" for number in range(topics))
    create_topics(kafka, dict.fromkeys(names, PARTITIONS))
    create_topics(kafka, {f"{group}.retry": 3})
    if letters:
        create_topics(kafka, {f"{group}.dlq": PARTITIONS})
    config = SandboxConfig(
        latency_s=latency_s, max_body_bytes=64 << 20, requests=folder / "requests.ndjson"
    )
    with running_sandbox(config) as sandbox:
        yield Stage(kafka, registry, sandbox, group, names, folder)


@contextmanager
def running(it: Stage, **settings: str) -> Iterator[Run]:
    """A service on this stage; gone at the end of the block."""
    watch = Watch(free_port())
    with service(it.environment(watch, settings), it.folder / "service.log") as process:
        yield Run(it, process, watch)
