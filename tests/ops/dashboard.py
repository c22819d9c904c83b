"""Prints the dashboard as Grafana imports it. Runs in the environment of the ops tools:
`make manifests` calls it.
"""

from __future__ import annotations

import itertools
import sys
from typing import Final

from grafana_foundation_sdk.builders import common as common_builder
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model

from consumer.adapters.telemetry.names import Metric
from tests.ops.asking import Kind, Panel, Query
from tests.ops.panels import ROWS

SOURCE: Final = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
HEIGHT: Final = 7
MAKERS: Final = {
    Kind.LINES: timeseries.Panel,
    Kind.NUMBER: stat.Panel,
    Kind.STATES: statetimeline.Panel,
}


def dashboard() -> model.Dashboard:
    page = (
        build.Dashboard("SEEK signals")
        .uid("seek-signals")
        .description("From your status changes to SEEK's acceptance: one page for whoever is paged")
        .tags(["seek-signals"])
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(
            build.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
        )
        .with_variable(
            build.QueryVariable("job")
            .label("Job")
            .datasource(SOURCE)
            .query(f"label_values({Metric.GROUP_MEMBER}, job)")
            .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        )
    )
    numbers = itertools.count(1)
    for row in ROWS:
        page.with_row(build.Row(row.question).id(next(numbers)))
        for panel in row.panels:
            page.with_panel(_panel(panel).id(next(numbers)))
    return page.build()


def _panel(panel: Panel) -> timeseries.Panel | stat.Panel | statetimeline.Panel:
    made = (
        MAKERS[panel.kind]()
        .title(panel.title)
        .description(panel.tells)
        .datasource(SOURCE)
        .unit(panel.unit)
        .span(panel.width)
        .height(HEIGHT)
        .thresholds(_thresholds(panel))
    )
    for number, query in enumerate(panel.queries):
        made.with_target(_target(query, chr(ord("A") + number)))
    if panel.kind is Kind.LINES:
        made.show_points(common.VisibilityMode.NEVER).fill_opacity(8).axis_soft_min(0)
    if panel.kind is Kind.NUMBER:
        calculated = common_builder.ReduceDataOptions().calcs(["lastNotNull"])
        made.reduce_options(calculated).graph_mode(common.BigValueGraphMode.AREA)
    return made


def _target(query: Query, ref_id: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(ref_id)


def _thresholds(panel: Panel) -> build.ThresholdsConfig:
    if panel.kind is Kind.STATES:
        steps = [(None, "green"), (1.0, "red")]
    elif panel.red_from is not None:
        steps = [(None, "green"), (panel.red_from, "red")]
    elif panel.red_below is not None:
        steps = [(None, "red"), (panel.red_below, "green")]
    else:
        steps = [(None, "green")]
    levels = [model.Threshold(value=value, color=color) for value, color in steps]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(levels)


if __name__ == "__main__":
    sys.stdout.write(JSONEncoder(sort_keys=True, indent=2).encode(dashboard()) + "\n")
