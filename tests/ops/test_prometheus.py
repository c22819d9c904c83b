"""A real Prometheus scrapes a real run: each query of the dashboard, and each series that an
alert asks for, finds data.

The run meets all that makes a series appear: refusals, an outage, throttling, a dead-letter
topic that is not there for a while, a flood of poison.
"""

from __future__ import annotations

import itertools
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import pytest
import yaml
from confluent_kafka.admin import AdminClient

from consumer.demo.expectations import Kind
from consumer.demo.stream import believable_stream
from tests.faults.scene import REFUSALS, Scene, scene
from tests.faults.service import service
from tests.integration.outages.watching import Watch
from tests.ops.asking import asked
from tests.ops.console import NAME as CONSOLE
from tests.ops.panels import ROWS
from tests.ops.prometheus import ALERTS, JOB, Prometheus, running_prometheus
from tests.ops.tools import Tools
from tests.testbed import create_topics, free_port, running_kafka, running_registry, write_all

pytestmark = pytest.mark.ops

PATIENCE_S: Final = 120.0
GLANCE_S: Final = 0.25
RUN_S: Final = 600.0
"""Longer than the run: what appeared once was there."""
RATE_INTERVAL: Final = "10s"
TROUBLE: Final[tuple[dict[str, object], ...]] = (
    {"fault": "status", "status": 503, "requests": 3},
    {"fault": "status", "status": 429, "retryAfterS": 0.1, "requests": 3},
    *REFUSALS,
)
SELECTOR: Final = re.compile(r"seek_signals_\w+(?:\{[^}]*\})?")


class _Run:
    def __init__(self, it: Scene, watch: Watch, prometheus: Prometheus) -> None:
        self.it, self.watch, self.prometheus = it, watch, prometheus

    def until(self, condition: Callable[[], bool], what: str) -> None:
        self.watch.process.until(condition, what)

    def eventful(self) -> None:
        """Everything that a series waits for."""
        self.until(lambda: self.watch.is_ready, "a member of the group")
        # What grew before the first scrape has no rate, and it comes seconds after the start.
        self.until(lambda: bool(self.prometheus.series("up == 1", RUN_S)), "a scrape")
        letters = f"{self.it.group}.dlq"
        admin = AdminClient(self.it.kafka.client_config())
        admin.delete_topics([letters])[letters].result(PATIENCE_S)
        self.it.sandbox.set_faults(TROUBLE)
        now_ms = time.time_ns() // 1_000_000
        events = believable_stream(seed=6, events=600, now_ms=now_ms)
        self.it.publisher.publish(events[:100])
        # On a busy machine all requests could be over between two scrapes, and none grow.
        seen = "seek_signals_request_duration_seconds_count"
        self.until(lambda: bool(self.prometheus.series(seen, RUN_S)), "requests in a scrape")
        self.it.publisher.publish(events[100:])
        failures = "seek_signals_dead_letter_failures_total"
        self.until(lambda: self.watch.value(failures) >= 2, "a letter that cannot be written")
        create_topics(self.it.kafka, {letters: 6})
        self.until(lambda: self.watch.value("seek_signals_hold") == 0, "the end of all holds")
        garbage = [(None, b"{no Avro}")] * 200
        write_all(self.it.kafka, self.it.topics[Kind.APPLICATION_COMPLETED], garbage)
        shut = "seek_signals_flood_guard_shut"
        self.until(lambda: self.watch.value(shut) == 1, "the flood guard shut")

    def until_all_have_data(self, expressions: Iterable[str]) -> None:
        wanted = set(expressions)
        deadline_s = time.monotonic() + PATIENCE_S
        while wanted and time.monotonic() < deadline_s:
            wanted = self.without_data(wanted)
            time.sleep(GLANCE_S)  # The survey of Kafka's logs is made four times a minute.
        assert wanted == set()

    def without_data(self, expressions: Iterable[str]) -> set[str]:
        """Those that gave no number at any time of the run."""
        return {each for each in expressions if not self._has_data(each)}

    def _has_data(self, expression: str) -> bool:
        found = self.prometheus.series(expression, RUN_S)
        samples = itertools.chain.from_iterable(series["values"] for series in found)
        return any(not math.isnan(float(value)) for _, value in samples)


@pytest.fixture(scope="module")
def run(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Run]:
    folder, port = tmp_path_factory.mktemp("run"), free_port()
    with (
        running_kafka() as kafka,
        running_registry() as registry,
        scene(kafka, registry, folder, latency_s=0.05) as it,
        service(_settings(it, port), folder / "service.log") as process,
        running_prometheus(tools, folder, port) as prometheus,
    ):
        it_runs = _Run(it, Watch(process, port), prometheus)
        it_runs.eventful()
        yield it_runs


def _settings(it: Scene, port: int) -> dict[str, str]:
    return it.environment(
        SEEK_SIGNALS_HTTP_PORT=str(port),
        SEEK_SIGNALS_BATCH_SIZE="20",
        SEEK_SIGNALS_HOLD_BASE_S="0.2",
        SEEK_SIGNALS_HOLD_MAX_S="1",
        SEEK_SIGNALS_FLOOD_WINDOW="50",
        SEEK_SIGNALS_FLOOD_MIN="20",
        KAFKA_SESSION_TIMEOUT_MS="30000",
        KAFKA_TOPIC_METADATA_PROPAGATION_MAX_MS="1000",  # How long an unknown topic is asked for.
    )


def _rules() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_panel_of_the_dashboard_has_data(run: _Run) -> None:
    wanted = {
        asked(query, JOB, RATE_INTERVAL)
        for row in ROWS
        for panel in row.panels
        for query in panel.queries
    }
    assert len(wanted) > 40
    run.until_all_have_data(wanted)


def test_every_series_that_an_alert_asks_for_is_there(run: _Run) -> None:
    """Whole expressions give nothing while all is well: test_alerts.py judges them."""
    wanted = {found for rule in _rules() for found in SELECTOR.findall(rule["expr"])}
    assert len(wanted) > 20
    run.until_all_have_data(wanted)


def test_an_expression_without_data_would_be_seen(run: _Run) -> None:
    assert run.without_data(["seek_signals_hold{reason='boredom'}"])


def test_the_service_is_scraped_and_no_rule_fails(run: _Run) -> None:
    run.until(lambda: run.prometheus.targets()[0]["health"] == "up", "scraped")
    assert [target["lastError"] for target in run.prometheus.targets()] == [""]
    run.until(
        lambda: all(rule["health"] == "ok" for rule in run.prometheus.rules()), "all rules judged"
    )
    assert {rule["name"] for rule in run.prometheus.rules()} == {r["alert"] for r in _rules()}


def test_what_goes_wrong_raises_its_alert(run: _Run) -> None:
    def raised() -> set[str]:
        return {rule["name"] for rule in run.prometheus.rules() if rule["state"] != "inactive"}

    run.until(lambda: "SeekSignalsFlood" in raised(), "the flood's alert")
    assert "SeekSignalsGone" not in raised()


def test_a_page_of_its_own_shows_the_dashboard_without_grafana(run: _Run) -> None:
    status, page = run.prometheus.page(f"/consoles/{CONSOLE}")
    assert status == 200, page
    assert "Who is the bottleneck?" in page
    assert "{{" not in page
    assert "SeekSignalsFlood" in page
