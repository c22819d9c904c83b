"""Occurrences as Prometheus counters and histograms; the last snapshot as gauges.

Nothing here is called for each record. A child of a metric is bound at its first use
and kept, since looking it up costs three times as much as counting (performance.md 7).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from consumer.adapters.telemetry.build_info import tell_build
from consumer.adapters.telemetry.hold_metrics import HoldSeconds
from consumer.adapters.telemetry.names import Metric
from consumer.adapters.telemetry.snapshot_metrics import SnapshotCollector
from consumer.delivery.verdicts import Fault, Refusal
from consumer.domain.signals import Reason, SkipReason, Stage, TypeCode, Warn
from consumer.observed import (
    BatchAtFault,
    CommitConfirmed,
    CommitRefused,
    DeadLettered,
    DeadLetterRefused,
    Drained,
    HoldBegan,
    HoldChanged,
    HoldEnded,
    Occurrence,
    Rebalanced,
    RequestLanded,
    SignalsAccepted,
    SkippedRecords,
    Snapshot,
    TookIn,
    UnknownCode,
    Warned,
)

NOT_STARTED = "not_started"

_USUAL_FAILURES = ("topic_not_authorised", "unknown_topic", "_MSG_TIMED_OUT")
"""Of a dead letter; any of Kafka's codes may come."""
_USUAL_REFUSALS = ("rebalance_in_progress", "group_not_authorised")
"""Of a commit, likewise."""

REQUEST_BUCKETS_S = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 20)
"""From a near SEEK to the time-out of a whole request."""

BATCH_BUCKETS = (1, 2, 5, 10, 25, 50, 75, 99, 100)
"""99 and 100 apart: a full batch says that signals wait for requests."""

AGE_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400)
"""From near real time to a day of outage."""

DRAIN_BUCKETS_S = (0.05, 0.25, 1, 2.5, 5, 10, 15, 20, 25, 30)

_M = TypeVar("_M", bound=MetricWrapperBase)


class _Children(dict[tuple[str, ...], _M], Generic[_M]):
    """The children of a metric by the values of their labels."""

    def __init__(self, parent: _M) -> None:
        super().__init__()
        self._parent = parent

    def __missing__(self, values: tuple[str, ...]) -> _M:
        child = self[values] = self._parent.labels(*values)
        return child


@dataclass(frozen=True, slots=True)
class _Counted:
    consumed: _Children[Counter]
    consumed_bytes: _Children[Counter]
    skipped: _Children[Counter]
    accepted: _Children[Counter]
    buried: _Children[Counter]
    pointers: Counter
    warnings: _Children[Counter]
    requests: _Children[Counter]
    unknown_codes: _Children[Counter]
    at_fault: _Children[Counter]
    isolating: Counter
    durations: _Children[Histogram]
    batch_size: Histogram
    age: Histogram
    bury_failures: _Children[Counter]
    commits: Counter
    commit_failures: _Children[Counter]
    rebalances: _Children[Counter]
    drains: _Children[Counter]
    drain_durations: Histogram


@dataclass(frozen=True, slots=True)
class PrometheusTelemetry:
    """A sink of telemetry, and the page that Prometheus scrapes.

    `note` and `show` belong to the loop thread, `page` to any.
    """

    registry: CollectorRegistry
    wall_s: Callable[[], float]
    _snapshot: SnapshotCollector
    _held: HoldSeconds
    _counted: _Counted

    def note(self, occurrence: Occurrence) -> None:
        self._counts[type(occurrence)](self, occurrence)

    def show(self, snapshot: Snapshot) -> None:
        self._snapshot.latest = snapshot

    def page(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _took_in(self, occurrence: TookIn) -> None:
        self._counted.consumed[occurrence.topic,].inc(occurrence.records)
        self._counted.consumed_bytes[occurrence.topic,].inc(occurrence.size_bytes)

    def _skipped(self, occurrence: SkippedRecords) -> None:
        self._counted.skipped[occurrence.topic, occurrence.reason].inc(occurrence.records)

    def _warned(self, occurrence: Warned) -> None:
        self._counted.warnings[occurrence.reason,].inc(occurrence.records)

    def _landed(self, occurrence: RequestLanded) -> None:
        self._counted.requests[occurrence.outcome, occurrence.code].inc()
        if occurrence.outcome == NOT_STARTED:
            return
        self._counted.durations[occurrence.outcome,].observe(occurrence.seconds)
        self._counted.batch_size.observe(occurrence.signals)
        if occurrence.isolating:
            self._counted.isolating.inc()

    def _unknown_code(self, occurrence: UnknownCode) -> None:
        self._counted.unknown_codes[occurrence.code,].inc()

    def _at_fault(self, occurrence: BatchAtFault) -> None:
        self._counted.at_fault[occurrence.fault,].inc()

    def _accepted(self, occurrence: SignalsAccepted) -> None:
        self._counted.accepted[occurrence.type_code,].inc(occurrence.signals)
        age_s = self.wall_s() - occurrence.oldest_occurred_at_ms / 1000
        self._counted.age.observe(max(0.0, age_s))

    def _buried(self, occurrence: DeadLettered) -> None:
        labels = (occurrence.place.topic, occurrence.stage, occurrence.reason)
        self._counted.buried[labels].inc()
        if occurrence.pointer:
            self._counted.pointers.inc()

    def _not_buried(self, occurrence: DeadLetterRefused) -> None:
        self._counted.bury_failures[occurrence.code,].inc()

    def _committed(self, occurrence: CommitConfirmed) -> None:
        del occurrence
        self._counted.commits.inc()

    def _not_committed(self, occurrence: CommitRefused) -> None:
        self._counted.commit_failures[occurrence.code,].inc()

    def _rebalanced(self, occurrence: Rebalanced) -> None:
        self._counted.rebalances[occurrence.event,].inc()
        if occurrence.event == "assigned":
            for topic in {place.topic for place in occurrence.partitions}:
                _start_topic_at_zero(self._counted, topic)

    def _drained(self, occurrence: Drained) -> None:
        self._counted.drains[str(occurrence.in_time).lower(),].inc()
        self._counted.drain_durations.observe(occurrence.seconds)

    def _hold_began(self, occurrence: HoldBegan) -> None:
        self._held.began(occurrence)

    def _hold_changed(self, occurrence: HoldChanged) -> None:
        """Its time goes on."""

    def _hold_ended(self, occurrence: HoldEnded) -> None:
        self._held.ended(occurrence)

    _counts: ClassVar[Mapping[type[Occurrence], Callable[[Any, Any], None]]] = {
        TookIn: _took_in,
        SkippedRecords: _skipped,
        Warned: _warned,
        RequestLanded: _landed,
        UnknownCode: _unknown_code,
        BatchAtFault: _at_fault,
        SignalsAccepted: _accepted,
        DeadLettered: _buried,
        DeadLetterRefused: _not_buried,
        CommitConfirmed: _committed,
        CommitRefused: _not_committed,
        Rebalanced: _rebalanced,
        Drained: _drained,
        HoldBegan: _hold_began,
        HoldChanged: _hold_changed,
        HoldEnded: _hold_ended,
    }


def prometheus_telemetry(
    wall_s: Callable[[], float] = time.time,
    monotonic_s: Callable[[], float] = time.monotonic,
    configuration: str = "",
) -> PrometheusTelemetry:
    """With a registry of its own, so that two of them can live in one process.

    `configuration`: a hash that tells members apart that were configured otherwise.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    snapshot, held = SnapshotCollector(monotonic_s), HoldSeconds(monotonic_s)
    registry.register(snapshot)
    registry.register(held)
    counted = _counted(registry)
    _start_at_zero(counted)
    tell_build(registry, configuration)
    return PrometheusTelemetry(registry, wall_s, snapshot, held, counted)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes metrics of one registry."""

    registry: CollectorRegistry

    def counter(self, name: Metric, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def counters(self, name: Metric, text: str, *labels: str) -> _Children[Counter]:
        return _Children(self.counter(name, text, *labels))

    def histogram(
        self, name: Metric, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)


def _counted(registry: CollectorRegistry) -> _Counted:
    make = _Maker(registry)
    counter, counters, histogram = make.counter, make.counters, make.histogram
    return _Counted(
        consumed=counters(Metric.RECORDS_CONSUMED, "Records read.", "topic"),
        consumed_bytes=counters(Metric.CONSUMED_BYTES, "Bytes of their values.", "topic"),
        skipped=counters(
            Metric.RECORDS_SKIPPED, "Records of no concern to SEEK.", "topic", "reason"
        ),
        accepted=counters(Metric.RECORDS_ACCEPTED, "Signals that SEEK accepted.", "type"),
        buried=counters(
            Metric.RECORDS_DEAD_LETTERED,
            "Confirmed dead letters.",
            "topic",
            "stage",
            "reason",
        ),
        pointers=counter(Metric.POINTER_LETTERS, "Dead letters too large to keep their value."),
        warnings=counters(Metric.WARNINGS, "Doubtful signals, sent all the same.", "reason"),
        requests=counters(Metric.REQUESTS, "Requests to SEEK by result.", "outcome", "code"),
        unknown_codes=counters(
            Metric.UNKNOWN_CODES, "Answers of SEEK with a code that is not known.", "code"
        ),
        at_fault=counters(
            Metric.BATCHES_AT_FAULT, "Batches that failed while others were accepted.", "fault"
        ),
        isolating=counter(Metric.ISOLATION_REQUESTS, "Requests made to find culprits."),
        durations=_Children(_durations(make)),
        batch_size=histogram(Metric.BATCH_SIZE, "Signals in a request.", BATCH_BUCKETS),
        age=histogram(
            Metric.END_TO_END_SECONDS,
            "From the oldest event of a request to its acceptance.",
            AGE_BUCKETS_S,
        ),
        bury_failures=counters(
            Metric.DEAD_LETTER_FAILURES, "Dead letters not written, to be tried again.", "code"
        ),
        commits=counter(Metric.COMMITS, "Commits that the broker confirmed."),
        commit_failures=counters(Metric.COMMIT_FAILURES, "Commits refused.", "code"),
        rebalances=counters(Metric.REBALANCES, "Rebalances.", "event"),
        drains=counters(Metric.DRAINS, "Drains, and whether they ended in time.", "in_time"),
        drain_durations=histogram(
            Metric.DRAIN_DURATION_SECONDS, "Time of a drain.", DRAIN_BUCKETS_S
        ),
    )


def _durations(make: _Maker) -> Histogram:
    text = "Time of a request to SEEK."
    return make.histogram(Metric.REQUEST_DURATION_SECONDS, text, REQUEST_BUCKETS_S, "outcome")


def _start_at_zero(counted: _Counted) -> None:
    """Series that exist from the start, so that a rate sees their first increase."""
    closed_sets: list[tuple[_Children[Counter], Iterable[str]]] = [
        (counted.accepted, TypeCode),
        (counted.warnings, Warn),
        (counted.at_fault, Fault),
        (counted.unknown_codes, ["other"]),
        (counted.bury_failures, _USUAL_FAILURES),
        (counted.commit_failures, _USUAL_REFUSALS),
    ]
    for children, values in closed_sets:
        for value in values:
            children[str(value),].inc(0)
    counted.requests["throttled", "none"].inc(0)
    for event in ("assigned", "revoked", "lost"):
        counted.rebalances[event,].inc(0)
    for in_time in ("true", "false"):
        counted.drains[in_time,].inc(0)


def _start_topic_at_zero(counted: _Counted, topic: str) -> None:
    """Before its first record: what comes in one lot would else have no increase."""
    for reason in SkipReason:
        counted.skipped[topic, reason.value].inc(0)
    for found in Reason:
        counted.buried[topic, found.stage.value, found.value].inc(0)
    for refused in (*Refusal, Fault.SERVER_FAULT, Fault.UNKNOWN_CODE):
        counted.buried[topic, Stage.SEND.value, refused.value].inc(0)
