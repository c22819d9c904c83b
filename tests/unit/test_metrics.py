"""What Prometheus is told."""

from __future__ import annotations

import math
from typing import get_args

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from consumer.adapters.telemetry.fanout import both
from consumer.adapters.telemetry.log_metrics import LogMetrics
from consumer.adapters.telemetry.metrics import PrometheusTelemetry, prometheus_telemetry
from consumer.adapters.telemetry.names import Metric
from consumer.adapters.telemetry.schema_metrics import SchemaMetrics
from consumer.adapters.telemetry.token_metrics import TokenMetrics
from consumer.delivery.retention import Logs
from consumer.observed import (
    DeadLettered,
    Hold,
    HoldBegan,
    HoldEnded,
    HoldReason,
    Occurrence,
    Rebalanced,
    RequestLanded,
    SignalsAccepted,
    Snapshot,
)
from tests.unit.telemetry_samples import ONE_OF_EACH, PLACE, SomeSchemas, SomeTokens, snapshot

WALL_S, MONOTONIC_S = 100.0, 107.5


def new_telemetry() -> PrometheusTelemetry:
    return prometheus_telemetry(lambda: WALL_S, lambda: MONOTONIC_S)


def value(telemetry: PrometheusTelemetry, name: str, **labels: str) -> float | None:
    return telemetry.registry.get_sample_value(f"seek_signals_{name}", labels)


def test_the_samples_are_of_every_kind() -> None:
    assert {type(occurrence) for occurrence in ONE_OF_EACH} == set(get_args(Occurrence))


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("records_consumed_total", {"topic": "moves"}, 500),
        ("consumed_bytes_total", {"topic": "moves"}, 140_000),
        ("records_skipped_total", {"topic": "moves", "reason": "not_from_seek"}, 12),
        ("warnings_total", {"reason": "future_time"}, 2),
        ("requests_total", {"outcome": "accepted", "code": "none"}, 1),
        ("request_duration_seconds_sum", {"outcome": "accepted"}, 0.3),
        ("batch_size_sum", {}, 100),
        ("batch_size_count", {}, 1),
        ("isolation_requests_total", {}, 0),
        ("records_accepted_total", {"type": "ApplicationStatusUpdate"}, 90),
        ("records_accepted_total", {"type": "PositionStatusUpdate"}, 0),
        ("end_to_end_seconds_sum", {}, 5.0),
        (
            "records_dead_lettered_total",
            {"topic": "moves", "stage": "send", "reason": "bad_user_input"},
            1,
        ),
        ("pointer_letters_total", {}, 1),
        ("batches_at_fault_total", {"fault": "server_fault"}, 1),
        ("batches_at_fault_total", {"fault": "timeout"}, 0),
        ("unknown_codes_total", {"code": "other"}, 1),
        ("requests_total", {"outcome": "throttled", "code": "none"}, 0),
        ("dead_letter_failures_total", {"code": "_MSG_TIMED_OUT"}, 1),
        ("dead_letter_failures_total", {"code": "topic_not_authorised"}, 0),
        ("commits_total", {}, 1),
        ("commit_failures_total", {"code": "ILLEGAL_GENERATION"}, 1),
        ("rebalances_total", {"event": "assigned"}, 1),
        ("rebalances_total", {"event": "lost"}, 0),
        ("drains_total", {"in_time": "true"}, 1),
        ("drain_duration_seconds_sum", {}, 1.5),
        ("hold_seconds_total", {"reason": "seek"}, 12.5),
    ],
)
def test_occurrences_are_counted(name: str, labels: dict[str, str], expected: float) -> None:
    telemetry = new_telemetry()
    for occurrence in ONE_OF_EACH:
        telemetry.note(occurrence)

    assert value(telemetry, name, **labels) == expected


def test_counts_add_up() -> None:
    telemetry = new_telemetry()
    for occurrence in (*ONE_OF_EACH, *ONE_OF_EACH):
        telemetry.note(occurrence)

    assert value(telemetry, "records_consumed_total", topic="moves") == 1_000


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("records_skipped_total", {"reason": "not_from_seek"}),
        ("records_dead_lettered_total", {"stage": "decode", "reason": "undecodable"}),
        ("records_dead_lettered_total", {"stage": "map", "reason": "bad_time"}),
        ("records_dead_lettered_total", {"stage": "send", "reason": "forbidden"}),
        ("records_dead_lettered_total", {"stage": "send", "reason": "unknown_code"}),
    ],
)
def test_what_may_come_of_a_topic_is_there_at_zero_before_its_first_record(
    name: str, labels: dict[str, str]
) -> None:
    """Or a hundred that come at once would be no increase, and raise no alert."""
    telemetry = new_telemetry()
    assert value(telemetry, name, topic="moves", **labels) is None
    telemetry.note(Rebalanced("assigned", (PLACE,)))
    assert value(telemetry, name, topic="moves", **labels) == 0


def test_a_hold_is_counted_while_it_goes_on() -> None:
    clock = [100.0]
    telemetry = prometheus_telemetry(lambda: WALL_S, lambda: clock[0])

    def held_s(reason: str) -> float | None:
        return value(telemetry, "hold_seconds_total", reason=reason)

    telemetry.note(HoldBegan(HoldReason.FLOOD, "moves", ""))
    clock[0] += 60
    assert held_s("flood") == 60
    telemetry.note(HoldBegan(HoldReason.FLOOD, "others", ""))
    clock[0] += 5
    assert held_s("flood") == 70
    telemetry.note(HoldEnded(HoldReason.FLOOD, "moves", 65.0))
    clock[0] += 5
    assert held_s("flood") == 75
    assert held_s("seek") == 0


def test_the_time_held_never_falls_though_the_end_is_told_late() -> None:
    clock = [100.0]
    telemetry = prometheus_telemetry(lambda: WALL_S, lambda: clock[0])
    telemetry.note(HoldBegan(HoldReason.SEEK, None, ""))
    clock[0] += 60
    assert value(telemetry, "hold_seconds_total", reason="seek") == 60
    telemetry.note(HoldEnded(HoldReason.SEEK, None, 59.75))
    assert value(telemetry, "hold_seconds_total", reason="seek") == 60


def test_a_request_that_was_not_started_has_no_size_and_no_time() -> None:
    telemetry = new_telemetry()
    telemetry.note(RequestLanded("not_started", "lease", 100, 0.0, "", 1, isolating=True))

    assert value(telemetry, "requests_total", outcome="not_started", code="lease") == 1
    assert value(telemetry, "batch_size_count") == 0
    assert value(telemetry, "isolation_requests_total") == 0


def test_a_search_for_culprits_is_counted_apart() -> None:
    telemetry = new_telemetry()
    telemetry.note(RequestLanded("refused", "BAD_USER_INPUT", 50, 0.1, "", 1, isolating=True))

    assert value(telemetry, "isolation_requests_total") == 1


def test_an_event_from_the_future_has_no_negative_age() -> None:
    telemetry = new_telemetry()
    telemetry.note(SignalsAccepted("ApplicationStatusUpdate", 1, 200_000))

    assert value(telemetry, "end_to_end_seconds_sum") == 0


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("group_member", {}, 1),
        ("loop_age_seconds", {}, 7.5),
        ("inflight_requests", {}, 2),
        ("inflight_records", {}, 110),
        ("inflight_bytes", {}, 33_000),
        ("throttled_seconds_total", {}, 4.5),
        ("concurrency_limit", {}, 3.5),
        ("pending_records", {}, 700),
        ("pending_bytes", {}, 200_000),
        ("partitions_assigned", {}, 2),
        ("partitions_paused", {}, 1),
        ("partitions_paused_by_reason", {"reason": "exposed"}, 1),
        ("partitions_paused_by_reason", {"reason": "pending"}, 0),
        ("batch_size_limit", {}, 50),
        ("request_rate_limit", {}, 4.5),
        ("sick_records", {}, 2),
        ("partial_outage", {}, 1),
        ("hirers_apart", {}, 3),
        ("flood_guard_shut", {"topic": "moves", "stage": "send"}, 1),
        ("flood_held_records", {"topic": "moves", "stage": "send"}, 12),
        ("flood_probes", {"topic": "moves", "stage": "send"}, 7),
        ("partition_position", {"topic": "moves", "partition": "3"}, 1_000),
        ("committed_offset", {"topic": "moves", "partition": "3"}, 880),
        ("partition_pending_records", {"topic": "moves", "partition": "3"}, 100),
        ("exposed_records", {"topic": "moves", "partition": "3"}, 40),
    ],
)
def test_the_snapshot_is_shown(name: str, labels: dict[str, str], expected: float) -> None:
    telemetry = new_telemetry()
    telemetry.show(snapshot())

    assert value(telemetry, name, **labels) == expected


def test_without_throttling_the_rate_is_unlimited() -> None:
    telemetry = new_telemetry()
    telemetry.show(Snapshot(100.0, True, 0, 2, 0, 0, (), ()))  # noqa: FBT003 -- a member

    assert value(telemetry, "request_rate_limit") == math.inf


def test_a_letter_with_its_value_is_no_pointer() -> None:
    telemetry = new_telemetry()
    telemetry.note(DeadLettered(PLACE, 17, "send", "bad_user_input"))

    assert value(telemetry, "pointer_letters_total") == 0


def test_a_partition_that_has_gone_is_no_longer_shown() -> None:
    telemetry = new_telemetry()
    telemetry.show(snapshot())
    telemetry.show(Snapshot(100.0, True, 0, 2, 0, 0, (), ()))  # noqa: FBT003 -- a member

    assert value(telemetry, "committed_offset", topic="moves", partition="3") is None


def test_every_reason_to_hold_has_its_gauge() -> None:
    telemetry = new_telemetry()
    before = {reason: value(telemetry, "hold", reason=reason.value) for reason in HoldReason}
    telemetry.show(
        snapshot(
            holds=(
                Hold(HoldReason.AUTH, None, 2_000, ""),
                Hold(HoldReason.FLOOD, "moves", 3_000, ""),
            )
        )
    )
    held = {reason for reason in HoldReason if value(telemetry, "hold", reason=reason.value)}

    assert before == dict.fromkeys(HoldReason, 0.0)
    assert held == {HoldReason.AUTH, HoldReason.FLOOD}
    since = "hold_since_timestamp_seconds"
    assert value(telemetry, since, reason="auth", topic="") == 2
    assert value(telemetry, since, reason="flood", topic="moves") == 3
    assert value(telemetry, since, reason="seek", topic="") is None


def test_the_page_has_the_build_and_every_name_and_only_names_of_ours() -> None:
    telemetry = new_telemetry()
    for occurrence in ONE_OF_EACH:
        telemetry.note(occurrence)
    telemetry.show(snapshot())
    telemetry.registry.register(LogMetrics(Logs, lambda: WALL_S, lambda: MONOTONIC_S))
    telemetry.registry.register(TokenMetrics(SomeTokens()))
    telemetry.registry.register(SchemaMetrics(SomeSchemas()))

    families = list(text_string_to_metric_families(telemetry.page().decode()))
    names = {family.name for family in families if family.name.startswith("seek_")}
    build = next(family for family in families if family.name == Metric.BUILD_INFO)
    others = {family.name for family in families} - names

    assert names == {metric.value for metric in Metric}
    assert set(build.samples[0].labels) == {"version", "librdkafka", "python", "configuration"}
    assert all(name.startswith(("process_", "python_")) for name in others)


def test_schemas_at_hand_and_questions_for_others_are_shown() -> None:
    registry = CollectorRegistry()
    registry.register(SchemaMetrics(SomeSchemas()))
    asked = "seek_signals_schema_lookups_total"
    assert registry.get_sample_value("seek_signals_schema_cache_size") == 4
    assert registry.get_sample_value(asked, {"outcome": "away"}) == 1


def test_two_of_them_live_in_one_process() -> None:
    first, second = new_telemetry(), new_telemetry()
    first.note(ONE_OF_EACH[0])

    assert value(second, "records_consumed_total", topic="moves") is None


def test_a_fanout_tells_all() -> None:
    first, second = new_telemetry(), new_telemetry()
    sinks = both(first, second)
    sinks.note(ONE_OF_EACH[0])
    sinks.show(snapshot())

    for telemetry in (first, second):
        assert value(telemetry, "records_consumed_total", topic="moves") == 500
        assert value(telemetry, "pending_records") == 700
