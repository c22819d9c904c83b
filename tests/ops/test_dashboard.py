"""The dashboard in `deploy/grafana` is what the generator writes, and can be read by Grafana."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.ops.panels import ROWS
from tests.ops.rendering import DEPLOY, dashboard
from tests.ops.tools import Tools

pytestmark = pytest.mark.ops

COMMITTED = (DEPLOY / "grafana" / "seek-signals.json").read_text()


def _panels() -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = json.loads(COMMITTED)["panels"]
    return panels


def test_the_dashboard_is_what_the_generator_writes(tools: Tools) -> None:
    assert dashboard(tools) == COMMITTED, "make manifests writes it anew"


def test_every_query_is_on_the_page_once() -> None:
    on_page = [target["expr"] for panel in _panels() for target in panel.get("targets", [])]
    wanted = [query.expr for row in ROWS for panel in row.panels for query in panel.queries]
    assert on_page == wanted


def test_datasource_and_job_are_chosen_on_the_page() -> None:
    variables = json.loads(COMMITTED)["templating"]["list"]
    assert [each["name"] for each in variables] == ["datasource", "job"]
    for panel in _panels():
        for target in panel.get("targets", []):
            assert panel["datasource"]["uid"] == "${datasource}"
            assert 'job=~"$job"' in target["expr"]


def test_no_panel_covers_another() -> None:
    places = [panel["gridPos"] for panel in _panels()]
    cells = [
        (x, y)
        for it in places
        for x, y in itertools.product(
            range(it["x"], it["x"] + it["w"]), range(it["y"], it["y"] + it["h"])
        )
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_each_panel_has_a_number_of_its_own_and_says_what_to_read_from_it() -> None:
    numbers = [panel["id"] for panel in _panels()]
    assert len(numbers) == len(set(numbers))
    assert all(panel["description"] for panel in _panels() if panel["type"] != "row")
