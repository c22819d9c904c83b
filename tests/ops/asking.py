"""The words of the dashboard: panels, their queries, and how a query asks. Pure: no Grafana.

`$job` is chosen at the top of the page: one job is one consumer group.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


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


def now(metric: str, aggregate: str = "sum", labels: str = "") -> str:
    return f"{aggregate} ({metric}{{{_with_job(labels)}}})"


def unknown(gauge: str) -> str:
    """How many series are NaN, the one number that differs from itself."""
    series = f"{gauge}{{{JOB}}}"
    return f"sum ({series} != bool {series})"


def rate(counter: str, aggregate: str = "sum", labels: str = "") -> str:
    return f"{aggregate} (rate({counter}_total{{{_with_job(labels)}}}[$__rate_interval]))"


def quantiles(histogram: str) -> tuple[Query, ...]:
    buckets = f"sum by (le) (rate({histogram}_bucket{{{JOB}}}[$__rate_interval]))"
    return tuple(
        Query(f"histogram_quantile({q}, {buckets})", f"{q:.0%} of requests") for q in QUANTILES
    )


def _with_job(labels: str) -> str:
    return f"{JOB}, {labels}" if labels else JOB


def asked(query: Query, job: str, rate_interval: str) -> str:
    """The query as Grafana sends it, with its variables filled in."""
    return query.expr.replace("$job", job).replace("$__rate_interval", rate_interval)
