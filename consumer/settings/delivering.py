"""Settings of how signals leave, and of what happens when they cannot."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from consumer.settings.section import Section
from consumer.settings.values import Blankless, Count, Names, Seconds, Share


class BatchSettings(Section):
    """What is sent and committed together."""

    batch_size: Annotated[int, Field(ge=1, le=100)] = Field(
        100, description="Signals a request. SEEK's limits count requests, and 100 is its most."
    )
    linger_s: Annotated[float, Field(ge=0, le=60)] = Field(
        0.0,
        description="How long a batch waits for company. 0: under load batches fill by themselves, "
        "and a lone signal leaves at once.",
    )
    commit_interval_s: Annotated[float, Field(gt=0, le=60)] = Field(
        0.25, description="Commit at least so often while there is progress: bounds duplicates."
    )
    commit_records: Count = Field(
        1_000,
        description="Or as soon as so many records are settled: bounds duplicates under load.",
    )
    commit_metadata_bytes: Annotated[int, Field(ge=0, le=65_536)] = Field(
        4_096,
        description="Room in a commit for settled offsets beyond the mark: the broker's default of "
        "offset.metadata.max.bytes. 0 sends none of them; whose offset it is always travels.",
    )


class BoundSettings(Section):
    """How much may be in memory."""

    pending_records: Count = Field(
        10_000, description="Records read and not settled, in all: some ten seconds of a fast SEEK."
    )
    pending_bytes: Count = Field(
        25_165_824,
        description="Bytes of them and their signals (24 MiB): keeps the process below 200 MB, "
        "whatever the size of records (measured).",
    )
    pending_records_per_partition: Count = Field(
        2_500, description="Of one partition, so that one that is stuck does not eat the window."
    )
    exposed_records_per_partition: Count = Field(
        10_000,
        description="Accepted behind one stuck record and not remembered in a commit: what a crash "
        "would send again. Then the partition pauses alone.",
    )


class PacingSettings(Section):
    """How fast, and how slowly after a fault."""

    in_flight_min: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="Requests at once, at least: one, so that a slow SEEK is not pressed."
    )
    in_flight_max: Annotated[int, Field(ge=1, le=64)] = Field(
        8, description="At most. 8 at 200 ms are 4,000 signals a second; SEEK publishes no limit."
    )
    in_flight_start: Annotated[int, Field(ge=1, le=64)] = Field(
        2, description="At the start: little, and grown by one a round of successes."
    )
    requests_per_s_max: Annotated[float, Field(gt=0, le=10_000)] | None = Field(
        None, description="A ceiling, for backfills. None: SEEK's throttling is obeyed as it comes."
    )
    hold_base_s: Seconds = Field(
        0.5, description="First wait after an outage, with full jitter, doubled each time."
    )
    hold_max_s: Seconds = Field(
        60.0, description="Longest wait: one probe a minute burdens nobody, and recovery is prompt."
    )
    retry_after_max_s: Seconds = Field(
        900.0,
        description="Cap on SEEK's Retry-After: a mistaken day there must not stop a day here.",
    )
    auth_probe_s: Seconds = Field(
        60.0,
        description="Refused credentials are tried again so often: someone has to rotate them.",
    )


class PoisonSettings(Section):
    """When a record is given up, and when that must stop."""

    isolation_requests: Annotated[int, Field(ge=1, le=1_000)] = Field(
        40,
        description="Extra requests to find the culprits of one batch. One in 100 takes 13; beyond "
        "the cap the rest goes one by one.",
    )
    sick_attempts: Annotated[int, Field(ge=1, le=1_000)] = Field(
        5, description="A lone record that makes SEEK fail so often, while others are accepted, …"
    )
    sick_after_s: Annotated[float, Field(gt=0, le=604_800)] = Field(
        900.0,
        description="… and for so long, is a dead letter: 15 min outlast a deployment of SEEK's.",
    )
    sick_subjects_max: Annotated[int, Field(ge=1, le=1_000)] = Field(
        3, description="More at once are a partial outage: none is buried."
    )
    flood_ratio: Share = Field(
        0.9,
        description="When so much of one topic and stage is refused, the fault is systemic: hold.",
    )
    flood_window: Annotated[int, Field(ge=1, le=100_000)] = Field(
        200, description="Of the last so many records: two batches."
    )
    flood_min: Annotated[int, Field(ge=1, le=100_000)] = Field(
        50, description="With at least so many seen: a few refusals at the start are no flood."
    )
    flood_probe_s: Seconds = Field(
        60.0, description="How often the oldest held record of a flooded topic is tried."
    )
    hirer_breaker_refusals: Annotated[int, Field(ge=1, le=1_000)] = Field(
        3, description="After so many refusals of one hirer its signals travel apart from others'."
    )
    dlq_connect_headers: bool = Field(
        False,  # noqa: FBT003 -- pydantic takes a default by position
        description="Dead letters say where and why in Kafka Connect's headers as well, for "
        "interfaces that show those. Off: one set of names is enough for the dlq verbs.",
    )


class RequestSettings(Section):
    """One request to SEEK."""

    request_connect_s: Seconds = Field(
        5.0, description="To connect: a healthy SEEK takes well below one."
    )
    request_total_s: Seconds = Field(
        20.0, description="For the whole request: below the drain, so that every answer can land."
    )
    external_job_ads: bool = Field(
        True,  # noqa: FBT003 -- pydantic takes a default by position
        description="Send positionProfileIds on external applications too: SEEK's guides do, its "
        "schema page does not ask for it (contract 8.1).",
    )
    silence_is_acceptance: bool = Field(
        False,  # noqa: FBT003 -- pydantic takes a default by position
        description="Count an answer of null or false without errors as accepted. Off: silence "
        "settles nothing until SEEK says that it does.",
    )
    throttle_codes: Names = Field(
        (),
        description="Codes of SEEK's that mean throttled, beside those whose words say so and HTTP "
        "429. SEEK publishes none.",
    )
    log_requests: bool = Field(
        False,  # noqa: FBT003 -- pydantic takes a default by position
        description="Log requests and answers in full, credentials masked. Off: they hold "
        "candidates' data. For development only.",
    )


class StoppingSettings(Section):
    """Deadlines of a rebalance and of the end."""

    drain_s: Seconds = Field(
        25.0,
        description="To land what is in flight on a revoke or at the end: a request and spare.",
    )
    watchdog_s: Seconds = Field(
        10.0,
        description="After the drain at the end the process is stopped by force: duplicates, "
        "never loss.",
    )
    grace_s: Seconds = Field(
        45.0, description="The pod's terminationGracePeriodSeconds; stated here to be checked."
    )
    lease_s: Seconds = Field(
        30.0,
        description="No request starts later than this after the loop last polled, since "
        "another member may own its records after the session timeout.",
    )


class WatchingSettings(Section):
    """Metrics, health and logs."""

    http_host: Blankless = Field(
        "127.0.0.1",
        description="Where metrics and health are served: this machine only. In a pod 0.0.0.0.",
    )
    http_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        9308, description="Port of them; 0 takes any free one."
    )
    live_within_s: Seconds = Field(
        60.0,
        description="/livez fails when the loop has not turned for so long: above a drain and "
        "a blocked commit.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="info tells each change of state, and nothing for each record."
    )
    log_format: Literal["json", "console", "auto"] = Field(
        "auto", description="auto: console on a terminal, else JSON, a line an event."
    )
