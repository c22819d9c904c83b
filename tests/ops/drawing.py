"""Draws what the dashboard's queries gave, as a picture of the page. Runs in the environment of
the ops tools: `python -m tests.ops.picture` calls it, with JSON on its standard input.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import matplotlib as mpl
import matplotlib.dates
import matplotlib.figure

from tests.ops.asking import Kind

WIDTH_IN: Final = 15.0
ROW_IN: Final = 2.1
HEADING_IN: Final = 0.45
GREY: Final = "#777777"
ROOM_FOR_LEGEND: Final = 1.6
TWO_DAYS_S: Final = 172_800
RED: Final = "#c4162a"
GREEN: Final = "#37872d"


def main() -> None:
    mpl.use("svg")
    mpl.rcParams.update({"font.size": 7, "axes.titlesize": 8, "svg.hashsalt": "seek-signals"})
    rows: list[dict[str, Any]] = json.load(sys.stdin)
    shelves = [(row["question"], _shelves(row["panels"])) for row in rows]
    height_in = sum(HEADING_IN + ROW_IN * len(lines) for _, lines in shelves)
    figure = mpl.figure.Figure(figsize=(WIDTH_IN, height_in), facecolor="white")
    top_in = height_in
    for question, lines in shelves:
        top_in -= HEADING_IN
        figure.text(0.012, (top_in + 0.1) / height_in, question, fontsize=11, weight="bold")
        for panels in lines:
            top_in -= ROW_IN
            _draw_shelf(figure, panels, top_in / height_in, ROW_IN / height_in)
    figure.savefig(sys.argv[1], dpi=75)


def _shelves(panels: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """As Grafana lays them out: from the left while there is room of 24."""
    shelves: list[list[dict[str, Any]]] = [[]]
    for panel in panels:
        if sum(it["width"] for it in shelves[-1]) + panel["width"] > 24:
            shelves.append([])
        shelves[-1].append(panel)
    return shelves


def _draw_shelf(
    figure: mpl.figure.Figure, panels: list[dict[str, Any]], bottom: float, height: float
) -> None:
    left = 0.0
    for panel in panels:
        width = panel["width"] / 24
        place = (left + 0.035, bottom + height * 0.2, width - 0.05, height * 0.62)
        _draw(figure.add_axes(place), panel)
        left += width


def _draw(axes: Any, panel: dict[str, Any]) -> None:  # noqa: ANN401 -- matplotlib is untyped here
    axes.set_title(panel["title"], loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    if panel["kind"] == Kind.NUMBER:
        _draw_number(axes, panel)
        return
    series = [(it["legend"], *_points(it["values"])) for it in panel["series"]]
    series = [each for each in series if each[1]]
    if not series:
        axes.set_axis_off()
        axes.text(
            0.5, 0.5, "nothing of this kind in this run", color=GREY, ha="center", va="center"
        )
    elif panel["kind"] == Kind.STATES:
        _draw_states(axes, series)
    else:
        _draw_lines(axes, series)


def _points(values: Sequence[tuple[float, str]]) -> tuple[list[datetime], list[float]]:
    """Without what is not known or infinite."""
    kept = [(at_s, float(value)) for at_s, value in values if math.isfinite(float(value))]
    return [datetime.fromtimestamp(at_s, UTC) for at_s, _ in kept], [value for _, value in kept]


def _draw_lines(axes: Any, series: list[Any]) -> None:  # noqa: ANN401 -- as above
    for legend, times, values in series:
        axes.plot(times, values, linewidth=1, label=legend or None)
    highest = max(max(values) for _, _, values in series)
    axes.set_ylim(0, highest * ROOM_FOR_LEGEND or 1)
    _show_time(axes)
    if len(series) > 1 or series[0][0]:
        columns = 1 + (len(series) - 1) // 4
        axes.legend(loc="upper left", fontsize=5.5, frameon=False, ncols=min(columns, 3))


def _draw_states(axes: Any, series: list[Any]) -> None:  # noqa: ANN401 -- as above
    for height, (_, times, values) in enumerate(series):
        colours = [RED if value else GREEN for value in values]
        axes.scatter(times, [height] * len(times), c=colours, marker="s", s=14, linewidths=0)
    axes.set_yticks(range(len(series)), [legend for legend, _, _ in series])
    _show_time(axes)


def _draw_number(axes: Any, panel: dict[str, Any]) -> None:  # noqa: ANN401 -- as above
    """What was known last is what is shown, not what would look better."""
    axes.set_axis_off()
    values = [float(value) for it in panel["series"] for _, value in it["values"]]
    below, above = panel["red_below"], panel["red_from"]
    bad = bool(values) and (
        (below is not None and values[-1] < below) or (above is not None and values[-1] >= above)
    )
    text = _worded(values[-1], panel["unit"]) if values else "no data"
    known = values and not math.isnan(values[-1])
    colour = RED if bad else GREEN if known else GREY
    axes.text(0.5, 0.5, text, color=colour, fontsize=17, ha="center", va="center")


def _worded(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return "not known" if math.isnan(value) else "infinite"
    if unit == "percentunit":
        return f"{value:.0%}"
    if unit == "s" and value >= TWO_DAYS_S:
        return f"{value / 86_400:.1f} days"
    if unit == "s":
        return f"{value:.2g} s" if value < 100 else f"{value / 60:.0f} min"
    return f"{value:.3g}{'/s' if unit == 'cps' else ''}"


def _show_time(axes: Any) -> None:  # noqa: ANN401 -- as above
    axes.grid(visible=True, color="#eeeeee")
    axes.xaxis.set_major_locator(mpl.dates.AutoDateLocator(minticks=3, maxticks=7))
    axes.xaxis.set_major_formatter(mpl.dates.DateFormatter("%H:%M:%S"))


if __name__ == "__main__":
    main()
