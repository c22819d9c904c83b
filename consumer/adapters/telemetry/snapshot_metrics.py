"""The last snapshot of the loop as gauges, made when scraped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from consumer.adapters.telemetry.names import Metric
from consumer.observed import Hold, HoldReason, PartitionStatus, Snapshot


class SnapshotCollector(Collector):
    """Before the first snapshot only the holds are shown, all at 0."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self.latest: Snapshot | None = None
        self._monotonic_s = monotonic_s

    def collect(self) -> Iterable[Family]:
        snapshot = self.latest
        yield from _holds(snapshot.holds if snapshot else ())
        if snapshot is None:
            return
        age_s = self._monotonic_s() - snapshot.turned_at_s
        yield _gauge(Metric.LOOP_AGE_SECONDS, "Since the loop last turned.", age_s)
        yield from _totals(snapshot)
        yield from _partitions(snapshot.partitions)


def _gauge(name: Metric, text: str, value: float) -> Family:
    return GaugeMetricFamily(name.value, text, value=value)


def _holds(holds: tuple[Hold, ...]) -> Iterator[Family]:
    held = {hold.reason for hold in holds}
    by_reason = GaugeMetricFamily(
        Metric.HOLD.value, "1 while something is held for this reason.", labels=["reason"]
    )
    for reason in HoldReason:
        by_reason.add_metric([reason.value], float(reason in held))
    since = GaugeMetricFamily(
        Metric.HOLD_SINCE.value,
        "When a hold began; no topic: nothing at all is sent.",
        labels=["reason", "topic"],
    )
    for hold in holds:
        since.add_metric([hold.reason.value, hold.topic or ""], hold.since_ms / 1000)
    yield by_reason
    yield since


def _totals(snapshot: Snapshot) -> Iterator[Family]:
    paused = sum(partition.paused for partition in snapshot.partitions)
    rows: list[tuple[Metric, str, float]] = [
        (Metric.GROUP_MEMBER, "1 while a member of the consumer group.", snapshot.member),
        (Metric.INFLIGHT_REQUESTS, "Requests sent and unanswered.", snapshot.in_flight),
        (Metric.CONCURRENCY_LIMIT, "Requests allowed at once.", snapshot.in_flight_limit),
        (Metric.PENDING_RECORDS, "Records read and not settled.", snapshot.pending_records),
        (Metric.PENDING_BYTES, "Bytes of pending records.", snapshot.pending_bytes),
        (Metric.PARTITIONS_ASSIGNED, "Partitions of this member.", len(snapshot.partitions)),
        (Metric.PARTITIONS_PAUSED, "Partitions not fetched for now.", paused),
    ]
    for name, text, value in rows:
        yield _gauge(name, text, value)


def _partitions(partitions: tuple[PartitionStatus, ...]) -> Iterator[Family]:
    columns: list[tuple[Metric, str, Callable[[PartitionStatus], int]]] = [
        (Metric.PARTITION_POSITION, "One past the last record read.", lambda p: p.position),
        (Metric.COMMITTED_OFFSET, "Mark that the broker confirmed.", lambda p: p.committed),
        (Metric.PARTITION_PENDING_RECORDS, "Read and not settled.", lambda p: p.pending),
        (Metric.EXPOSED_RECORDS, "Sent again after a crash now.", lambda p: p.exposed),
    ]
    for name, text, value_of in columns:
        family = GaugeMetricFamily(name.value, text, labels=["topic", "partition"])
        for partition in partitions:
            topic, number = partition.place
            family.add_metric([topic, str(number)], value_of(partition))
        yield family
