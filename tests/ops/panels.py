"""What the dashboard asks Prometheus, in the order of the page. Pure: no Grafana in here.

One page for whoever was paged, as six questions. `$job` is chosen at the top of it: one job
is one consumer group.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from consumer.adapters.telemetry.names import Metric


class Kind(StrEnum):
    LINES = "lines"
    NUMBER = "number"
    STATES = "states"
    """One bar a series: 1 is bad, 0 is well."""


class Query(NamedTuple):
    expr: str
    legend: str = ""


class Panel(NamedTuple):
    title: str
    tells: str
    """What to read from it."""
    unit: str
    """By Grafana's names of units."""
    queries: tuple[Query, ...]
    kind: Kind = Kind.LINES
    width: int = 8
    """Of 24."""
    red_from: float | None = None
    red_below: float | None = None


class Row(NamedTuple):
    question: str
    panels: tuple[Panel, ...]


JOB: Final = 'job=~"$job"'
QUANTILES: Final = (0.5, 0.95, 0.99)


def _now(metric: str, aggregate: str = "sum", labels: str = "") -> str:
    return f"{aggregate} ({metric}{{{_with_job(labels)}}})"


def _rate(counter: str, aggregate: str = "sum", labels: str = "") -> str:
    return f"{aggregate} (rate({counter}_total{{{_with_job(labels)}}}[$__rate_interval]))"


def _quantiles(histogram: str) -> tuple[Query, ...]:
    buckets = f"sum by (le) (rate({histogram}_bucket{{{JOB}}}[$__rate_interval]))"
    return tuple(
        Query(f"histogram_quantile({q}, {buckets})", f"{q:.0%} of requests") for q in QUANTILES
    )


def _with_job(labels: str) -> str:
    return f"{JOB}, {labels}" if labels else JOB


FLOWING: Final = Row(
    "Are signals flowing?",
    (
        Panel(
            "Members at work",
            "Processes that their group has taken in.",
            "none",
            (Query(_now(Metric.GROUP_MEMBER)),),
            Kind.NUMBER,
            width=4,
            red_below=1,
        ),
        Panel(
            "Accepted",
            "Signals a second that SEEK accepted.",
            "cps",
            (Query(_rate(Metric.RECORDS_ACCEPTED)),),
            Kind.NUMBER,
            width=4,
        ),
        Panel(
            "Signals and records a second",
            "What is read ends accepted, skipped or as a dead letter. A gap between them is lag.",
            "cps",
            (
                Query(_rate(Metric.RECORDS_CONSUMED), "read"),
                Query(_rate(Metric.RECORDS_ACCEPTED), "accepted"),
                Query(_rate(Metric.RECORDS_SKIPPED), "skipped"),
                Query(_rate(Metric.RECORDS_DEAD_LETTERED), "dead letters"),
            ),
        ),
        Panel(
            "Holds",
            "Red: for this reason nothing, or nothing of one topic, is sent. Nothing is lost.",
            "none",
            (Query(_now(Metric.HOLD, "max by (reason)"), "{{reason}}"),),
            Kind.STATES,
        ),
    ),
)
LATE: Final = Row(
    "How late are they?",
    (
        Panel(
            "Oldest record that waits",
            "The alert SeekSignalsLate comes at 15 minutes.",
            "s",
            (Query(_now(Metric.OLDEST_UNSETTLED_AGE_SECONDS, "max")),),
            Kind.NUMBER,
            width=4,
            red_from=900,
        ),
        Panel(
            "Records behind",
            "From the committed offset to the end of the log.",
            "short",
            (Query(_now(Metric.CONSUMER_LAG)),),
            Kind.NUMBER,
            width=4,
        ),
        Panel(
            "From event to acceptance",
            "Of the oldest event of each request, by the times in the events.",
            "s",
            _quantiles(Metric.END_TO_END_SECONDS),
        ),
        Panel(
            "Oldest record that waits, by topic",
            "One topic alone: see whether it is held. All: see who is the bottleneck.",
            "s",
            (Query(_now(Metric.OLDEST_UNSETTLED_AGE_SECONDS, "max by (topic)"), "{{topic}}"),),
        ),
        Panel(
            "Lag by topic",
            "Records from the committed offset to the end of the log.",
            "short",
            (Query(_now(Metric.CONSUMER_LAG, "sum by (topic)"), "{{topic}}"),),
            width=12,
        ),
        Panel(
            "Partitions that stand still",
            "Since the committed offset last moved while there is more; the five worst.",
            "s",
            (
                Query(
                    f"topk(5, {_now(Metric.PARTITION_STANDSTILL_SECONDS, 'max by (topic, partition)')})",  # noqa: E501 -- one expression
                    "{{topic}}/{{partition}}",
                ),
            ),
            width=12,
        ),
    ),
)
REFUSED: Final = Row(
    "What is being refused?",
    (
        Panel(
            "Dead letters a second",
            "`seek-signals dlq stats` and `dlq show` say more.",
            "cps",
            (
                Query(
                    _rate(Metric.RECORDS_DEAD_LETTERED, "sum by (stage, reason)"),
                    "{{stage}}: {{reason}}",
                ),
            ),
        ),
        Panel(
            "Skipped a second",
            "Of no concern to SEEK. A jump of not_from_seek looks like a dropped field.",
            "cps",
            (
                Query(
                    _rate(Metric.RECORDS_SKIPPED, "sum by (topic, reason)"), "{{topic}}: {{reason}}"
                ),
            ),
        ),
        Panel(
            "Doubtful, sent all the same",
            "token_expired: SEEK does not say so, the signal just has no effect.",
            "cps",
            (Query(_rate(Metric.WARNINGS, "sum by (reason)"), "{{reason}}"),),
        ),
        Panel(
            "Set apart",
            "Hirers that SEEK forbids; records that make SEEK fail while others pass.",
            "none",
            (
                Query(_now(Metric.HIRERS_APART, "max"), "hirers apart"),
                Query(_now(Metric.SICK_RECORDS), "sick records"),
                Query(_now(Metric.PARTIAL_OUTAGE, "max"), "partial outage"),
            ),
        ),
        Panel(
            "Flood guard",
            "Records that wait since nearly all of their topic is refused at one stage.",
            "short",
            (
                Query(
                    _now(Metric.FLOOD_HELD_RECORDS, "sum by (topic, stage)"),
                    "{{topic}} at {{stage}}",
                ),
            ),
        ),
        Panel(
            "Dead letters not written",
            "Tried again until Kafka takes them; their partitions wait.",
            "cps",
            (
                Query(_rate(Metric.DEAD_LETTER_FAILURES, "sum by (code)"), "{{code}}"),
                Query(_rate(Metric.POINTER_LETTERS), "written without their value"),
            ),
        ),
    ),
)
SEEK: Final = Row(
    "Is SEEK well?",
    (
        Panel(
            "Requests a second",
            "By what they came to.",
            "reqps",
            (Query(_rate(Metric.REQUESTS, "sum by (outcome)"), "{{outcome}}"),),
        ),
        Panel(
            "Answers other than yes",
            "SEEK's code, the HTTP status, or what went wrong on the way.",
            "reqps",
            (
                Query(
                    _rate(Metric.REQUESTS, "sum by (code)", 'outcome!~"accepted|validated"'),
                    "{{code}}",
                ),
            ),
        ),
        Panel(
            "Time of a request",
            "As measured here, network included.",
            "s",
            _quantiles(Metric.REQUEST_DURATION_SECONDS),
        ),
        Panel(
            "Token ends in",
            "It is renewed before, when there is something to send.",
            "s",
            (Query(f"{_now(Metric.TOKEN_EXPIRY, 'min')} - time()"),),
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
                    _rate(Metric.REQUESTS, labels='outcome="throttled"')
                    + f" / {_rate(Metric.REQUESTS)}"
                ),
            ),
            Kind.NUMBER,
            width=4,
            red_from=0.2,
        ),
        Panel(
            "At fault while others pass",
            "Batches that failed though SEEK was well, and codes that this version does not know.",
            "cps",
            (
                Query(_rate(Metric.BATCHES_AT_FAULT, "sum by (fault)"), "{{fault}}"),
                Query(_rate(Metric.UNKNOWN_CODES), "unknown codes"),
            ),
        ),
        Panel(
            "Requests to find culprits",
            "Parts of refused batches, sent again.",
            "reqps",
            (Query(_rate(Metric.ISOLATION_REQUESTS), "isolating"),),
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
                Query(_now(Metric.INFLIGHT_REQUESTS), "in flight"),
                Query(_now(Metric.CONCURRENCY_LIMIT), "allowed"),
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
                Query(_now(Metric.BATCH_SIZE_LIMIT, "min"), "allowed"),
            ),
        ),
        Panel(
            "Requests a second allowed",
            "Falls when SEEK throttles; no line: nothing limits them.",
            "reqps",
            (Query(_now(Metric.REQUEST_RATE_LIMIT, "min"), "allowed"),),
        ),
        Panel(
            "Partitions paused",
            "By what they wait for.",
            "none",
            (Query(_now(Metric.PARTITIONS_PAUSED_BY_REASON, "sum by (reason)"), "{{reason}}"),),
        ),
        Panel(
            "Records in memory",
            "Read and not settled; exposed are those that a crash now would send again.",
            "short",
            (
                Query(_now(Metric.PENDING_RECORDS), "pending"),
                Query(_now(Metric.EXPOSED_RECORDS), "exposed"),
            ),
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
                Query(_rate(Metric.REBALANCES, "sum by (event)"), "{{event}}"),
                Query(_rate(Metric.DRAINS, labels='in_time="false"'), "drain cut short"),
            ),
        ),
        Panel(
            "Commits a second",
            "Offsets confirmed by the broker, after acceptance.",
            "cps",
            (Query(_rate(Metric.COMMITS), "confirmed"),),
        ),
        Panel(
            "Memory",
            "Resident, a process.",
            "bytes",
            (Query(f"process_resident_memory_bytes{{{JOB}}}", "{{instance}}"),),
        ),
    ),
)
LOSS: Final = Row(
    "How long until data is lost?",
    (
        Panel(
            "Time to loss",
            "Until Kafka may delete a record that waits. Infinite: nothing waits.",
            "s",
            (Query(_now(Metric.TIME_TO_LOSS_SECONDS, "min")),),
            Kind.NUMBER,
            width=4,
            red_below=86_400,
        ),
        Panel(
            "Time to loss, by topic",
            "By its retention. Lengthen that first, then mend the cause.",
            "s",
            (Query(_now(Metric.TIME_TO_LOSS_SECONDS, "min by (topic)"), "{{topic}}"),),
            width=12,
        ),
        Panel(
            "What runs",
            "More than one line: members differ in version or settings.",
            "none",
            (
                Query(
                    _now(Metric.BUILD_INFO, "count by (version, configuration)"),
                    "{{version}}, settings {{configuration}}",
                ),
            ),
        ),
    ),
)
ROWS: Final = (FLOWING, LATE, REFUSED, SEEK, BOTTLENECK, LOSS)


def asked(query: Query, job: str, rate_interval: str) -> str:
    """The query as Grafana sends it, with its variables filled in."""
    return query.expr.replace("$job", job).replace("$__rate_interval", rate_interval)
