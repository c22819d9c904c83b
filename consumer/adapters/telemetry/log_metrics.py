"""How late each partition is, and how long until the broker deletes what waits there."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from consumer.adapters.telemetry.names import Metric
from consumer.delivery.records import TopicPartition
from consumer.delivery.retention import Extent, Logs, Standstill, StartSpeed, time_to_loss_s
from consumer.observed import Occurrence, PartitionStatus, Snapshot


class Lateness(NamedTuple):
    """Of one partition, now."""

    lag: int
    """Records from the committed offset to the log's end; transaction markers count."""
    age_s: float
    """Of the oldest unsettled record; since when it is waited for where that is all we know."""
    standstill_s: float
    to_loss_s: float


@dataclass(slots=True, eq=False)
class LogMetrics(Collector):
    """A sink of telemetry, and a collector: joins the loop's snapshot with the survey's logs.

    `show` belongs to the loop thread, `collect` to any one.
    """

    logs: Callable[[], Logs]
    wall_s: Callable[[], float]
    monotonic_s: Callable[[], float]
    _latest: Snapshot | None = None
    _speeds: dict[TopicPartition, StartSpeed] = field(
        default_factory=lambda: defaultdict(StartSpeed)
    )
    _stands: dict[TopicPartition, Standstill] = field(
        default_factory=lambda: defaultdict(Standstill)
    )

    def note(self, occurrence: Occurrence) -> None:
        """Snapshots alone tell the lateness."""

    def show(self, snapshot: Snapshot) -> None:
        self._latest = snapshot
        extents, now_s = self.logs().extents, self.monotonic_s()
        for status in snapshot.partitions:
            if status.place in extents:
                end = _end(status, extents[status.place])
                self._stands[status.place].see(status.committed, end, now_s)

    def places(self) -> Sequence[TopicPartition]:
        """What the survey should look at: the partitions that are ours."""
        return [] if self._latest is None else [each.place for each in self._latest.partitions]

    def collect(self) -> Iterable[Family]:
        found = dict(self._lateness())
        to_loss = dict(self._letters_to_loss_s()) | {p: it.to_loss_s for p, it in found.items()}
        columns: list[tuple[Metric, str, Callable[[Lateness], float]]] = [
            (Metric.CONSUMER_LAG, "Records behind the log's end.", lambda it: it.lag),
            (
                Metric.OLDEST_UNSETTLED_AGE_SECONDS,
                "Age of the oldest record that is not settled; 0: there is none.",
                lambda it: it.age_s,
            ),
            (
                Metric.PARTITION_STANDSTILL_SECONDS,
                "Since the committed offset last moved while there is more to read.",
                lambda it: it.standstill_s,
            ),
        ]
        for name, text, value_of in columns:
            yield _family(name, text, {place: value_of(it) for place, it in found.items()})
        yield _family(
            Metric.TIME_TO_LOSS_SECONDS,
            "Until Kafka may delete what is not settled, or a dead letter that needs somebody; "
            "+Inf: never; NaN: not known.",
            to_loss,
        )

    def _letters_to_loss_s(self) -> Iterator[tuple[TopicPartition, float]]:
        logs = self.logs()
        for place, oldest in logs.letters.items():
            extent, speed = logs.extents[place], self._speeds[place]
            speed.see(extent)
            if oldest is None:
                yield place, math.nan
            elif oldest.offset >= extent.end:
                yield place, math.inf
            else:
                retention = logs.retentions.get(place.topic)
                age_s = self._age_s(oldest.at_ms)
                ahead = oldest.offset - extent.start
                yield place, time_to_loss_s(retention, age_s, ahead, speed.per_s)

    def _lateness(self) -> Iterator[tuple[TopicPartition, Lateness]]:
        logs = self.logs()
        for status in self._latest.partitions if self._latest else ():
            if status.place in logs.extents:
                yield status.place, self._of(status, logs)

    def _of(self, status: PartitionStatus, logs: Logs) -> Lateness:
        place, extent = status.place, logs.extents[status.place]
        speed, stand = self._speeds[place], self._stands[place]
        speed.see(extent)
        end, standstill_s = _end(status, extent), stand.seconds(self.monotonic_s())
        if status.committed >= end:
            return Lateness(0, 0.0, 0.0, float("inf"))
        age_s = self._age_s(status.oldest_at_ms)
        ahead = max(0, status.committed - extent.start)
        to_loss_s = time_to_loss_s(logs.retentions.get(place.topic), age_s, ahead, speed.per_s)
        return Lateness(
            end - status.committed,
            standstill_s if age_s is None else age_s,
            standstill_s,
            to_loss_s,
        )

    def _age_s(self, at_ms: int | None) -> float | None:
        return None if at_ms is None else max(0.0, self.wall_s() - at_ms / 1000)


def _family(name: Metric, text: str, values: Mapping[TopicPartition, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name.value, text, labels=["topic", "partition"])
    for place, value in values.items():
        family.add_metric([place.topic, str(place.partition)], value)
    return family


def _end(status: PartitionStatus, extent: Extent) -> int:
    """The survey may be older than the snapshot: what was read since is no negative lag."""
    return max(extent.end, status.position)
