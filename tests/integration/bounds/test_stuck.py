"""What is stuck in some partitions costs the others next to nothing (P5, P7)."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

import pytest

from consumer.adapters.kafka.taking import TAKE
from consumer.adapters.telemetry.names import Metric
from consumer.delivery.limits import Limits
from tests.integration.bounds.stage import PARTITIONS, Run, running, stage
from tests.integration.bounds.sticking import SETTINGS, Sticking, fill
from tests.integration.bounds.watching import speed
from tests.testbed import KafkaCluster, Registry

STUCK: Final = {0: Sticking.SCHEMA, 1: Sticking.SERVER_FAULT, 2: Sticking.LETTER}
OTHERS: Final = [partition for partition in range(PARTITIONS) if partition not in STUCK]
BEFORE: Final = 700
"""Records in each partition before anything sticks."""
RECORDS: Final = 2_000
"""And then: more than one partition may have pending, or exposed."""
PENDING: Final = 1_000
EXPOSED: Final = 1_500
LATENCY_S: Final = 0.4
IN_FLIGHT: Final = "4"
"""SEEK's answers limit the speed, as in real life: to 1,000 signals a second."""
KEPT: Final = 0.75
"""Of the speed. They keep 0.9, as `make bounds` measures; here the machine may be busy."""
MORE_REQUESTS: Final = 1.1
"""SEEK's quotas count requests, so this, too, is what the others lose of their speed, …"""
FINDING: Final = 20
"""… beside what it takes, once, to find the record that makes SEEK fail, and its next tries."""


def test_the_others_keep_their_speed_and_cost_hardly_more_requests(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = Limits()
    settings = {
        **SETTINGS,
        "SEEK_SIGNALS_PENDING_RECORDS_PER_PARTITION": str(PENDING),
        "SEEK_SIGNALS_EXPOSED_RECORDS_PER_PARTITION": str(EXPOSED),
        "SEEK_SIGNALS_IN_FLIGHT_MAX": IN_FLIGHT,
        "SEEK_SIGNALS_IN_FLIGHT_START": IN_FLIGHT,
        "SEEK_SIGNALS_HOLD_MAX_S": "2",
        # So that the number of requests does not depend on the machine's speed.
        "SEEK_SIGNALS_LINGER_S": "2",
    }
    with (
        stage(kafka, registry, tmp_path, topics=1, latency_s=LATENCY_S, letters=False) as it,
        running(it, **settings) as run,
    ):
        fill(it, {}, 0, BEFORE)
        run.until(lambda: it.committed() >= PARTITIONS * BEFORE, "all of them")
        before = it.sandbox.stats()
        stuck_ms = time.monotonic() * 1000
        fill(it, STUCK, RECORDS, RECORDS)
        everything = len(OTHERS) * (BEFORE + RECORDS)
        run.until(lambda: it.committed(OTHERS) >= everything, "the others")
        stats, lines = it.sandbox.stats(), it.sandbox.requests()
        run.watch.look()

    free, kept = (
        speed(line for line in lines if line["monotonicMs"] < stuck_ms),
        speed(line for line in lines if line["monotonicMs"] >= stuck_ms),
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{free:,.0f} signals/s, with three partitions stuck {kept:,.0f} ")
    assert kept >= KEPT * free
    assert it.committed(STUCK) == len(STUCK) * BEFORE
    accepted = stats["accepted"] - before["accepted"]
    assert accepted >= len(OTHERS) * RECORDS
    requests = stats["requests"] - before["requests"]
    assert requests <= MORE_REQUESTS * accepted / limits.batch_size + FINDING
    _assert_at_their_bounds(run)


def _assert_at_their_bounds(run: Run) -> None:
    """Of the stuck ones each waits for its own reason; only their bounds keep the others going."""
    limits, peaks = Limits(), run.watch.peaks
    assert peaks[Metric.PARTITIONS_PAUSED] >= len(STUCK)
    assert PENDING <= peaks[Metric.PARTITION_PENDING_RECORDS] <= PENDING + TAKE
    assert peaks[Metric.PENDING_RECORDS] <= limits.pending_records + TAKE
    assert peaks[Metric.EXPOSED_RECORDS] <= EXPOSED + TAKE
