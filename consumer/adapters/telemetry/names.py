"""Names of metrics: part of the interface, as alerts and dashboards depend on them."""

from __future__ import annotations

from enum import StrEnum


class Metric(StrEnum):
    """Counters lack their `_total` here: the client library adds it."""

    # Counted as things happen.
    RECORDS_CONSUMED = "seek_signals_records_consumed"
    CONSUMED_BYTES = "seek_signals_consumed_bytes"
    RECORDS_SKIPPED = "seek_signals_records_skipped"
    RECORDS_ACCEPTED = "seek_signals_records_accepted"
    RECORDS_DEAD_LETTERED = "seek_signals_records_dead_lettered"
    POINTER_LETTERS = "seek_signals_pointer_letters"
    WARNINGS = "seek_signals_warnings"
    REQUESTS = "seek_signals_requests"
    UNKNOWN_CODES = "seek_signals_unknown_codes"
    BATCHES_AT_FAULT = "seek_signals_batches_at_fault"
    ISOLATION_REQUESTS = "seek_signals_isolation_requests"
    REQUEST_DURATION_SECONDS = "seek_signals_request_duration_seconds"
    BATCH_SIZE = "seek_signals_batch_size"
    END_TO_END_SECONDS = "seek_signals_end_to_end_seconds"
    DEAD_LETTER_FAILURES = "seek_signals_dead_letter_failures"
    COMMITS = "seek_signals_commits"
    COMMIT_FAILURES = "seek_signals_commit_failures"
    REBALANCES = "seek_signals_rebalances"
    DRAINS = "seek_signals_drains"
    DRAIN_DURATION_SECONDS = "seek_signals_drain_duration_seconds"
    HOLD_SECONDS = "seek_signals_hold_seconds"
    # Read off the last snapshot when scraped.
    HOLD = "seek_signals_hold"
    HOLD_SINCE = "seek_signals_hold_since_timestamp_seconds"
    GROUP_MEMBER = "seek_signals_group_member"
    LOOP_AGE_SECONDS = "seek_signals_loop_age_seconds"
    INFLIGHT_REQUESTS = "seek_signals_inflight_requests"
    INFLIGHT_RECORDS = "seek_signals_inflight_records"
    INFLIGHT_BYTES = "seek_signals_inflight_bytes"
    THROTTLED_SECONDS = "seek_signals_throttled_seconds"
    CONCURRENCY_LIMIT = "seek_signals_concurrency_limit"
    BATCH_SIZE_LIMIT = "seek_signals_batch_size_limit"
    REQUEST_RATE_LIMIT = "seek_signals_request_rate_limit"
    SICK_RECORDS = "seek_signals_sick_records"
    PARTIAL_OUTAGE = "seek_signals_partial_outage"
    HIRERS_APART = "seek_signals_hirers_apart"
    FLOOD_GUARD_SHUT = "seek_signals_flood_guard_shut"
    FLOOD_HELD_RECORDS = "seek_signals_flood_held_records"
    FLOOD_PROBES = "seek_signals_flood_probes"
    PENDING_RECORDS = "seek_signals_pending_records"
    PENDING_BYTES = "seek_signals_pending_bytes"
    PARTITIONS_ASSIGNED = "seek_signals_partitions_assigned"
    PARTITIONS_PAUSED = "seek_signals_partitions_paused"
    PARTITIONS_PAUSED_BY_REASON = "seek_signals_partitions_paused_by_reason"
    PARTITION_POSITION = "seek_signals_partition_position"
    COMMITTED_OFFSET = "seek_signals_committed_offset"
    PARTITION_PENDING_RECORDS = "seek_signals_partition_pending_records"
    EXPOSED_RECORDS = "seek_signals_exposed_records"
    # Of the logs, from a survey beside the loop.
    CONSUMER_LAG = "seek_signals_consumer_lag"
    OLDEST_UNSETTLED_AGE_SECONDS = "seek_signals_oldest_unsettled_age_seconds"
    PARTITION_STANDSTILL_SECONDS = "seek_signals_partition_standstill_seconds"
    TIME_TO_LOSS_SECONDS = "seek_signals_time_to_loss_seconds"
    SURVEY_AGE_SECONDS = "seek_signals_survey_age_seconds"
    # Of the token.
    TOKEN_EXPIRY = "seek_signals_token_expiry_timestamp_seconds"  # noqa: S105 -- a name
    TOKEN_REFRESHES = "seek_signals_token_refresh"  # noqa: S105 -- a name
    # Of the schemas.
    SCHEMA_CACHE_SIZE = "seek_signals_schema_cache_size"
    SCHEMA_LOOKUPS = "seek_signals_schema_lookups"
    BUILD_INFO = "seek_signals_build_info"
