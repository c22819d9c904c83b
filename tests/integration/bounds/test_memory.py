"""A backlog far larger than the memory that a pod has runs through a small process (P5)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from consumer.adapters.kafka.taking import STEP, TAKE, TAKE_BYTES
from consumer.adapters.telemetry.names import Metric
from consumer.delivery.limits import Limits
from consumer.errors import ExitCode
from tests.integration.bounds.backlog import Filler, Shape, Value, register
from tests.integration.bounds.stage import PARTITIONS, Run, Stage, running, stage
from tests.integration.bounds.watching import peak_rss_bytes
from tests.testbed import KafkaCluster, Registry

BACKLOG_BYTES: Final = 2_000_000_000
RSS_BYTES: Final = 200_000_000
MOSTLY_UNREAD: Final = Shape(unread_bytes=80_000)
"""What an ATS may add for readers of its own."""
LONG_LABELS: Final = Shape(label_bytes=30_000)
"""Held twice: in the record and in its signal, which travels."""
SHARE_OF_LABELS: Final = 0.1
LARGEST: Final = 81_000
HELD_LOOKS: Final = 10


def _filled(it: Stage) -> tuple[int, int]:
    """Records and bytes; the long labels lie among the others, so that they meet in memory."""
    records = size_bytes = 0
    shares = {MOSTLY_UNREAD: 1 - SHARE_OF_LABELS, LONG_LABELS: SHARE_OF_LABELS}
    for topic, (shape, share) in zip(it.topics, shares.items(), strict=True):
        value = Value.of(shape, register(it.registry, topic, shape))
        count = int(BACKLOG_BYTES * share / len(value.with_subject(b"app-0000000000"))) + 1
        filler = Filler.of(it.kafka, topic)
        filler.write(value, range(records, records + count), range(PARTITIONS))
        filler.finish()
        records, size_bytes = records + filler.records, size_bytes + filler.size_bytes
    return records, size_bytes


def _is_held(run: Run) -> bool:
    return run.watch.now[Metric.HOLD] > 0


def _drained_with_trouble(run: Run, records: int) -> None:
    """SEEK is slow until as much is pending as may be, then away, then well again."""
    sandbox, limits, watch = run.stage.sandbox, Limits(), run.watch
    sandbox.set_faults([{"fault": "slow", "delayS": 2}])
    run.until(lambda: watch.peaks.get(Metric.PENDING_BYTES, 0) >= limits.pending_bytes, "filling")
    sandbox.set_faults([{"fault": "status", "status": 503}])
    run.until(lambda: _is_held(run), "holding")
    held_from = watch.looks
    run.until(lambda: watch.looks >= held_from + HELD_LOOKS, "holding on")
    sandbox.clear_faults()
    run.until(lambda: run.stage.committed() >= records, "draining")


def test_two_gigabytes_run_through_two_hundred_megabytes(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with stage(kafka, registry, tmp_path, topics=2) as it:
        records, size_bytes = _filled(it)
        with running(it, SEEK_SIGNALS_HOLD_MAX_S="2") as run:
            _drained_with_trouble(run, records)
            run.watch.look()
            rss_bytes = peak_rss_bytes(run.process.pid)
            assert run.process.terminate() == ExitCode.OK

        with capsys.disabled():
            sys.stdout.write(f"\n{size_bytes:,} bytes in {rss_bytes:,} of memory ")
        assert size_bytes >= BACKLOG_BYTES
        assert it.sandbox.accepted >= records
        assert it.committed() == records
        assert run.watch.now[f"{Metric.CONSUMED_BYTES}_total"] >= size_bytes
        assert rss_bytes <= RSS_BYTES
        _assert_within_bounds(run)


def _assert_within_bounds(run: Run) -> None:
    """What one poll brings comes on top, and is held twice where its label is long."""
    limits, peaks = Limits(), run.watch.peaks
    a_poll_bytes = 2 * (TAKE_BYTES + STEP * LARGEST)
    assert peaks[Metric.PENDING_BYTES] <= limits.pending_bytes + a_poll_bytes
    assert peaks[Metric.PENDING_RECORDS] <= limits.pending_records + TAKE
    assert peaks[Metric.PARTITION_PENDING_RECORDS] <= limits.pending_per_partition + TAKE
    assert peaks[Metric.PARTITIONS_PAUSED] >= 2 * PARTITIONS  # All had to wait for SEEK.
