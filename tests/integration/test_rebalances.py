"""Members join, leave, crash and freeze under load, while an oracle looks on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from consumer.demo.stream import believable_stream
from tests.faults.scene import scene
from tests.integration.commit_history import commit_history, settled_times, steps_back, too_early
from tests.integration.member import Member, now_ms
from tests.integration.members import (
    COMMIT_RECORDS,
    IN_FLIGHT,
    PROTOCOLS,
    Company,
    company,
)
from tests.testbed import KafkaCluster, Registry

EVENTS = 8_000


def _until_shared(group: Company, *members: Member) -> None:
    everywhere = set(group.it.oracle.places)

    def all_is_owned_once() -> bool:
        shares = [member.owns & everywhere for member in members]
        return all(shares) and sum(map(len, shares)) == len(everywhere)

    group.until(all_is_owned_once, f"{len(members)} sharing the partitions")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_members_join_leave_crash_and_freeze_and_nothing_is_lost(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path, protocol: str
) -> None:
    load = believable_stream(seed=8, events=EVENTS, now_ms=time.time_ns() // 1_000_000)
    with (
        scene(kafka, registry, tmp_path, latency_s=0.1) as it,
        company(it, protocol, load) as group,
    ):
        with group.started(3) as (leaves, crashes, freezes):
            _until_shared(group, leaves, crashes, freezes)
            crashes.kill()
            freezes.freeze()
            _until_shared(group, leaves)
            freezes.thaw()
            woke_ms = now_ms()
            with group.started(1) as (joins,):
                _until_shared(group, leaves, freezes, joins)
                leaves.leave()
                _until_shared(group, freezes, joins)
                group.finish()
                assert group.accepted_since(freezes, woke_ms)
                joins.leave()
                freezes.leave()
        told = group.verdict()

        assert told["texts"] == []
        assert told["verdict"] == "clean"
        # Each sender may have been about to begin a request when its process froze.
        assert len(group.trespasses()) <= IN_FLIGHT
        commits = commit_history(kafka, it.group)
        assert steps_back(commits) == []
        assert too_early(commits, it.publisher.published, settled_times(it)) == []
        assert group.unexplained() == []  # Joining and leaving land and commit first (P4).
        assert told["duplicates"] <= 2 * (IN_FLIGHT * 100 + COMMIT_RECORDS)
