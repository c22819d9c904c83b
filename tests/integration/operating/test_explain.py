"""`seek-signals explain` reads one record of a real Kafka, and leaves no trace there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from consumer.cli.application import run_application
from consumer.errors import ExitCode
from tests.integration.bounds.backlog import Shape, Value, register, subject_of
from tests.testbed import KafkaCluster, Registry, committed, create_topics


class Run(NamedTuple):
    code: int
    out: str
    err: str


class Asking:
    def __init__(
        self, topic: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.topic, self.environment, self._capsys = topic, environment, capsys

    def explain(self, *arguments: str) -> Run:
        try:
            code = run_application(["explain", *arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        said = self._capsys.readouterr()
        return Run(code, said.out, said.err)


@pytest.fixture
def asking(
    kafka: KafkaCluster,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Asking:
    """A topic of one good record, one that is none, and a tombstone."""
    topic = f"explained-{uuid4().hex[:8]}"
    create_topics(kafka, {topic: 1})
    good = Value.of(Shape(), register(registry, topic, Shape())).with_subject(subject_of(7))
    producer = Producer(kafka.client_config())
    for value in (good, b"no framing", None):
        producer.produce(topic, value)
    assert producer.flush(30) == 0
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "SCHEMA_REGISTRY_URL": registry.url,
        "SEEK_SIGNALS_GROUP": f"group-{topic}",
    }
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    return Asking(topic, environment, capsys)


def test_a_record_is_shown_as_it_would_be_sent_and_nothing_is_committed(
    asking: Asking, kafka: KafkaCluster
) -> None:
    run = asking.explain(f"{asking.topic}/0/0", "--json")
    assert run.code == ExitCode.OK, run.err
    told = json.loads(run.out)
    assert told["outcome"] == "would be sent"
    assert told["event"]["current"]["status"]["label"].startswith("Interview")
    assert subject_of(7).decode() not in run.out
    assert committed(kafka, asking.environment["SEEK_SIGNALS_GROUP"], [asking.topic]) == {}


def test_a_refused_record_and_a_tombstone_are_told_apart(asking: Asking) -> None:
    refused = asking.explain(f"{asking.topic}/0/1", "--json")
    assert (refused.code, json.loads(refused.out)["reason"]) == (ExitCode.FAILED, "bad_framing")
    skipped = asking.explain(f"{asking.topic}/0/2", "--json")
    assert (skipped.code, json.loads(skipped.out)["reason"]) == (ExitCode.OK, "tombstone")


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("{topic}/0/3", "not written yet: the partition ends at 3"),
        ("{topic}/9/0", "the topic has partitions 0 to 0"),
        ("missing/0/0", "unknown_topic"),
    ],
)
def test_a_place_without_a_record_says_why(asking: Asking, place: str, says: str) -> None:
    run = asking.explain(place.format(topic=asking.topic))
    assert run.code == ExitCode.FAILED
    assert says in run.err


def test_the_bytes_of_a_record_may_come_from_a_file(
    asking: Asking, registry: Registry, tmp_path: Path
) -> None:
    file = tmp_path / "record.bin"
    schema_id = register(registry, asking.topic, Shape())
    file.write_bytes(Value.of(Shape(), schema_id).with_subject(subject_of(8)))
    run = asking.explain("--file", str(file))
    assert run.code == ExitCode.OK, run.err
    assert "would be sent" in run.out
