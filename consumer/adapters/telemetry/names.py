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
    WARNINGS = "seek_signals_warnings"
    REQUESTS = "seek_signals_requests"
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
    CONCURRENCY_LIMIT = "seek_signals_concurrency_limit"
    PENDING_RECORDS = "seek_signals_pending_records"
    PENDING_BYTES = "seek_signals_pending_bytes"
    PARTITIONS_ASSIGNED = "seek_signals_partitions_assigned"
    PARTITIONS_PAUSED = "seek_signals_partitions_paused"
    PARTITION_POSITION = "seek_signals_partition_position"
    COMMITTED_OFFSET = "seek_signals_committed_offset"
    PARTITION_PENDING_RECORDS = "seek_signals_partition_pending_records"
    EXPOSED_RECORDS = "seek_signals_exposed_records"
    BUILD_INFO = "seek_signals_build_info"
