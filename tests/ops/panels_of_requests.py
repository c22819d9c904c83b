"""How SEEK answers, and what holds the signals up."""

from __future__ import annotations

from typing import Final

from consumer.adapters.telemetry.names import Metric
from tests.ops.asking import JOB, Kind, Panel, Query, Row, now, quantiles, rate

SEEK: Final = Row(
    "Is SEEK well?",
    (
        Panel(
            "Requests a second",
            "By what they came to.",
            "reqps",
            (Query(rate(Metric.REQUESTS, "sum by (outcome)"), "{{outcome}}"),),
        ),
        Panel(
            "Answers other than yes",
            "With SEEK's code, the HTTP status of an error, or what went wrong on the way.",
            "reqps",
            (
                Query(
                    rate(
                        Metric.REQUESTS, "sum by (outcome, code)", 'outcome!~"accepted|validated"'
                    ),
                    "{{outcome}}: {{code}}",
                ),
            ),
        ),
        Panel(
            "Time of a request",
            "As measured here, network included.",
            "s",
            quantiles(Metric.REQUEST_DURATION_SECONDS),
        ),
        Panel(
            "Token ends in",
            "It is renewed before, when there is something to send.",
            "s",
            (Query(f"{now(Metric.TOKEN_EXPIRY, 'min')} - time()"),),
            Kind.NUMBER,
            width=4,
            red_below=0,
        ),
        Panel(
            "Throttled",
            "Share of the requests.",
            "percentunit",
            (
                Query(
                    rate(Metric.REQUESTS, labels='outcome="throttled"')
                    + f" / {rate(Metric.REQUESTS)}"
                ),
            ),
            Kind.NUMBER,
            width=4,
            red_from=0.2,
        ),
        Panel(
            "Stopped by throttling",
            "Share of the time in which no request may start for it.",
            "percentunit",
            (Query(rate(Metric.THROTTLED_SECONDS)),),
            Kind.NUMBER,
            width=4,
            red_from=0.2,
        ),
        Panel(
            "Tokens asked for",
            "One for its time of life; refused: see to the credentials.",
            "cps",
            (Query(rate(Metric.TOKEN_REFRESHES, "sum by (outcome)"), "{{outcome}}"),),
            width=4,
        ),
        Panel(
            "At fault while others pass",
            "Batches that failed though SEEK was well, and codes that this version does not know.",
            "cps",
            (
                Query(rate(Metric.BATCHES_AT_FAULT, "sum by (fault)"), "{{fault}}"),
                Query(rate(Metric.UNKNOWN_CODES), "unknown codes"),
            ),
        ),
        Panel(
            "Requests to find culprits",
            "Parts of refused batches, sent again.",
            "reqps",
            (Query(rate(Metric.ISOLATION_REQUESTS), "isolating"),),
        ),
    ),
)
BOTTLENECK: Final = Row(
    "Who is the bottleneck?",
    (
        Panel(
            "Requests in flight",
            "At the limit all the time: SEEK is. Far below with lag: the members or Kafka are.",
            "none",
            (
                Query(now(Metric.INFLIGHT_REQUESTS), "in flight"),
                Query(now(Metric.CONCURRENCY_LIMIT), "allowed"),
            ),
        ),
        Panel(
            "Signals in a request",
            "Full batches: signals wait for requests.",
            "none",
            (
                Query(
                    f"sum (rate({Metric.BATCH_SIZE}_sum{{{JOB}}}[$__rate_interval])) / "
                    f"sum (rate({Metric.BATCH_SIZE}_count{{{JOB}}}[$__rate_interval]))",
                    "mean",
                ),
                Query(now(Metric.BATCH_SIZE_LIMIT, "min"), "allowed"),
            ),
        ),
        Panel(
            "Requests a second allowed",
            "Falls when SEEK throttles; no line: nothing limits them.",
            "reqps",
            (Query(now(Metric.REQUEST_RATE_LIMIT, "min"), "allowed"),),
        ),
        Panel(
            "Partitions paused",
            "By what they wait for.",
            "none",
            (Query(now(Metric.PARTITIONS_PAUSED_BY_REASON, "sum by (reason)"), "{{reason}}"),),
        ),
        Panel(
            "Records in memory",
            "Read and not settled; exposed are those that a crash now would send again.",
            "short",
            (
                Query(now(Metric.PENDING_RECORDS), "pending"),
                Query(now(Metric.EXPOSED_RECORDS), "exposed"),
                Query(now(Metric.INFLIGHT_RECORDS), "in flight"),
            ),
        ),
        Panel(
            "Bytes in memory",
            "Of these records: pending ones are bounded, by bytes as well.",
            "bytes",
            (
                Query(now(Metric.PENDING_BYTES), "pending"),
                Query(now(Metric.INFLIGHT_BYTES), "in flight"),
            ),
        ),
        Panel(
            "Questions to the registry",
            "One for each new schema; away or unknown: its records wait.",
            "cps",
            (Query(rate(Metric.SCHEMA_LOOKUPS, "sum by (outcome)"), "{{outcome}}"),),
        ),
        Panel(
            "Processor",
            "One loop thread decodes: near 1 a member it is the bottleneck, add members.",
            "none",
            (Query(f"rate(process_cpu_seconds_total{{{JOB}}}[$__rate_interval])", "{{instance}}"),),
        ),
        Panel(
            "Rebalances and drains",
            "Drains that did not end in time cost duplicates.",
            "cps",
            (
                Query(rate(Metric.REBALANCES, "sum by (event)"), "{{event}}"),
                Query(rate(Metric.DRAINS, labels='in_time="false"'), "drain cut short"),
            ),
        ),
        Panel(
            "Commits a second",
            "Offsets confirmed by the broker, after acceptance.",
            "cps",
            (Query(rate(Metric.COMMITS), "confirmed"),),
        ),
        Panel(
            "Memory",
            "Resident, a process.",
            "bytes",
            (Query(f"process_resident_memory_bytes{{{JOB}}}", "{{instance}}"),),
        ),
    ),
)
