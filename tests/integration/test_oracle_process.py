"""The oracle as a process of its own, beside a service that does its work, and none that does."""

from __future__ import annotations

import time
from pathlib import Path

from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as KafkaPartition

from consumer.demo.stream import believable_stream
from consumer.errors import ExitCode
from tests.faults.oracle.process import running_oracle
from tests.faults.oracle.report import Report
from tests.faults.scene import Scene, scene
from tests.faults.service import service
from tests.testbed import KafkaCluster, Registry

EVENTS = 600
PATIENCE_S = 120.0
PASSED = "passed by a commit"


def _publish(it: Scene) -> None:
    now_ms = time.time_ns() // 1_000_000
    it.publisher.publish(believable_stream(seed=4, events=EVENTS, now_ms=now_ms))
    assert it.publisher.failed == []


def _all_is_committed(told: Report) -> bool:
    return told["published"] == EVENTS and not told["lag"]


def test_it_finds_a_run_without_faults_clean_and_without_repeats(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        running_oracle(it.evidence) as oracle,
        service(it.environment(), tmp_path / "service.log") as process,
    ):
        _publish(it)
        oracle.until(_all_is_committed, "everything committed", PATIENCE_S)
        assert process.terminate() == ExitCode.OK
        told = oracle.verdict()

    assert told["texts"] == []
    assert told["verdict"] == "clean"
    assert told["accepted"] + told["deadLettered"] + told["skipped"] == EVENTS
    assert (told["duplicates"], told["lettersAgain"]) == (0, 0)


def test_it_sees_at_once_that_somebody_commits_what_nobody_settled(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        running_oracle(it.evidence) as oracle,
    ):
        _publish(it)
        place = it.publisher.published[0].place
        committer = Consumer({**kafka.client_config(), "group.id": it.group})
        offsets = [KafkaPartition(place.topic, place.partition, 5)]
        committer.commit(offsets=offsets, asynchronous=False)
        committer.close()
        oracle.until(lambda told: PASSED in told["violations"], "a violation", PATIENCE_S)
        told = oracle.verdict()

    assert told["verdict"] == "violated"
    assert told["violations"]["lost"] > 0
