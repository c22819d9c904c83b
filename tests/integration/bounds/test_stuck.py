"""What is stuck in some partitions costs the others next to nothing (P5, P7)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from consumer.adapters.kafka.taking import TAKE
from consumer.adapters.telemetry.names import Metric
from consumer.delivery.limits import Limits
from tests.integration.bounds.stage import PARTITIONS, running, stage
from tests.integration.bounds.sticking import SETTINGS, Sticking, fill
from tests.testbed import KafkaCluster, Registry

STUCK: Final = {0: Sticking.SCHEMA, 1: Sticking.SERVER_FAULT, 2: Sticking.LETTER}
OTHERS: Final = [partition for partition in range(PARTITIONS) if partition not in STUCK]
RECORDS_OF_STUCK: Final = 4_000
RECORDS_OF_OTHERS: Final = 8_000
MORE_REQUESTS: Final = 1.1
"""SEEK's quotas count requests, so this is what the others lose of their speed."""


def test_the_others_flow_with_hardly_more_requests(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    limits = Limits()
    with stage(kafka, registry, tmp_path, topics=1, letters=False) as it:
        fill(it, STUCK, RECORDS_OF_STUCK, RECORDS_OF_OTHERS)
        # Lingering, so that the number of requests does not depend on the machine's speed.
        with running(it, SEEK_SIGNALS_LINGER_S="2", SEEK_SIGNALS_HOLD_MAX_S="2", **SETTINGS) as run:
            everything = len(OTHERS) * RECORDS_OF_OTHERS
            run.until(lambda: it.committed(OTHERS) >= everything, "the others")
            stats = it.sandbox.stats()
            run.watch.look()

        assert it.committed(STUCK) == 0
        assert stats["accepted"] >= everything
        assert stats["requests"] <= MORE_REQUESTS * stats["accepted"] / limits.batch_size
        peaks = run.watch.peaks
        assert peaks[Metric.PARTITION_PENDING_RECORDS] <= limits.pending_per_partition + TAKE
        assert peaks[Metric.PENDING_RECORDS] <= limits.pending_records + TAKE
        assert peaks[Metric.EXPOSED_RECORDS] <= limits.exposed_per_partition + TAKE
