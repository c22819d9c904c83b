"""What the dashboard asks, in the order of the page: one page for whoever was paged, as six
questions.
"""

from __future__ import annotations

from typing import Final

from consumer.adapters.telemetry.names import Metric
from tests.ops.asking import Kind, Panel, Query, Row, now, quantiles, rate, unknown
from tests.ops.panels_of_requests import BOTTLENECK, SEEK

FLOWING: Final = Row(
    "Are signals flowing?",
    (
        Panel(
            "Members at work",
            "Processes that their group has taken in.",
            "none",
            (Query(now(Metric.GROUP_MEMBER)),),
            Kind.NUMBER,
            width=4,
            red_below=1,
        ),
        Panel(
            "Accepted",
            "Signals a second that SEEK accepted.",
            "cps",
            (Query(rate(Metric.RECORDS_ACCEPTED)),),
            Kind.NUMBER,
            width=4,
        ),
        Panel(
            "Signals and records a second",
            "What is read ends accepted, skipped or as a dead letter. A gap between them is lag.",
            "cps",
            (
                Query(rate(Metric.RECORDS_CONSUMED), "read"),
                Query(rate(Metric.RECORDS_ACCEPTED), "accepted"),
                Query(rate(Metric.RECORDS_SKIPPED), "skipped"),
                Query(rate(Metric.RECORDS_DEAD_LETTERED), "dead letters"),
            ),
        ),
        Panel(
            "Holds",
            "Red: for this reason nothing, or nothing of one topic, is sent. Nothing is lost.",
            "none",
            (Query(now(Metric.HOLD, "max by (reason)"), "{{reason}}"),),
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
            (Query(now(Metric.OLDEST_UNSETTLED_AGE_SECONDS, "max")),),
            Kind.NUMBER,
            width=4,
            red_from=900,
        ),
        Panel(
            "Records behind",
            "From the committed offset to the end of the log.",
            "short",
            (Query(now(Metric.CONSUMER_LAG)),),
            Kind.NUMBER,
            width=4,
        ),
        Panel(
            "From event to acceptance",
            "Of the oldest event of each request, by the times in the events.",
            "s",
            quantiles(Metric.END_TO_END_SECONDS),
        ),
        Panel(
            "Oldest record that waits, by topic",
            "One topic alone: see whether it is held. All: see who is the bottleneck.",
            "s",
            (Query(now(Metric.OLDEST_UNSETTLED_AGE_SECONDS, "max by (topic)"), "{{topic}}"),),
        ),
        Panel(
            "Lag by topic",
            "Records from the committed offset to the end of the log.",
            "short",
            (Query(now(Metric.CONSUMER_LAG, "sum by (topic)"), "{{topic}}"),),
            width=12,
        ),
        Panel(
            "Partitions that stand still",
            "Since the committed offset last moved while there is more; the five worst.",
            "s",
            (
                Query(
                    f"topk(5, {now(Metric.PARTITION_STANDSTILL_SECONDS, 'max by (topic, partition)')})",  # noqa: E501 -- one expression
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
                    f"{rate(Metric.RECORDS_DEAD_LETTERED, 'sum by (stage, reason)')} > 0",
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
                    f"{rate(Metric.RECORDS_SKIPPED, 'sum by (topic, reason)')} > 0",
                    "{{topic}}: {{reason}}",
                ),
            ),
        ),
        Panel(
            "Doubtful, sent all the same",
            "token_expired: SEEK does not say so, the signal has no effect; near: within 14 days.",
            "cps",
            (Query(rate(Metric.WARNINGS, "sum by (reason)"), "{{reason}}"),),
        ),
        Panel(
            "Set apart",
            "Hirers that SEEK forbids; records that make SEEK fail while others pass.",
            "none",
            (
                Query(now(Metric.HIRERS_APART, "max"), "hirers apart"),
                Query(now(Metric.SICK_RECORDS), "sick records"),
                Query(now(Metric.PARTIAL_OUTAGE, "max"), "partial outage"),
            ),
        ),
        Panel(
            "Flood guard",
            "Records that wait since nearly all of their topic is refused at one stage.",
            "short",
            (
                Query(
                    now(Metric.FLOOD_HELD_RECORDS, "sum by (topic, stage)"),
                    "{{topic}} at {{stage}}",
                ),
            ),
        ),
        Panel(
            "Dead letters not written",
            "Tried again until Kafka takes them; their partitions wait.",
            "cps",
            (
                Query(rate(Metric.DEAD_LETTER_FAILURES, "sum by (code)"), "{{code}}"),
                Query(rate(Metric.POINTER_LETTERS), "written without their value"),
            ),
        ),
    ),
)
LOSS: Final = Row(
    "How long until data is lost?",
    (
        Panel(
            "Time to loss",
            "Until Kafka may delete a record that waits, of those known. Infinite: nothing waits.",
            "s",
            (Query(now(Metric.TIME_TO_LOSS_SECONDS, "min")),),
            Kind.NUMBER,
            width=4,
            red_below=86_400,
        ),
        Panel(
            "Time to loss not known",
            "Partitions. A right is missing, or Kafka cannot be asked.",
            "none",
            (Query(unknown(Metric.TIME_TO_LOSS_SECONDS)),),
            Kind.NUMBER,
            width=4,
            red_from=1,
        ),
        Panel(
            "Time to loss, by topic",
            "By its retention. Lengthen that first, then mend the cause.",
            "s",
            (Query(now(Metric.TIME_TO_LOSS_SECONDS, "min by (topic)"), "{{topic}}"),),
        ),
        Panel(
            "Age of the survey",
            "Since Kafka was last asked about all logs; from two minutes on nothing is known.",
            "s",
            (Query(now(Metric.SURVEY_AGE_SECONDS, "max")),),
        ),
        Panel(
            "What runs",
            "More than one line: members differ in version or settings.",
            "none",
            (
                Query(
                    now(Metric.BUILD_INFO, "count by (version, configuration)"),
                    "{{version}}, settings {{configuration}}",
                ),
            ),
        ),
    ),
)
ROWS: Final = (FLOWING, LATE, REFUSED, SEEK, BOTTLENECK, LOSS)
