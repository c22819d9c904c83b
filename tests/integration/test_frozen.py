"""SIGSTOP past the session, then SIGCONT: the member wakes up in a world that went on (P4)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from consumer.demo.balance import balance
from consumer.demo.stream import believable_stream
from tests.faults.scene import REFUSALS, scene
from tests.integration.commit_history import commit_history, settled_times, steps_back, too_early
from tests.integration.members import (
    COMMIT_RECORDS,
    IN_FLIGHT,
    PROTOCOLS,
    Company,
    Member,
    now_ms,
    settings,
)
from tests.testbed import KafkaCluster, Registry

EVENTS = 8_000
SLOW_S = 3.0
"""At the freeze every sender waits for an answer, so none is about to begin a request."""
FAST_ONES_DONE_S = 0.5


def _freeze_with_all_requests_under_way(company: Company, victim: Member) -> None:
    sandbox = company.it.sandbox
    sandbox.set_faults([*REFUSALS, {"fault": "slow", "delayS": SLOW_S}])
    slow_ms = now_ms() + FAST_ONES_DONE_S * 1000
    company.until(
        lambda: now_ms() > slow_ms and sandbox.stats()["inFlight"] == 2 * IN_FLIGHT,
        "all senders waiting",
    )
    victim.freeze()
    sandbox.set_faults(REFUSALS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_frozen_member_wakes_up_harmless_and_goes_to_work_again(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path, protocol: str
) -> None:
    stream = believable_stream(seed=4, events=EVENTS, now_ms=time.time_ns() // 1_000_000)
    with scene(kafka, registry, tmp_path, latency_s=0.05) as it:
        company = Company(it, settings(it, protocol), stream[::-1])
        with company.member() as victim, company.member() as other:
            company.until(lambda: bool(victim.owns and other.owns), "both having partitions")
            _freeze_with_all_requests_under_way(company, victim)
            froze_ms, lost = now_ms(), victim.owns
            company.until(lambda: other.owns >= lost, "the other taking over")
            company.until(
                lambda: bool(company.accepted_since(other, froze_ms) & lost),
                "the other sending what was the frozen member's",
            )
            victim.thaw()
            woke_ms = now_ms()
            company.until(lambda: bool(company.accepted_since(victim, woke_ms)), "working again")
            company.finish()
            other.leave()
            victim.leave()
        it.oracle.look()

        assert company.trespasses() == []
        commits = commit_history(kafka, it.group)
        assert steps_back(commits) == []
        assert too_early(commits, it.publisher.published, settled_times(it)) == []
        sheet = balance(it.oracle.evidence())
        assert list(sheet.faults) == []
        assert company.unexplained() == []
        assert sheet.repeats <= IN_FLIGHT * 100 + COMMIT_RECORDS
