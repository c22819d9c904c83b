"""What a broker is told. Pure: ports and wishes in, the text of `server.properties` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ADMIN: Final = "admin"
CONSUMER: Final = "consumer"
"""The users where SASL is on: the first may do anything, the second what it is granted."""

QUICK: Final = {
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # KIP-848: the broker decides how soon a dead member's partitions move on.
    "group.consumer.min.heartbeat.interval.ms": "500",
    "group.consumer.heartbeat.interval.ms": "1000",
    "group.consumer.min.session.timeout.ms": "2000",
    "group.consumer.session.timeout.ms": "6000",
    # 50 partitions, the default of both, cost seconds at the first use.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "1",
    # A broker that was killed is out after 6 s, not 9.
    "broker.session.timeout.ms": "6000",
    "broker.heartbeat.interval.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "2097152",
    "controlled.shutdown.retry.backoff.ms": "500",
}


@dataclass(frozen=True, slots=True)
class Ports:
    """Of one node, all on 127.0.0.1. `advertised` is what clients are sent to: `client`,
    or that of a proxy in front of it."""

    client: int
    internal: int
    controller: int
    advertised: int
    detour: tuple[int, int] | None = None
    """A second way in for clients: the port it listens on, and the one that it advertises."""


@dataclass(frozen=True, slots=True)
class Sasl:
    """Listener for clients with SASL_SSL, PLAIN and SCRAM-SHA-512, and ACLs."""

    keystore: Path
    """PEM: private key and certificate chain in one file."""
    passwords: Mapping[str, str] = field(repr=False)
    """By user."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole cluster; node ids count from 1."""

    nodes: Sequence[Ports]
    sasl: Sasl | None = None
    extra: Mapping[str, str] = field(default_factory=dict[str, str])


def server_properties(layout: Layout, node_id: int, data: Path) -> str:
    """The file of one node that keeps its records in `data`."""
    properties = {**_settings(layout, node_id), "log.dirs": str(data), **layout.extra}
    return "".join(f"{name}={value}\n" for name, value in sorted(properties.items()))


def container_environment(advertised: int, extra: Mapping[str, str]) -> dict[str, str]:
    """One plain node as the image `apache/kafka` takes it: listens on 9092 for clients."""
    inside = Layout([Ports(9092, internal=9094, controller=9093, advertised=advertised)])
    properties = _settings(inside, 1)
    properties["listeners"] = properties["listeners"].replace(
        "CLIENT://127.0.0.1", "CLIENT://0.0.0.0"
    )
    properties |= extra
    return {"KAFKA_" + name.upper().replace(".", "_"): value for name, value in properties.items()}


def _settings(layout: Layout, node_id: int) -> dict[str, str]:
    return {
        **QUICK,
        **_replication(len(layout.nodes)),
        **_network(layout, node_id),
        **(_security(layout.sasl) if layout.sasl else {}),
    }


def _replication(nodes: int) -> dict[str, str]:
    replicas, in_sync = ("3", "2") if nodes >= 3 else ("1", "1")
    return {
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


def _network(layout: Layout, node_id: int) -> dict[str, str]:
    own = layout.nodes[node_id - 1]
    voters = [f"{i}@127.0.0.1:{ports.controller}" for i, ports in enumerate(layout.nodes, 1)]
    clients = "SASL_SSL" if layout.sasl else "PLAINTEXT"
    return {
        "process.roles": "broker,controller",
        "node.id": str(node_id),
        "controller.quorum.voters": ",".join(voters),
        "listeners": (
            f"CLIENT://127.0.0.1:{own.client},INTERNAL://127.0.0.1:{own.internal},"
            f"CONTROLLER://127.0.0.1:{own.controller}"
        )
        + (f",DETOUR://127.0.0.1:{own.detour[0]}" if own.detour else ""),
        "advertised.listeners": (
            f"CLIENT://127.0.0.1:{own.advertised},INTERNAL://127.0.0.1:{own.internal}"
        )
        + (f",DETOUR://127.0.0.1:{own.detour[1]}" if own.detour else ""),
        "listener.security.protocol.map": (
            f"CLIENT:{clients},DETOUR:{clients},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "inter.broker.listener.name": "INTERNAL",
        "controller.listener.names": "CONTROLLER",
    }


def _security(sasl: Sasl) -> dict[str, str]:
    modules = "org.apache.kafka.common.security"
    users = " ".join(f'user_{name}="{secret}"' for name, secret in sasl.passwords.items())
    return {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "listener.name.client.scram-sha-512.sasl.jaas.config": (
            f"{modules}.scram.ScramLoginModule required;"
        ),
        "listener.name.client.plain.sasl.jaas.config": (
            f"{modules}.plain.PlainLoginModule required {users};"
        ),
        "listener.name.client.ssl.keystore.type": "PEM",
        "listener.name.client.ssl.keystore.location": str(sasl.keystore),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Brokers speak to each other without a login, on a listener of their own.
        "super.users": f"User:{ADMIN};User:ANONYMOUS",
    }
