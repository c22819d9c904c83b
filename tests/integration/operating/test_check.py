"""`seek-signals check` against a real Kafka, a real registry and a sandbox for SEEK."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from consumer.cli.application import run_application
from consumer.errors import ExitCode
from consumer.preflight.findings import Level
from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.server import RunningSandbox, running_sandbox
from consumer.settings.sources import PLAYGROUND_AUDIENCE
from tests.faults.scene import far_sides
from tests.integration.bounds.backlog import Shape, Value, register, subject_of
from tests.testbed import (
    CONSUMER,
    KafkaCluster,
    Registry,
    allow,
    committed,
    create_topics,
    free_port,
    running_kafka,
)

DAY_MS = 86_400_000
KEPT = {"retention.ms": str(14 * DAY_MS), "max.message.bytes": "1200000"}
GOOD_RECORDS = 20


class Report(dict[str, list[tuple[Level, str, str]]]):
    """By what it is about: level, what was found, what to do."""

    code: int

    def worst_of(self, about: str) -> Level:
        levels = {level for level, _, _ in self[about]}
        return max(levels, key=list(Level).index)

    def text(self, about: str) -> str:
        return " | ".join(f"{said} -> {do}" for _, said, do in self[about])


class Deployment:
    """Topics of its own, and the settings for them."""

    def __init__(self, kafka: KafkaCluster, registry: Registry, sandbox: RunningSandbox) -> None:
        self.kafka, self.registry, name = kafka, registry, uuid4().hex[:8]
        self.topic, self.group = f"source-{name}", f"checked-{name}"
        self.environment = {
            **far_sides(kafka, registry, sandbox),
            "SEEK_SIGNALS_GROUP": self.group,
            "SEEK_SIGNALS_APPLICATION_STATUS_TOPICS": self.topic,
            "SEEK_SIGNALS_POSITION_STATUS_TOPICS": "",
            "SEEK_SIGNALS_APPLICATION_COMPLETED_TOPICS": "",
        }

    def create_all(self) -> None:
        create_topics(self.kafka, {self.topic: 2}, config={"retention.ms": str(7 * DAY_MS)})
        create_topics(self.kafka, {f"{self.group}.dlq": 2}, config=KEPT)
        create_topics(self.kafka, {f"{self.group}.retry": 3}, config=KEPT)
        create_topics(
            self.kafka, {f"{self.group}.dlq.state": 3}, config={"cleanup.policy": "compact"}
        )

    def publish(self, more: Mapping[int, bytes | None] | None = None) -> None:
        """Good records, and `more` by partition."""
        value = Value.of(Shape(), register(self.registry, self.topic, Shape()))
        producer = Producer(self.kafka.client_config())
        for number in range(GOOD_RECORDS):
            record = value.with_subject(subject_of(number))
            producer.produce(self.topic, record, partition=number % 2)
        for partition, odd in (more or {}).items():
            producer.produce(self.topic, odd, partition=partition)
        assert producer.flush(30) == 0

    def value_of(self, number: int) -> bytes:
        value = Value.of(Shape(), register(self.registry, self.topic, Shape()))
        return value.with_subject(subject_of(number))


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(SandboxConfig()) as running:
        yield running


@pytest.fixture
def deployment(kafka: KafkaCluster, registry: Registry, sandbox: RunningSandbox) -> Deployment:
    return Deployment(kafka, registry, sandbox)


class Checking:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def said(self, environment: Mapping[str, str], *options: str) -> tuple[int, str]:
        with self._monkeypatch.context() as patched:
            for name, text in environment.items():
                patched.setenv(name, text)
            try:
                code = run_application(["check", *options])
            except SystemExit as end:
                code = int(end.code or 0)
        return code, self._capsys.readouterr().out

    def report(self, environment: Mapping[str, str], **changes: str) -> Report:
        code, out = self.said({**environment, **changes}, "--json")
        report = Report()
        report.code = code
        for finding in json.loads(out)["findings"]:
            line = (Level(finding["level"]), finding["said"], finding["do"])
            report.setdefault(finding["about"], []).append(line)
            assert bool(finding["do"]) == (finding["level"] != "ok"), finding
        return report


@pytest.fixture
def checking(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checking:
    return Checking(monkeypatch, capsys)


def test_a_good_deployment_passes_without_a_trace(
    deployment: Deployment, checking: Checking, sandbox: RunningSandbox
) -> None:
    deployment.create_all()
    deployment.publish()
    code, out = checking.said(deployment.environment)

    assert code == ExitCode.OK, out
    assert "0 faults, 0 warnings" in out
    assert f"of the newest {GOOD_RECORDS}: {GOOD_RECORDS} would be sent" in out
    assert "lasts 30 min" in out
    assert committed(deployment.kafka, deployment.group, [deployment.topic]) == {}
    assert sandbox.stats()["signals"] == 0


def test_missing_topics_are_named_with_the_command_that_makes_them(
    deployment: Deployment, checking: Checking
) -> None:
    report = checking.report(deployment.environment)
    assert report.code == ExitCode.FAILED
    for about in (deployment.topic, f"{deployment.group}.dlq", f"{deployment.group}.retry"):
        assert report.worst_of(f"topic {about}") is Level.FAULT
    assert report.worst_of(f"topic {deployment.group}.dlq.state") is Level.WARNING
    assert "seek-signals topics --create" in report.text(f"topic {deployment.group}.dlq")


def test_records_that_would_fail_are_counted_with_a_place_to_look_at(
    deployment: Deployment, checking: Checking
) -> None:
    deployment.create_all()
    deployment.publish({0: b"no framing", 1: None})
    report = checking.report(deployment.environment)

    about = f"records of {deployment.topic}"
    assert report.code == ExitCode.OK
    assert report.worst_of(about) is Level.WARNING
    assert "1 of 22 would become dead letters: bad_framing" in report.text(about)
    assert f"seek-signals explain {deployment.topic}/0/10" in report.text(about)
    assert "1 skipped as tombstone" in report.text(about)


def test_a_subject_in_two_partitions_is_an_order_hazard(
    deployment: Deployment, checking: Checking
) -> None:
    deployment.create_all()
    deployment.publish({1: deployment.value_of(0)})
    text = checking.report(deployment.environment).text(f"records of {deployment.topic}")
    assert "1 of 20 subjects are in several partitions" in text
    assert f"{deployment.topic}/0/0 and {deployment.topic}/1/10" in text
    assert subject_of(0).decode() not in text


def test_what_the_settings_of_topics_would_lose_or_keep_too_long_is_said(
    deployment: Deployment, checking: Checking
) -> None:
    kafka, group = deployment.kafka, deployment.group
    create_topics(kafka, {deployment.topic: 1}, config={"retention.ms": "3600000"})
    create_topics(kafka, {f"{group}.dlq": 1}, config={"retention.ms": "-1"})
    create_topics(kafka, {f"{group}.retry": 1, f"{group}.dlq.state": 1})
    report = checking.report(deployment.environment)

    assert "a longer outage loses them" in report.text(f"topic {deployment.topic}")
    assert "candidates' data for ever" in report.text(f"topic {group}.dlq")
    assert "the largest letters cannot be replayed" in report.text(f"topic {group}.retry")
    assert "max.message.bytes=" in report.text(f"topic {group}.dlq")
    assert report.worst_of(f"topic {group}.dlq.state") is Level.FAULT
    assert "none is there" in report.text(f"records of {deployment.topic}")


def test_ids_that_do_not_fit_the_audience_are_a_fault(
    deployment: Deployment, checking: Checking
) -> None:
    """Each record has an id of live SEEK."""
    deployment.create_all()
    deployment.publish()
    fitting = checking.report(deployment.environment)
    other = checking.report(deployment.environment, SEEK_AUDIENCE=PLAYGROUND_AUDIENCE)

    said = f"is for live SEEK, and so are the ids of {GOOD_RECORDS} sampled records"
    assert fitting["audience"] == [(Level.OK, said, "")]
    assert other.worst_of("audience") is Level.FAULT
    assert f"the ids of {GOOD_RECORDS} of {GOOD_RECORDS}" in other.text("audience")
    assert "SEEK_AUDIENCE" in other.text("audience")


def test_faulty_settings_are_findings_for_machines_too(
    deployment: Deployment, checking: Checking
) -> None:
    report = checking.report(
        deployment.environment, SEEK_SIGNALS_BATCH_SIZE="many", SEEK_SIGNALS_BATCHSIZE="1"
    )
    assert report.code == ExitCode.BAD_CONFIGURATION
    assert {level for level, _, _ in report["settings"]} == {Level.FAULT}
    assert len(report["settings"]) == 2
    assert set(report) == {"settings"}


def test_the_age_of_each_secret_in_a_file_is_told(
    deployment: Deployment, checking: Checking, tmp_path: Path
) -> None:
    deployment.create_all()
    deployment.publish()
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("registry's")
    new.write_text(deployment.environment["SEEK_CLIENT_SECRET"])
    os.utime(old, (0, 0))
    without = {n: t for n, t in deployment.environment.items() if n != "SEEK_CLIENT_SECRET"}
    report = checking.report(
        without,
        SEEK_CLIENT_SECRET_FILE=str(new),
        SCHEMA_REGISTRY_USERNAME="somebody",
        SCHEMA_REGISTRY_PASSWORD_FILE=str(old),
    )
    assert "SEEK_CLIENT_SECRET_FILE was written 0 days ago" in report.text("credentials")
    assert "the file of SCHEMA_REGISTRY_PASSWORD_FILE is" in report.text("credentials")
    assert report.worst_of("credentials") is Level.WARNING


@pytest.mark.parametrize(
    ("changes", "about", "says"),
    [
        ({"SEEK_CLIENT_SECRET": "wrong"}, "token", "SEEK_CLIENT_SECRET"),
        ({"SEEK_TOKEN_URL": "nowhere"}, "token", "SEEK_TOKEN_URL"),
        ({"SEEK_ENDPOINT": "nowhere"}, "seek", "SEEK_ENDPOINT"),
        ({"SCHEMA_REGISTRY_URL": "nowhere"}, "registry", "SCHEMA_REGISTRY_URL"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "nowhere"}, "kafka", "KAFKA_BOOTSTRAP_SERVERS"),
    ],
)
def test_each_far_side_that_is_away_or_refuses_is_a_fault_of_its_own(
    deployment: Deployment, checking: Checking, changes: dict[str, str], about: str, says: str
) -> None:
    deployment.create_all()
    deployment.publish()
    port = free_port()
    address = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"}
    wrong = {
        name: address.get(name, f"http://127.0.0.1:{port}") if text == "nowhere" else text
        for name, text in changes.items()
    }
    report = checking.report(deployment.environment, **wrong)
    assert report.code == ExitCode.FAILED
    assert report.worst_of(about) is Level.FAULT
    assert says in report.text(about)
    faulty = {each for each in report if report.worst_of(each) is Level.FAULT}
    assert faulty == {about}


def test_each_missing_right_is_named(
    registry: Registry, sandbox: RunningSandbox, checking: Checking
) -> None:
    with running_kafka(sasl=True) as kafka:
        it = Deployment(kafka, registry, sandbox)
        it.create_all()
        for name in (it.topic, f"{it.group}.dlq", f"{it.group}.retry", f"{it.group}.dlq.state"):
            allow(kafka, CONSUMER, "TOPIC", name, "DESCRIBE", "DESCRIBE_CONFIGS")
        allow(kafka, CONSUMER, "TOPIC", it.topic, "READ")
        login = {
            f"KAFKA_{name.upper().replace('.', '_')}": str(text)
            for name, text in kafka.client_config(CONSUMER).items()
        }
        report = checking.report({**it.environment, **login})
        refused = checking.report({**it.environment, **login}, KAFKA_SASL_PASSWORD="wrong")  # noqa: S106 -- made up

    assert report.code == ExitCode.FAILED
    rights = {said for level, said, _ in report["rights"] if level is Level.FAULT}
    assert rights == {
        f"Read on the topic {it.group}.retry is missing",
        f"Write on the topic {it.group}.dlq is missing",
        f"Read on the group {it.group} is missing",
        f"Describe on the group {it.group} is missing",
    }
    assert f"grant Write on the topic {it.group}.dlq" in report.text("rights")
    assert "KAFKA_SASL_PASSWORD" in refused.text("kafka")
    assert "its certificate ends in" in report.text(f"tls {kafka.bootstrap}")
