"""The last snapshot of the loop as gauges, made when scraped."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from consumer.adapters.telemetry.names import Metric
from consumer.observed import Flood, Hold, HoldReason, PartitionStatus, PauseReason, Snapshot


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
        yield _throttled(snapshot.throttled_s)
        yield from _floods(snapshot.floods)
        yield from _paused(snapshot.partitions)
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
        (Metric.INFLIGHT_RECORDS, "Records in these requests.", snapshot.in_flight_records),
        (Metric.INFLIGHT_BYTES, "Their bytes.", snapshot.in_flight_bytes),
        (Metric.CONCURRENCY_LIMIT, "Requests allowed at once.", snapshot.in_flight_limit),
        (Metric.BATCH_SIZE_LIMIT, "Signals allowed in a request.", snapshot.batch_size_limit),
        (Metric.SICK_RECORDS, "Records failing while others pass.", snapshot.sick_records),
        (
            Metric.PARTIAL_OUTAGE,
            "1 while so many records are sick that none is buried.",
            snapshot.partial_outage,
        ),
        (
            Metric.HIRERS_APART,
            "Hirers that SEEK forbids, whose signals travel apart.",
            snapshot.hirers_apart,
        ),
        (Metric.PENDING_RECORDS, "Records read and not settled.", snapshot.pending_records),
        (Metric.PENDING_BYTES, "Bytes of pending records.", snapshot.pending_bytes),
        (Metric.PARTITIONS_ASSIGNED, "Partitions of this member.", len(snapshot.partitions)),
        (Metric.PARTITIONS_PAUSED, "Partitions not fetched for now.", paused),
    ]
    for name, text, value in rows:
        yield _gauge(name, text, value)
    rate = snapshot.rate_limit_per_s
    yield _gauge(
        Metric.REQUEST_RATE_LIMIT,
        "Requests allowed a second; infinite while nothing limits them.",
        math.inf if rate is None else rate,
    )


def _throttled(seconds: float) -> Family:
    text = "Time that throttling stopped all requests; at other times it slows them."
    return CounterMetricFamily(Metric.THROTTLED_SECONDS.value, text, value=seconds)


def _floods(floods: tuple[Flood, ...]) -> Iterator[Family]:
    """No series for what is not shut: topics come and go."""
    columns: list[tuple[Metric, str, Callable[[Flood], int]]] = [
        (Metric.FLOOD_GUARD_SHUT, "1 while nearly all is refused, so nothing buried.", lambda _: 1),
        (Metric.FLOOD_HELD_RECORDS, "Read, refused or waiting for that.", lambda f: f.held),
        (Metric.FLOOD_PROBES, "Tried since, in vain.", lambda f: f.probes),
    ]
    for name, text, value_of in columns:
        family = GaugeMetricFamily(name.value, text, labels=["topic", "stage"])
        for flood in floods:
            family.add_metric([flood.topic, flood.stage], value_of(flood))
        yield family


def _paused(partitions: tuple[PartitionStatus, ...]) -> Iterator[Family]:
    why = Counter(partition.waits_for for partition in partitions if partition.paused)
    family = GaugeMetricFamily(
        Metric.PARTITIONS_PAUSED_BY_REASON.value,
        "Partitions not fetched for now, by what they wait for.",
        labels=["reason"],
    )
    for reason in PauseReason:
        family.add_metric([reason.value], why[reason])
    yield family


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
