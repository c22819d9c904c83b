"""A user of the brokers' with the rights that a test grants, and a service that runs as it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
)
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.admin._scram import (
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from consumer.delivery.records import TopicPartition
from consumer.demo.expectations import DemoEvent, Kind
from consumer.demo.stream import believable_stream
from consumer.observed import HoldReason
from tests.faults.scene import Scene, scene
from tests.faults.service import ServiceProcess, service
from tests.integration.outages.watching import Watch
from tests.testbed import KafkaCluster, Registry, allow, committed, free_port

PATIENCE_S: Final = 120.0
WATCHED_S: Final = 6.0
"""How long a hold is watched for lines that repeat: a storm has some a second."""
FEW_LINES: Final = 4
"""The hold, what else turned out to be wrong, and the client's own words for either."""
TELL_OF_A_HOLD: Final = ("hold began", "hold goes on")
ANSWER_S: Final = 30.0
EVENTS: Final = 300
SEED: Final = 3


class Right(NamedTuple):
    kind: str
    name: str
    operation: str


@dataclass(slots=True)
class Access:
    it: Scene
    user: str = field(default_factory=lambda: f"seek-{secrets.token_hex(3)}")
    password: str = field(default_factory=lambda: secrets.token_hex(12), repr=False)

    def least(self) -> dict[str, Right]:
        """All that the service needs of Kafka, by what it is for: the table of SECURITY.md."""
        group = self.it.group
        sources = {kind.value: Right("TOPIC", self.it.topics[kind], "READ") for kind in Kind}
        return {
            **sources,
            "group": Right("GROUP", group, "READ"),
            "retry": Right("TOPIC", f"{group}.retry", "READ"),
            "dead letters": Right("TOPIC", f"{group}.dlq", "WRITE"),
        }

    def set_password(self, password: str) -> None:
        """At the brokers."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        wanted = UserScramCredentialUpsertion(self.user, info, password.encode())
        admin = AdminClient(self.it.kafka.client_config())
        for done in admin.alter_user_scram_credentials([wanted]).values():
            done.result(ANSWER_S)

    def grant(self, *rights: Right) -> None:
        for kind, name, operation in rights:
            allow(self.it.kafka, self.user, kind, name, operation)

    def revoke(self, right: Right) -> None:
        binding = AclBindingFilter(
            ResourceType[right.kind],
            right.name,
            ResourcePatternType.LITERAL,
            f"User:{self.user}",
            "*",
            AclOperation[right.operation],
            AclPermissionType.ALLOW,
        )
        admin = AdminClient(self.it.kafka.client_config())
        for done in admin.delete_acls([binding]).values():
            found: list[AclBinding] = done.result(ANSWER_S)
            assert len(found) == 1

    def environment(self, **more: str) -> dict[str, str]:
        own = {
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SSL_CA_LOCATION": str(self.it.kafka.ca_file),
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": self.user,
            "KAFKA_SASL_PASSWORD": self.password,
            "KAFKA_TOPIC_METADATA_REFRESH_INTERVAL_MS": "2000",  # A test waits less than people.
        }
        return self.it.environment(**{**own, **more})


@dataclass(slots=True)
class Running:
    """The service, run as a user, and what it says."""

    access: Access
    watch: Watch

    @property
    def process(self) -> ServiceProcess:
        return self.watch.process

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline_s, f"never {what}: {self.process.said()[-3000:]}"
            assert self.process.running, self.process.said()[-3000:]
            self.access.it.oracle.look()

    def until_settled(self) -> None:
        self.until(lambda: self.access.it.oracle.finished, "all settled")

    def told_of_hold(self, reason: HoldReason, words: str) -> None:
        """Waits for a hold that is told in these words; then watches whether that is all."""
        self.until(lambda: any(words in told for told in self._details(reason)), words)
        watched_until_s = time.monotonic() + WATCHED_S
        self.until(lambda: time.monotonic() > watched_until_s, "watched")
        told = self._details(reason)
        assert len(set(told)) == len(told)
        assert self.lines_of_kafka() <= FEW_LINES, self.process.said()[-3000:]

    def until_released(self) -> None:
        self.until(lambda: not self.watch.holds(), "the end of all holds")

    def lines_of_kafka(self) -> int:
        """What was said about Kafka's trouble, in whatever words."""
        events = ("kafka client", "commit refused", *TELL_OF_A_HOLD)
        return sum(line["event"].startswith(events) for line in self.watch.lines())

    def _details(self, reason: HoldReason) -> list[str]:
        lines = list(self.watch.lines())
        of_it = [x for x in lines if x["event"] in TELL_OF_A_HOLD and x["reason"] == reason]
        assert all(line["level"] == "error" for line in of_it)
        return [line["detail"] for line in of_it]


@contextmanager
def access(guarded: KafkaCluster, registry: Registry, folder: Path) -> Iterator[Access]:
    """Topics, a SEEK, events to be sent, and a user who has a password and no right."""
    with scene(guarded, registry, folder, latency_s=0.0) as it:
        granted = Access(it)
        granted.set_password(granted.password)
        it.publisher.publish(events())
        assert it.publisher.failed == []
        yield granted


@contextmanager
def running(granted: Access, **settings: str) -> Iterator[Running]:
    """A service on these parts; settings that are empty are left out."""
    port = free_port()
    merged = granted.environment(SEEK_SIGNALS_HTTP_PORT=str(port), **settings)
    given = {name: value for name, value in merged.items() if value}
    with service(given, granted.it.folder / "service.log") as process:
        yield Running(granted, Watch(process, port))
        assert process.terminate() == 0


def is_committed(it: Scene, ends: Mapping[TopicPartition, int]) -> bool:
    """Whether the group's offsets are these, in the topics that they are of."""
    try:
        return committed(it.kafka, it.group, sorted({place.topic for place in ends})) == ends
    except KafkaException:  # The coordinator is not there yet.
        return False


def events(seed: int = SEED) -> list[DemoEvent]:
    return believable_stream(seed=seed, events=EVENTS, now_ms=time.time_ns() // 1_000_000)
