"""How late each partition is, as Prometheus sees it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import pytest
from prometheus_client import CollectorRegistry

from consumer.adapters.telemetry.log_metrics import LogMetrics
from consumer.adapters.telemetry.token_metrics import TokenMetrics
from consumer.delivery.records import Offset, TopicPartition
from consumer.delivery.retention import (
    SPEED_OVER_S,
    STALE_AFTER_S,
    Extent,
    Logs,
    OldestOpen,
    Retention,
)
from consumer.observed import PartitionStatus, Standing
from tests.unit.telemetry_samples import PLACE, SomeTokens, snapshot

WALL_S = 1_800_000_000.0
WALL_MS = round(WALL_S * 1000)
DAY_MS = 86_400_000


@dataclass
class World:
    """What the collector sees, and when."""

    now_s: float = 100.0
    logs: Logs = field(default_factory=Logs)
    metrics: LogMetrics = field(init=False)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.metrics = LogMetrics(lambda: self.logs, lambda: WALL_S, lambda: self.now_s)
        self.registry.register(self.metrics)

    def show(
        self,
        committed: int,
        position: int,
        oldest_at_ms: int | None = None,
        mark: int | None = None,
    ) -> None:
        """`mark`: None when it is committed."""
        mark = committed if mark is None else mark
        status = PartitionStatus(
            PLACE,
            position=position,
            mark=mark,
            committed=committed,
            pending=position - mark,
            exposed=0,
            paused=False,
            oldest_at_ms=oldest_at_ms,
        )
        self.metrics.show(replace(snapshot(), partitions=(status,)))

    def survey(self, start: int, end: int, retention: Retention | None = None) -> None:
        extent = Extent(Offset(start), Offset(end), self.now_s)
        kept = {} if retention is None else {PLACE.topic: retention}
        self.logs = Logs({PLACE: extent}, kept)

    def value(self, name: str) -> float | None:
        labels = {"topic": PLACE.topic, "partition": str(PLACE.partition)}
        return self.registry.get_sample_value(f"seek_signals_{name}", labels)


def test_nothing_is_said_of_a_log_that_was_not_surveyed() -> None:
    world = World()
    world.show(committed=5, position=9)
    assert world.value("consumer_lag") is None


def test_the_lag_is_what_lies_behind_the_committed_offset() -> None:
    world = World()
    world.survey(start=0, end=20)
    world.show(committed=5, position=9, oldest_at_ms=round(WALL_S * 1000) - 30_000)
    assert world.value("consumer_lag") == 15
    assert world.value("oldest_unsettled_age_seconds") == 30


def test_a_survey_older_than_what_was_read_is_no_negative_lag() -> None:
    world = World()
    world.survey(start=0, end=4)
    world.show(committed=9, position=9)
    assert world.value("consumer_lag") == 0


def test_a_partition_read_to_its_end_waits_for_nothing_and_loses_nothing() -> None:
    world = World()
    world.survey(start=0, end=9, retention=Retention(DAY_MS, None))
    world.show(committed=9, position=9)
    assert world.value("oldest_unsettled_age_seconds") == 0
    assert world.value("partition_standstill_seconds") == 0
    assert world.value("time_to_loss_seconds") == math.inf


def test_what_is_settled_does_not_wait_though_its_commit_is_on_its_way() -> None:
    world = World()
    world.survey(start=0, end=9, retention=Retention(DAY_MS, None))
    world.show(committed=5, position=9, mark=9)
    assert world.value("consumer_lag") == 4
    assert world.value("oldest_unsettled_age_seconds") == 0
    assert world.value("time_to_loss_seconds") == math.inf


def test_a_partition_whose_commits_are_refused_stands_still() -> None:
    world = World()
    world.survey(start=0, end=9)
    world.show(committed=5, position=9, mark=9)
    world.now_s += 70
    world.show(committed=5, position=9, mark=9)
    assert world.value("partition_standstill_seconds") == 70


def test_a_partition_that_stands_still_is_named_after_a_minute_until_it_moves() -> None:
    world = World()
    world.survey(start=0, end=9)
    assert world.metrics.standing() == []
    world.show(committed=5, position=9)
    world.now_s += 59
    assert world.metrics.standing() == []
    world.now_s += 1
    assert world.metrics.standing() == [Standing(PLACE, 60.0, "")]
    world.show(committed=6, position=9)
    assert world.metrics.standing() == []


def test_what_lies_ahead_of_the_mark_is_deleted_first() -> None:
    world, retention = World(), Retention(None, 1_000)
    world.survey(start=0, end=90, retention=retention)
    world.show(committed=20, position=40, mark=30, oldest_at_ms=WALL_MS)
    assert math.isnan(world.value("time_to_loss_seconds") or 0.0)
    world.now_s += SPEED_OVER_S
    world.survey(start=10, end=90, retention=retention)
    assert world.value("time_to_loss_seconds") == (30 - 10) / (10 / SPEED_OVER_S)


def test_it_is_lost_when_the_oldest_reaches_the_topics_retention() -> None:
    world = World()
    world.survey(start=0, end=9, retention=Retention(DAY_MS, None))
    world.show(committed=5, position=9, oldest_at_ms=round(WALL_S * 1000) - DAY_MS // 4)
    assert world.value("time_to_loss_seconds") == pytest.approx(DAY_MS / 1000 * 3 / 4)


def test_an_unknown_retention_shows_as_unknown() -> None:
    world = World()
    world.survey(start=0, end=9)
    world.show(committed=5, position=9, oldest_at_ms=1)
    assert math.isnan(world.value("time_to_loss_seconds") or 0.0)


def test_a_record_that_was_not_read_is_as_old_as_it_is_waited_for() -> None:
    world = World()
    world.survey(start=0, end=9)
    world.show(committed=5, position=5)
    assert world.value("oldest_unsettled_age_seconds") == 0
    world.now_s += 70
    world.show(committed=5, position=5)
    assert world.value("oldest_unsettled_age_seconds") == 70
    assert world.value("partition_standstill_seconds") == 70


def test_the_survey_is_asked_to_look_at_the_partitions_that_are_ours() -> None:
    world = World()
    assert world.metrics.wanted() == {}
    world.show(committed=5, position=9)
    assert world.metrics.wanted() == {PLACE: None}


def test_the_survey_is_asked_since_when_what_comes_next_waits_when_all_read_is_settled() -> None:
    world = World()
    world.show(committed=5, position=5)
    assert world.metrics.wanted() == {PLACE: 5}


def test_a_record_that_was_not_read_is_as_old_as_the_survey_found_out() -> None:
    """As after a restart while nothing is sent, and so nothing more is read."""
    world = World()
    world.survey(start=0, end=9, retention=Retention(DAY_MS, None))
    quarter_ms = DAY_MS // 4
    world.logs = replace(world.logs, unread={PLACE: OldestOpen(Offset(5), WALL_MS - quarter_ms)})
    world.show(committed=5, position=5)
    assert world.value("oldest_unsettled_age_seconds") == quarter_ms / 1000
    assert world.value("time_to_loss_seconds") == 3 * quarter_ms / 1000


def test_what_was_read_knows_its_age_better_than_the_survey() -> None:
    world = World()
    world.survey(start=0, end=9)
    world.logs = replace(world.logs, unread={PLACE: OldestOpen(Offset(5), WALL_MS - 90_000)})
    world.show(committed=5, position=6, oldest_at_ms=WALL_MS - 40_000)
    assert world.value("oldest_unsettled_age_seconds") == 40


def test_the_loss_of_a_log_that_was_not_surveyed_is_not_known() -> None:
    world = World()
    world.show(committed=5, position=9, oldest_at_ms=WALL_MS - 40_000)
    assert math.isnan(world.value("time_to_loss_seconds") or 0.0)
    assert world.value("partition_standstill_seconds") is None
    assert world.value("oldest_unsettled_age_seconds") == 40


def test_a_log_that_was_not_seen_for_long_is_not_known_any_more() -> None:
    world = World()
    world.survey(start=0, end=9, retention=Retention(DAY_MS, None))
    world.show(committed=9, position=9)
    world.now_s += STALE_AFTER_S
    assert world.value("time_to_loss_seconds") == math.inf
    world.now_s += 1
    assert math.isnan(world.value("time_to_loss_seconds") or 0.0)
    assert world.value("consumer_lag") is None
    assert world.value("oldest_unsettled_age_seconds") is None


def test_letters_that_were_not_seen_for_long_are_not_known_any_more() -> None:
    world = World()
    extent = Extent(Offset(1), Offset(9), world.now_s)
    world.logs = Logs({DLQ: extent}, letters={DLQ: OldestOpen(Offset(9), None)})
    labels = {"topic": DLQ.topic, "partition": str(DLQ.partition)}
    name = "seek_signals_time_to_loss_seconds"
    assert world.registry.get_sample_value(name, labels) == math.inf
    world.now_s += STALE_AFTER_S + 1
    assert math.isnan(world.registry.get_sample_value(name, labels) or 0.0)


def test_the_survey_is_as_old_as_the_last_that_saw_all() -> None:
    world = World()
    world.now_s += 20
    assert world.registry.get_sample_value("seek_signals_survey_age_seconds") == 20
    world.logs = Logs(seen_whole_at_s=world.now_s)
    world.now_s += 7
    assert world.registry.get_sample_value("seek_signals_survey_age_seconds") == 7


def test_a_token_shows_when_it_ends_and_none_shows_nothing() -> None:
    tokens, registry = SomeTokens(), CollectorRegistry()
    registry.register(TokenMetrics(tokens))
    name = "seek_signals_token_expiry_timestamp_seconds"
    assert registry.get_sample_value(name) is None
    tokens.expires_at_ms = 1_700_000_000_500
    assert registry.get_sample_value(name) == 1_700_000_000.5
    refreshes = "seek_signals_token_refresh_total"
    assert registry.get_sample_value(refreshes, {"outcome": "fetched"}) == 3
    assert registry.get_sample_value(refreshes, {"outcome": "refused"}) == 0


DLQ = TopicPartition("g.dlq", 2)


@pytest.mark.parametrize(
    ("oldest", "kept", "left_s"),
    [
        (OldestOpen(Offset(4), WALL_MS - DAY_MS // 4), Retention(DAY_MS, None), 64_800.0),
        (OldestOpen(Offset(4), WALL_MS - DAY_MS * 2), Retention(DAY_MS, None), 0.0),
        (OldestOpen(Offset(4), None), Retention(None, None), math.inf),
        (OldestOpen(Offset(9), None), Retention(DAY_MS, None), math.inf),
        (OldestOpen(Offset(4), 1), None, math.nan),
        (None, Retention(DAY_MS, None), math.nan),
    ],
    ids=["in time", "overdue", "kept for ever", "none waits", "retention unknown", "unknown"],
)
def test_letters_that_nobody_replayed_are_lost_in_time_as_well(
    oldest: OldestOpen | None, kept: Retention | None, left_s: float
) -> None:
    world = World()
    extent = Extent(Offset(1), Offset(9), world.now_s)
    world.logs = Logs({DLQ: extent}, {} if kept is None else {DLQ.topic: kept}, {DLQ: oldest})
    labels = {"topic": "g.dlq", "partition": "2"}
    shown = world.registry.get_sample_value("seek_signals_time_to_loss_seconds", labels)
    assert shown == pytest.approx(left_s, nan_ok=True)
    assert world.registry.get_sample_value("seek_signals_consumer_lag", labels) is None
