"""What systems run on: a broker with a backlog, and the far side; each a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast
from urllib.request import urlopen

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from consumer.adapters.avro.event_schemas import schemas_folder
from tests.bench.filling import fill
from tests.bench.workload import EVENT_TYPE
from tests.testbed import create_topics, running_kafka

TOPIC: Final = "bench-events"
OTHERS: Final = ("bench-positions", "bench-completed")
SCHEMA: Final = schemas_folder() / EVENT_TYPE / "v1.avsc"
MOCK_GROUPS: Final = 8
"""The service needs two topics for each group; the mock cannot make them later."""
_TIMEOUT_S: Final = 30.0
_REPOSITORY: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class FarSide:
    url: str

    def reset(self, latency_ms: float = 0.0) -> None:
        self._get(f"/reset?latency_ms={latency_ms}")

    def signals(self) -> int:
        """Accepted since the last reset."""
        return int(self.stats()["signals"])

    def stats(self) -> Mapping[str, int]:
        return cast("Mapping[str, int]", self._get("/stats"))

    def moments(self) -> Sequence[float]:
        return cast("Sequence[float]", self._get("/moments"))

    def _get(self, path: str) -> object:
        with urlopen(self.url + path, timeout=_TIMEOUT_S) as answer:  # noqa: S310 -- loopback
            content: object = json.load(answer)
        return content


@dataclass(frozen=True, slots=True)
class Broker:
    """`real`: Apache Kafka; else librdkafka's mock."""

    bootstrap: str
    topic: str
    partitions: int
    records: int
    real: bool

    def prepare(self, group: str) -> None:
        """The topics that the service has for each group."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        wanted = [NewTopic(name, 1) for name in topics_of(group)] if self.real else []
        for done in admin.create_topics(wanted).values() if wanted else ():
            done.result(_TIMEOUT_S)

    def committed(self, group: str) -> int:
        """Over all partitions."""
        asker = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group})
        try:
            places = [TopicPartition(self.topic, number) for number in range(self.partitions)]
            answers = asker.committed(places, timeout=_TIMEOUT_S)
        finally:
            asker.close()
        return sum(max(0, answer.offset) for answer in answers)


@contextmanager
def far_side() -> Iterator[FarSide]:
    command = [sys.executable, str(Path(__file__).with_name("far_side.py")), str(SCHEMA)]
    with _told(command) as port:
        yield FarSide(f"http://127.0.0.1:{port}")


@contextmanager
def mock_broker(records: int, partitions: int = 16) -> Iterator[Broker]:
    """Keeps 5 MiB a partition: 200,000 records fit into 16."""
    groups = [group_of("service", number) for number in range(MOCK_GROUPS)]
    topics = [TOPIC, *OTHERS, *(topic for group in groups for topic in topics_of(group))]
    arguments = [str(records), str(partitions), *topics]
    command = [sys.executable, "-m", "tests.bench.mock_broker", *arguments]
    with _told(command) as bootstrap:
        yield Broker(bootstrap, TOPIC, partitions, records, real=False)


@contextmanager
def real_broker(records: int, partitions: int = 6, subjects: int = 20_000) -> Iterator[Broker]:
    with running_kafka() as cluster:
        create_topics(cluster, {TOPIC: partitions, **dict.fromkeys(OTHERS, 1)})
        fill(cluster.client_config(), TOPIC, partitions, records, subjects)
        yield Broker(cluster.bootstrap, TOPIC, partitions, records, real=True)


def group_of(system: str, number: int) -> str:
    """Each run is a group of its own: it begins at the beginning."""
    return f"{system}-{number}"


def topics_of(group: str) -> list[str]:
    return [f"{group}.dlq", f"{group}.retry"]


@contextmanager
def _told(command: Sequence[str]) -> Iterator[str]:
    """A process that says one line when it is ready, and ends with its standard input."""
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(  # noqa: S603 -- our own command
            command,
            cwd=_REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            line = process.stdout.readline().strip()
            if not line:
                log.seek(0)
                msg = f"{command[1:3]} did not start: {log.read()[-2_000:].decode()}"
                raise RuntimeError(msg)
            yield line
        finally:
            process.kill()
