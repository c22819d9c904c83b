"""How late each partition is, and how long until the broker deletes what waits there."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from consumer.adapters.telemetry.names import Metric
from consumer.delivery.records import Offset, TopicPartition
from consumer.delivery.retention import Extent, Logs, Standstill, StartSpeed, time_to_loss_s
from consumer.observed import Occurrence, PartitionStatus, Snapshot, Standing

STANDING_AFTER_S: Final = 60.0
"""Long beside a commit, short beside the alert of 15 minutes."""
STANDING_MOST: Final = 20
"""Of them that are named: in a hold it is all of them."""


class Lateness(NamedTuple):
    """Of one partition, now. NaN: not known."""

    lag: float
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
    _since_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._since_s = self.monotonic_s()

    def note(self, occurrence: Occurrence) -> None:
        """Snapshots alone tell the lateness."""

    def show(self, snapshot: Snapshot) -> None:
        self._latest = snapshot
        extents, now_s = self.logs().extents, self.monotonic_s()
        for status in snapshot.partitions:
            if status.place in extents:
                end = _end(status, extents[status.place])
                self._stands[status.place].see(status.committed, end, now_s)

    def wanted(self) -> Mapping[TopicPartition, Offset | None]:
        """What the survey should look at: the partitions that are ours; of those whose records
        are all settled, as far as they were read, the next offset."""
        ours = () if self._latest is None else self._latest.partitions
        return {it.place: None if it.pending else Offset(it.mark) for it in ours}

    def standing(self) -> Sequence[Standing]:
        """Those that have stood still for a while, longest first; a few of them."""
        ours = () if self._latest is None else self._latest.partitions
        now_s = self.monotonic_s()
        stood = [
            Standing(it.place, self._stands[it.place].seconds(now_s), it.waits_for) for it in ours
        ]
        stood.sort(key=lambda each: -each.seconds)
        return [each for each in stood[:STANDING_MOST] if each.seconds >= STANDING_AFTER_S]

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
            known = {p: value_of(it) for p, it in found.items() if not math.isnan(value_of(it))}
            yield _family(name, text, known)
        yield _family(
            Metric.TIME_TO_LOSS_SECONDS,
            "Until Kafka may delete what is not settled, or a dead letter that needs somebody; "
            "+Inf: never; NaN: not known.",
            to_loss,
        )
        yield GaugeMetricFamily(
            Metric.SURVEY_AGE_SECONDS.value,
            "Since all of our partitions' logs were last looked at.",
            value=self._survey_age_s(),
        )

    def _letters_to_loss_s(self) -> Iterator[tuple[TopicPartition, float]]:
        logs = self.logs()
        for place, oldest in logs.letters.items():
            extent = self._fresh(logs, place)
            if oldest is None or extent is None:
                yield place, math.nan
            elif oldest.offset >= extent.end:
                yield place, math.inf
            else:
                yield place, self._to_loss_s(logs, place, oldest.offset, self._age_s(oldest.at_ms))

    def _lateness(self) -> Iterator[tuple[TopicPartition, Lateness]]:
        logs = self.logs()
        for status in self._latest.partitions if self._latest else ():
            yield status.place, self._of(status, logs)

    def _of(self, status: PartitionStatus, logs: Logs) -> Lateness:
        place, extent = status.place, self._fresh(logs, status.place)
        age_s = self._age_s(status.oldest_at_ms)
        if extent is None:  # What was read is known all the same.
            return Lateness(math.nan, math.nan if age_s is None else age_s, math.nan, math.nan)
        end, standstill_s = _end(status, extent), self._stands[place].seconds(self.monotonic_s())
        lag = max(0, end - status.committed)
        if status.mark >= end:  # All is settled, be it committed already or not.
            return Lateness(lag, 0.0, standstill_s, math.inf)
        if not status.pending and place in logs.unread:
            age_s = self._age_s(logs.unread[place].at_ms)
        return Lateness(
            lag,
            standstill_s if age_s is None else age_s,
            standstill_s,
            self._to_loss_s(logs, place, status.mark, age_s),
        )

    def _to_loss_s(
        self, logs: Logs, place: TopicPartition, offset: int, age_s: float | None
    ) -> float:
        extent, speed = logs.extents[place], self._speeds[place]
        ahead = max(0, offset - extent.start)
        return time_to_loss_s(logs.retentions.get(place.topic), age_s, ahead, speed.per_s)

    def _fresh(self, logs: Logs, place: TopicPartition) -> Extent | None:
        """Of a log that was seen lately."""
        extent = logs.extents.get(place)
        if extent is None or extent.is_stale(self.monotonic_s()):
            return None
        self._speeds[place].see(extent)
        return extent

    def _survey_age_s(self) -> float:
        seen_at_s = self.logs().seen_whole_at_s
        return self.monotonic_s() - (self._since_s if seen_at_s is None else seen_at_s)

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
