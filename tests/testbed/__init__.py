"""Real parts for tests, all on 127.0.0.1: Apache Kafka, a schema registry, a TCP proxy.

Nothing outlives the `with` block that started it, nor the process.
"""

from __future__ import annotations

from tests.testbed.broker_properties import ADMIN, CONSUMER
from tests.testbed.certificates import Certificates, make_certificates
from tests.testbed.kafka import KafkaCluster, Node, running_kafka
from tests.testbed.ports import free_port, free_ports
from tests.testbed.processes import BrokenTestBedError
from tests.testbed.proxy import TcpProxy, running_proxy
from tests.testbed.registry import Registry, registry_client, running_registry
from tests.testbed.topics import allow, committed, create_topics, read_all, write_all

__all__ = [
    "ADMIN",
    "CONSUMER",
    "BrokenTestBedError",
    "Certificates",
    "KafkaCluster",
    "Node",
    "Registry",
    "TcpProxy",
    "allow",
    "committed",
    "create_topics",
    "free_port",
    "free_ports",
    "make_certificates",
    "read_all",
    "registry_client",
    "running_kafka",
    "running_proxy",
    "running_registry",
    "write_all",
]
