"""`make scale`: how throughput grows with the members of a group, on one real broker.

At 100 ms a request and two requests in flight a member, SEEK is what each member waits for: two
members must carry 1.8 times as much as one. At 0 ms the cores of this machine are the limit.
The table goes into deploy/SCALING.md.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final, NamedTuple
from uuid import uuid4

from tests.faults.service import service
from tests.integration.bounds.backlog import APPLICATIONS, Filler, Shape, Value, register
from tests.integration.outages.watching import Watch
from tests.ops.rendering import DEPLOY, ROOT
from tests.testbed import (
    KafkaCluster,
    Registry,
    create_topics,
    free_port,
    running_kafka,
    running_registry,
)
from tests.testbed.processes import Children, children

DOCUMENT: Final = DEPLOY / "SCALING.md"
BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"
MEMBERS: Final = (1, 2, 4)
PARTITIONS: Final = 12
IN_FLIGHT: Final = 2
LATENCIES_MS: Final = {100: 30_000, 0: 150_000}
"""Records for each member: a quarter of a minute at 100 ms, a few seconds at 0."""
GROWTH_LEAST: Final = 1.8
PATIENCE_S: Final = 300.0
GLANCE_S: Final = 0.1
COUNTED_FROM, COUNTED_TO = 0.1, 0.9
"""Shares of the records between which time is taken: without the start, and without the end,
where one member may be done before the others."""


class Result(NamedTuple):
    latency_ms: int
    members: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Seek:
    """The sandbox where requests take their time; the bench's lean far side where they do not,
    as the sandbox checks more than a core can at that speed."""

    port: int
    paths: Mapping[str, str]

    @classmethod
    def started(cls, family: Children, folder: Path, latency_ms: int) -> Seek:
        port = free_port()
        if latency_ms:
            words = ["-m", "consumer", "sandbox", "--port", str(port)]
            words += ["--latency", str(latency_ms / 1000)]
            paths = {"endpoint": "graphql", "token": "oauth/token", "stats": "_sandbox/stats"}
            family.child("sandbox", [sys.executable, *words], folder / "seek.log").launch()
            return cls(port, paths)
        schema = ROOT / "schemas" / APPLICATIONS / "v1.avsc"
        log = folder / "seek.log"
        lean = str(ROOT / "tests" / "bench" / "far_side.py")
        family.child("far side", [sys.executable, "-u", lean, str(schema)], log).launch()
        _until(lambda: log.exists() and log.read_text().strip().isdigit(), "the far side's port")
        paths = {"endpoint": "graphql", "token": "token", "stats": "stats"}
        return cls(int(log.read_text()), paths)

    def url(self, what: str) -> str:
        return f"http://127.0.0.1:{self.port}/{self.paths[what]}"

    def accepted(self) -> int:
        """-1 while it does not answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", f"/{self.paths['stats']}")
            told: dict[str, int] = json.loads(connection.getresponse().read())
        except (OSError, HTTPException):
            return -1
        finally:
            connection.close()
        return told["accepted"] if "accepted" in told else told["signals"]


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="seek-signals-scale-") as folder,
        running_kafka() as kafka,
        running_registry() as registry,
    ):
        results = [
            _measured(kafka, registry, Path(folder) / f"{latency_ms}-{members}", members)
            for latency_ms in LATENCIES_MS
            for members in MEMBERS
        ]
    table = "\n".join(_table(results))
    sys.stdout.write(table + "\n")
    document = DOCUMENT.read_text()
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    DOCUMENT.write_text(pattern.sub(lambda _: f"{BEGIN}\n{table}\n{END}", document))
    growth = _growth(results, next(iter(LATENCIES_MS)), 2)
    sys.stdout.write(f"From one member to two: x{growth:.2f}, at least x{GROWTH_LEAST} is wanted\n")
    return int(growth < GROWTH_LEAST)


def _measured(kafka: KafkaCluster, registry: Registry, folder: Path, members: int) -> Result:
    """One case, named by its folder: `<latency in ms>-<members>`."""
    folder.mkdir()
    latency_ms = int(folder.name.partition("-")[0])
    group = f"scale-{uuid4().hex[:8]}"
    topic = f"{group}.source"
    create_topics(kafka, {topic: PARTITIONS, f"{group}.dlq": 1, f"{group}.retry": 1})
    with children() as family:
        seek = Seek.started(family, folder, latency_ms)
        _until(lambda: seek.accepted() >= 0, "SEEK")
        environment = _settings(kafka, registry, seek, group)
        with _group(environment, folder, members):
            records = LATENCIES_MS[latency_ms] * members
            shape = Shape()
            filler = Filler.of(kafka, topic, compression="lz4")
            value = Value.of(shape, register(registry, topic, shape))
            filler.write(value, range(records), range(PARTITIONS))
            filler.finish()
            result = Result(latency_ms, members, _rate(seek, records))
    sys.stdout.write(f"{latency_ms} ms, {members} member(s): {result.per_s:,.0f} signals/s\n")
    sys.stdout.flush()
    return result


def _settings(kafka: KafkaCluster, registry: Registry, seek: Seek, group: str) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "SCHEMA_REGISTRY_URL": registry.url,
        "SEEK_CLIENT_ID": "sandbox-client",
        "SEEK_CLIENT_SECRET": "sandbox-secret",
        "SEEK_ENDPOINT": seek.url("endpoint"),
        "SEEK_TOKEN_URL": seek.url("token"),
        "SEEK_SIGNALS_GROUP": group,
        "SEEK_SIGNALS_APPLICATION_STATUS_TOPICS": f"{group}.source",
        "SEEK_SIGNALS_POSITION_STATUS_TOPICS": "",
        "SEEK_SIGNALS_APPLICATION_COMPLETED_TOPICS": "",
        "SEEK_SIGNALS_IN_FLIGHT_MIN": str(IN_FLIGHT),
        "SEEK_SIGNALS_IN_FLIGHT_MAX": str(IN_FLIGHT),
        "SEEK_SIGNALS_IN_FLIGHT_START": str(IN_FLIGHT),
    }


@contextmanager
def _group(environment: Mapping[str, str], folder: Path, members: int) -> Iterator[None]:
    """So many members, each with its share of the partitions."""
    ports = [free_port() for _ in range(members)]
    with ExitStack() as ends:
        watches = [
            Watch(
                ends.enter_context(
                    service(
                        {**environment, "SEEK_SIGNALS_HTTP_PORT": str(port)},
                        folder / f"member-{port}.log",
                    )
                ),
                port,
            )
            for port in ports
        ]
        share = PARTITIONS // members
        _until(lambda: all(_assigned(watch) >= share for watch in watches), "partitions for all")
        yield
        for watch in watches:
            watch.process.terminate()


def _assigned(watch: Watch) -> float:
    return watch.value("seek_signals_partitions_assigned") if watch.is_ready else 0.0


def _rate(seek: Seek, records: int) -> float:
    _until(lambda: seek.accepted() >= COUNTED_FROM * records, "the first tenth")
    first, begun_s = seek.accepted(), time.monotonic()
    _until(lambda: seek.accepted() >= COUNTED_TO * records, "the last tenth")
    last, ended_s = seek.accepted(), time.monotonic()
    _until(lambda: seek.accepted() >= records, "the end")
    return (last - first) / (ended_s - begun_s)


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline_s:
            sys.exit(f"never {what}")
        time.sleep(GLANCE_S)  # What is waited for happens in other processes.


def _growth(results: list[Result], latency_ms: int, members: int) -> float:
    per_s = {(each.latency_ms, each.members): each.per_s for each in results}
    return per_s[latency_ms, members] / per_s[latency_ms, 1]


def _table(results: list[Result]) -> Iterator[str]:
    cores = os.cpu_count()
    yield f"On {cores} cores ({platform.machine()}), broker and SEEK beside the members on them;"
    yield f"{PARTITIONS} partitions, {IN_FLIGHT} requests in flight a member, batches of 100:"
    yield ""
    yield "| a request takes | members | signals a second | against one member |"
    yield "|---|---|---|---|"
    for each in results:
        growth = _growth(results, each.latency_ms, each.members)
        yield f"| {each.latency_ms} ms | {each.members} | {each.per_s:,.0f} | x{growth:.2f} |"


if __name__ == "__main__":
    sys.exit(main())
