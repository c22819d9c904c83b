"""While nothing is sent little is read, above all after a restart: what is at risk is known."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Final

from consumer.adapters.kafka.record_times import FINE_MS
from consumer.delivery.records import TopicPartition
from consumer.demo.expectations import Kind
from consumer.observed import HoldReason
from tests.faults.scene import scene
from tests.integration.outages.stage import BACKLOG, acceptable_events, stage
from tests.integration.outages.watching import Watch
from tests.testbed import KafkaCluster, Registry

WEEK_S: Final = 7 * 86_400
"""What Kafka keeps unless told otherwise."""


def unread(watch: Watch) -> list[TopicPartition]:
    """Partitions with a lag of which nothing is read."""
    pending = watch.by_place("seek_signals_partition_pending_records")
    lags = watch.by_place("seek_signals_consumer_lag")
    return [place for place, lag in lags.items() if lag and not pending[place]]


def test_what_was_not_read_has_an_age_and_a_time_to_loss(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    events = list(acceptable_events())
    read = [event for event in events if event.kind is Kind.APPLICATION_STATUS_CHANGED][:BACKLOG]
    not_read = [event for event in events if event.kind is Kind.POSITION_STATUS_CHANGED][:BACKLOG]
    # Few probes, or they would use up what is read, and the rest would be read after all.
    seldom = {"SEEK_SIGNALS_HOLD_BASE_S": "12", "SEEK_SIGNALS_HOLD_MAX_S": "12"}
    with scene(kafka, registry, tmp_path, latency_s=0.0) as it, stage(it, **seldom) as staged:
        watch, left = staged.watch, "seek_signals_time_to_loss_seconds"
        it.sandbox.set_faults([{"fault": "status", "status": 503}])
        it.publisher.publish(read)
        staged.until_held(HoldReason.SEEK)
        ours = watch.value("seek_signals_partitions_assigned")
        staged.until(lambda: watch.value("seek_signals_partitions_paused") == ours, "all paused")
        published_s = time.time()
        it.publisher.publish(not_read)
        staged.until(lambda: bool(unread(watch)), "a partition of which nothing is read")
        staged.until(
            lambda: not any(math.isnan(each) for each in watch.by_place(left).values()),
            "all times to loss",
        )
        ages = watch.by_place("seek_signals_oldest_unsettled_age_seconds")
        oldest_s = time.time() - published_s + FINE_MS / 1000
        for place in unread(watch):
            assert place.topic == it.topics[Kind.POSITION_STATUS_CHANGED]
            assert 0 < ages[place] <= oldest_s
            assert WEEK_S - oldest_s <= watch.by_place(left)[place] < WEEK_S
        it.sandbox.clear_faults()
        staged.assert_recovered()
