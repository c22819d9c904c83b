"""A plain node from a container, where a Docker engine of this machine answers."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from testcontainers.core.container import DockerContainer

from tests.testbed.broker_properties import container_environment
from tests.testbed.ports import free_port
from tests.testbed.processes import LAST_LINES, BrokenTestBedError

IMAGE: Final = "apache/kafka:4.3.1"
STOP_WAIT_S: Final = 30
CONNECT_WAIT_S: Final = 2.0


def engine_answers() -> bool:
    """`SEEK_SIGNALS_TEST_KAFKA=jars` says no in any case.

    Only an engine behind a local socket counts: on another machine the node would not
    be on 127.0.0.1.
    """
    if os.environ.get("SEEK_SIGNALS_TEST_KAFKA") == "jars":
        return False
    scheme, _, path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").partition("://")
    if scheme != "unix":
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(CONNECT_WAIT_S)
        try:
            probe.connect(path)
            probe.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in probe.recv(64)
        except OSError:
            return False


@contextmanager
def running_container(properties: Mapping[str, str]) -> Iterator[tuple[str, ContainerProcess]]:
    """(bootstrap servers, process) of a node that was started and may not be ready yet."""
    port = free_port()
    container = DockerContainer(IMAGE).with_bind_ports("9092/tcp", port)
    container.with_envs(**container_environment(port, properties))
    with container:
        # docker-py ships no types, so what it gives is Any.
        yield f"127.0.0.1:{port}", ContainerProcess(container.get_wrapped_container())


@dataclass(frozen=True, slots=True)
class ContainerProcess:
    """A broker in a container, with the same ends as a process of this machine."""

    _container: Any

    @property
    def is_alive(self) -> bool:
        self._container.reload()
        return bool(self._container.status in {"running", "paused"})

    def launch(self) -> None:
        self._container.start()

    def kill(self) -> None:
        self._container.kill()
        self._container.wait()

    def stop(self) -> None:
        self._container.stop(timeout=STOP_WAIT_S)

    def freeze(self) -> None:
        self._container.pause()

    def thaw(self) -> None:
        self._container.unpause()

    def last_words(self) -> str:
        return str(self._container.logs(tail=LAST_LINES), errors="replace")

    def fail_unless_alive(self) -> None:
        if not self.is_alive:
            msg = f"the container with Kafka is not running; its log ends:\n{self.last_words()}"
            raise BrokenTestBedError(msg)
