"""A plan as commands for Kafka's own tools, and as Strimzi resources. Pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from consumer.topics.plan import Grant, Kind, Plan, Topic

_NOT_A_NAME: Final = re.compile(r"[^a-z0-9.-]+")
_STRIMZI_KINDS: Final = {
    Kind.TOPIC: "topic",
    Kind.GROUP: "group",
    Kind.TRANSACTIONAL_ID: "transactionalId",
}


class Deployment(NamedTuple):
    bootstrap: str
    replication: int | None
    """None: the broker's default."""
    service: str
    """The user that `run` connects as, without `User:`."""
    operator: str
    cluster: str = "my-cluster"
    """Of Strimzi."""


def commands(plan: Plan, topics: Sequence[Topic], to: Deployment) -> Iterator[str]:
    """Shell lines. `topics`: those to be created."""
    for topic in topics:
        yield _topic_command(topic, to)
    for user, grants in ((to.service, plan.of_service), (to.operator, plan.operator)):
        for grant in grants:
            yield _acl_command(user, grant, to)


def strimzi(plan: Plan, topics: Sequence[Topic], to: Deployment) -> Iterator[str]:
    """YAML documents: a KafkaTopic for each of `topics`, a KafkaUser for each user."""
    for topic in topics:
        yield "\n".join(_kafka_topic(topic, to))
    for user, grants in ((to.service, plan.of_service), (to.operator, plan.operator)):
        yield "\n".join(_kafka_user(user, grants, to))


def _topic_command(topic: Topic, to: Deployment) -> str:
    words = ["kafka-topics.sh", "--bootstrap-server", to.bootstrap, "--create", "--if-not-exists"]
    words += ["--topic", topic.name, "--partitions", str(topic.partitions)]
    if to.replication is not None:
        words += ["--replication-factor", str(to.replication)]
    for name, value in topic.config.items():
        words += ["--config", f"{name}={value}"]
    return shlex.join(words)


def _acl_command(user: str, grant: Grant, to: Deployment) -> str:
    words = ["kafka-acls.sh", "--bootstrap-server", to.bootstrap, "--add"]
    words += ["--allow-principal", f"User:{user}", f"--{grant.kind}", grant.name]
    for operation in grant.operations:
        words += ["--operation", operation]
    return shlex.join(words)


def _kafka_topic(topic: Topic, to: Deployment) -> Iterator[str]:
    yield from _head("KafkaTopic", topic.name, to)
    yield "spec:"
    yield f"  topicName: {_text(topic.name)}"
    yield f"  partitions: {topic.partitions}"
    if to.replication is not None:
        yield f"  replicas: {to.replication}"
    if topic.config:
        yield "  config:"
        yield from (f"    {name}: {_text(value)}" for name, value in topic.config.items())


def _kafka_user(user: str, grants: Iterable[Grant], to: Deployment) -> Iterator[str]:
    yield from _head("KafkaUser", user, to)
    yield "spec:"
    yield "  authentication:"
    yield "    type: scram-sha-512"
    yield "  authorization:"
    yield "    type: simple"
    yield "    acls:"
    for grant in grants:
        yield "      - resource:"
        yield f"          type: {_STRIMZI_KINDS[grant.kind]}"
        yield f"          name: {_text(grant.name)}"
        yield "          patternType: literal"
        yield f"        operations: [{', '.join(grant.operations)}]"


def _head(kind: str, name: str, to: Deployment) -> Iterator[str]:
    yield "apiVersion: kafka.strimzi.io/v1beta2"
    yield f"kind: {kind}"
    yield "metadata:"
    yield f"  name: {_text(_NOT_A_NAME.sub('-', name.lower()).strip('-.'))}"
    yield "  labels:"
    yield f"    strimzi.io/cluster: {_text(to.cluster)}"


def _text(value: str) -> str:
    """JSON is YAML: quoted, so that no value is taken for another type."""
    return json.dumps(value)
