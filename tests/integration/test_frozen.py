"""SIGSTOP past the session, then SIGCONT: the member wakes up in a world that went on (P4)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from consumer.demo.stream import believable_stream
from tests.faults.scene import scene
from tests.integration.commit_history import commit_history, settled_times, steps_back, too_early
from tests.integration.freezing import freeze_and_thaw
from tests.integration.members import COMMIT_RECORDS, IN_FLIGHT, PROTOCOLS, company
from tests.testbed import KafkaCluster, Registry

EVENTS = 8_000


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_frozen_member_wakes_up_harmless_and_goes_to_work_again(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path, protocol: str
) -> None:
    load = believable_stream(seed=4, events=EVENTS, now_ms=time.time_ns() // 1_000_000)
    with (
        scene(kafka, registry, tmp_path, latency_s=0.05) as it,
        company(it, protocol, load) as group,
    ):
        told = freeze_and_thaw(group)

        assert told["texts"] == []
        assert told["verdict"] == "clean"
        assert group.trespasses() == []
        commits = commit_history(kafka, it.group)
        assert steps_back(commits) == []
        assert too_early(commits, it.publisher.published, settled_times(it)) == []
        assert group.unexplained() == []
        assert told["duplicates"] <= IN_FLIGHT * 100 + COMMIT_RECORDS
