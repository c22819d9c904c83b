"""Each alert fires when it should, and not when it should not: by promtool."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import pytest
import yaml

from consumer.adapters.telemetry.names import Metric
from tests.ops.rendering import DEPLOY, one, resources_of
from tests.ops.tools import Tools

pytestmark = pytest.mark.ops

ALERTS: Final = DEPLOY / "prometheus" / "alerts.yaml"
MINUTES: Final = 120
"""Of made-up history, one sample a minute; judged at its end."""


class Case(NamedTuple):
    alert: str
    fires: bool
    series: dict[str, str]
    """By name and labels, in promtool's notation."""


def fires(alert: str, series: dict[str, str]) -> Case:
    return Case(alert, fires=True, series=series)


def quiet(alert: str, series: dict[str, str]) -> Case:
    return Case(alert, fires=False, series=series)


def _steady(value: float) -> str:
    return f"{value}x{MINUTES}"


def _growing(step: float) -> str:
    return f"0+{step}x{MINUTES}"


def _once() -> str:
    """A counter that rose five minutes before the end."""
    return f"0x{MINUTES - 5} 1x5"


AGE: Final = 'seek_signals_oldest_unsettled_age_seconds{topic="t",partition="0"}'
LOSS: Final = 'seek_signals_time_to_loss_seconds{topic="t",partition="0"}'
OTHER_LOSS: Final = 'seek_signals_time_to_loss_seconds{topic="t",partition="1"}'
LETTERS_LOSS: Final = 'seek_signals_time_to_loss_seconds{topic="g.dlq",partition="0"}'
ACCEPTED: Final = 'seek_signals_records_accepted_total{type="x"}'
CONSUMED: Final = 'seek_signals_records_consumed_total{topic="t"}'
BURIED: Final = 'seek_signals_records_dead_lettered_total{topic="t",stage="map",reason="bad_time"}'
SKIPPED: Final = 'seek_signals_records_skipped_total{topic="t",reason="not_from_seek"}'
TOMBSTONES: Final = 'seek_signals_records_skipped_total{topic="t",reason="tombstone"}'
GOOD: Final = 'seek_signals_requests_total{outcome="accepted",code="none"}'
THROTTLED: Final = 'seek_signals_requests_total{outcome="throttled",code="none"}'
STILL: Final = 'seek_signals_partition_standstill_seconds{topic="t",partition="3"}'
SHUT: Final = 'seek_signals_flood_guard_shut{topic="t",stage="decode"}'
EXPIRY: Final = "seek_signals_token_expiry_timestamp_seconds"
LATER: Final = MINUTES * 60 + 600
"""Ten minutes after the time that is judged."""
MEMBER: Final = "seek_signals_group_member"
PENDING: Final = "seek_signals_pending_records"
NOT_WRITTEN: Final = 'seek_signals_dead_letter_failures_total{code="TOPIC_AUTHORIZATION_FAILED"}'
AT_FAULT: Final = 'seek_signals_batches_at_fault_total{fault="server_fault"}'
REFUSED: Final = 'seek_signals_commit_failures_total{code="rebalance_in_progress"}'
COMMITS: Final = "seek_signals_commits_total"
UNKNOWN: Final = 'seek_signals_unknown_codes_total{code="other"}'


def _hold(reason: str) -> str:
    return f'seek_signals_hold{{reason="{reason}"}}'


def _of(instance: str, metric: str) -> str:
    return f'{metric}{{instance="{instance}"}}'


def _other_job(metric: str) -> str:
    name, _, labels = metric.partition("{")
    return f'{name}{{job="another-group",{labels or "}"}'


def _until_an_hour_ago(value: float) -> str:
    return f"{value}x{MINUTES - 60}"


DAY: Final = 86_400
UNKNOWN_LOSS: Final = " ".join(["NaN"] * MINUTES)
INFINITE: Final = " ".join(["+Inf"] * MINUTES)
KNOWN_UNTIL_LATELY: Final = f"{DAY}x{MINUTES - 5} NaN NaN NaN NaN NaN"
CASES: Final = (
    fires("SeekSignalsGone", {}),
    fires("SeekSignalsGone", {MEMBER: _steady(0)}),
    quiet("SeekSignalsGone", {MEMBER: _steady(1)}),
    quiet("SeekSignalsGone", {_of("a", MEMBER): _steady(0), _of("b", MEMBER): _steady(1)}),
    quiet("SeekSignalsGone", {_other_job(MEMBER): _steady(1), MEMBER: _steady(1)}),
    fires("SeekSignalsNothingAccepted", {ACCEPTED: _steady(7), AGE: _growing(60)}),
    quiet("SeekSignalsNothingAccepted", {ACCEPTED: _growing(7), AGE: _growing(60)}),
    quiet("SeekSignalsNothingAccepted", {ACCEPTED: _steady(7), AGE: _steady(1)}),
    fires("SeekSignalsLate", {AGE: _steady(1000)}),
    quiet("SeekSignalsLate", {AGE: _steady(800)}),
    fires("SeekSignalsLossInADay", {LOSS: _steady(DAY / 2), AGE: _steady(5000)}),
    quiet("SeekSignalsLossInADay", {LOSS: _steady(DAY * 3), AGE: _steady(5000)}),
    quiet("SeekSignalsLossInADay", {LOSS: _steady(DAY / 2), AGE: _steady(5)}),
    fires("SeekSignalsLossInADay", {LETTERS_LOSS: _steady(DAY / 2)}),
    quiet("SeekSignalsLossInADay", {LETTERS_LOSS: _steady(DAY * 3), AGE: _steady(5000)}),
    quiet("SeekSignalsLossInADay", {LETTERS_LOSS: UNKNOWN_LOSS}),
    fires("SeekSignalsLossInFourHours", {LETTERS_LOSS: _steady(3600)}),
    quiet("SeekSignalsLossInFourHours", {LETTERS_LOSS: _steady(DAY / 2)}),
    fires("SeekSignalsLossInFourHours", {LOSS: _steady(3600), AGE: _steady(5000)}),
    quiet("SeekSignalsLossInFourHours", {LOSS: _steady(DAY / 2), AGE: _steady(5000)}),
    fires("SeekSignalsLossNotKnown", {LOSS: UNKNOWN_LOSS, OTHER_LOSS: _steady(DAY * 3)}),
    fires("SeekSignalsLossNotKnown", {LETTERS_LOSS: UNKNOWN_LOSS}),
    quiet("SeekSignalsLossNotKnown", {LOSS: _steady(DAY / 2), OTHER_LOSS: INFINITE}),
    quiet("SeekSignalsLossNotKnown", {LOSS: KNOWN_UNTIL_LATELY}),
    *(fires("SeekSignalsHold", {_hold(r): _steady(1)}) for r in ("seek", "registry", "kafka")),
    quiet("SeekSignalsHold", {_hold("seek"): _steady(0)}),
    quiet("SeekSignalsHold", {_hold("seek"): f"0x{MINUTES - 5} 1x5"}),
    fires("SeekSignalsHoldNeedsSomeone", {_hold("offsets"): _steady(1)}),
    fires("SeekSignalsHoldNeedsSomeone", {_hold("dead_letters"): _steady(1)}),
    quiet("SeekSignalsHoldNeedsSomeone", {_hold("seek"): _steady(1)}),
    fires("SeekSignalsAuthFailing", {_hold("auth"): _steady(1)}),
    quiet("SeekSignalsAuthFailing", {_hold("seek"): _steady(1)}),
    fires("SeekSignalsTokenNotRenewed", {EXPIRY: _steady(600), PENDING: _steady(3)}),
    fires(
        "SeekSignalsTokenNotRenewed",
        {EXPIRY: _steady(600), PENDING: _steady(3), _hold("seek"): _steady(0)},
    ),
    quiet("SeekSignalsTokenNotRenewed", {EXPIRY: _steady(LATER), PENDING: _steady(3)}),
    quiet("SeekSignalsTokenNotRenewed", {EXPIRY: _steady(600), PENDING: _steady(0)}),
    quiet(
        "SeekSignalsTokenNotRenewed",
        {EXPIRY: _steady(600), PENDING: _steady(3), _hold("registry"): _steady(1)},
    ),
    quiet(
        "SeekSignalsTokenNotRenewed",
        {
            _of("idle", EXPIRY): _steady(600),
            _of("idle", PENDING): _steady(0),
            _of("busy", EXPIRY): _steady(LATER),
            _of("busy", PENDING): _steady(3),
        },
    ),
    fires("SeekSignalsFlood", {SHUT: _steady(1)}),
    quiet("SeekSignalsFlood", {CONSUMED: _growing(10)}),
    fires("SeekSignalsDeadLetters", {BURIED: _growing(10), CONSUMED: _growing(100)}),
    quiet("SeekSignalsDeadLetters", {BURIED: _growing(1), CONSUMED: _growing(100)}),
    quiet("SeekSignalsDeadLetters", {BURIED: _once(), CONSUMED: _once()}),
    fires("SeekSignalsDeadLettersNotWritable", {NOT_WRITTEN: _growing(2)}),
    quiet("SeekSignalsDeadLettersNotWritable", {NOT_WRITTEN: _steady(2)}),
    fires("SeekSignalsPointerLetters", {"seek_signals_pointer_letters_total": _once()}),
    quiet("SeekSignalsPointerLetters", {"seek_signals_pointer_letters_total": _steady(3)}),
    fires("SeekSignalsHirersApart", {"seek_signals_hirers_apart": _steady(2)}),
    quiet("SeekSignalsHirersApart", {"seek_signals_hirers_apart": _steady(0)}),
    fires("SeekSignalsSickRecords", {"seek_signals_sick_records": _steady(1)}),
    quiet("SeekSignalsSickRecords", {"seek_signals_sick_records": _steady(0)}),
    fires("SeekSignalsPartialOutage", {"seek_signals_partial_outage": _steady(1)}),
    quiet("SeekSignalsPartialOutage", {"seek_signals_partial_outage": _steady(0)}),
    fires("SeekSignalsBatchAtFault", {AT_FAULT: _once()}),
    quiet("SeekSignalsBatchAtFault", {AT_FAULT: _steady(4)}),
    fires("SeekSignalsNotCommitted", {REFUSED: _growing(4), COMMITS: _steady(9)}),
    quiet("SeekSignalsNotCommitted", {REFUSED: _growing(4), COMMITS: _growing(9)}),
    quiet("SeekSignalsNotCommitted", {REFUSED: _steady(4), COMMITS: _steady(9)}),
    fires("SeekSignalsUnknownCode", {UNKNOWN: _once()}),
    quiet("SeekSignalsUnknownCode", {UNKNOWN: _steady(0)}),
    fires("SeekSignalsThrottled", {GOOD: _growing(50), THROTTLED: _growing(50)}),
    quiet("SeekSignalsThrottled", {GOOD: _growing(95), THROTTLED: _growing(5)}),
    fires("SeekSignalsStalledPartition", {STILL: _growing(60)}),
    quiet("SeekSignalsStalledPartition", {STILL: _steady(30)}),
    fires("SeekSignalsNearlyAllSkipped", {SKIPPED: _growing(100), CONSUMED: _growing(100)}),
    quiet("SeekSignalsNearlyAllSkipped", {SKIPPED: _growing(80), CONSUMED: _growing(100)}),
    quiet("SeekSignalsNearlyAllSkipped", {TOMBSTONES: _growing(9), CONSUMED: _growing(9)}),
)

OF_ANOTHER: Final = (
    fires("SeekSignalsGone", {_other_job(MEMBER): _until_an_hour_ago(1), MEMBER: _steady(1)}),
    fires("SeekSignalsGone", {_other_job(MEMBER): _steady(0), MEMBER: _steady(1)}),
    fires("SeekSignalsLate", {_other_job(AGE): _steady(1000), MEMBER: _steady(1)}),
    fires("SeekSignalsFlood", {_other_job(SHUT): _steady(1), MEMBER: _steady(1)}),
)
"""Of a group beside ours."""


def _rules() -> list[dict[str, Any]]:
    groups = cast("dict[str, Any]", yaml.safe_load(ALERTS.read_text()))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _with_job(series: str) -> str:
    """As the chart's ServiceMonitor would have it scraped."""
    name, _, labels = series.partition("{")
    job = "" if labels.startswith("job=") else 'job="seek-signals",'
    return f'{name}{{namespace="default",{job}{labels or "}"}'


def _unit_test(case: Case) -> dict[str, Any]:
    firing = f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}}) or vector(0)'
    expected = [{"labels": "{}", "value": int(case.fires)}]
    return {
        "name": f"{case.alert} {'fires' if case.fires else 'is quiet'}: {case.series}",
        "interval": "1m",
        "input_series": [{"series": _with_job(s), "values": v} for s, v in case.series.items()],
        "promql_expr_test": [
            {"expr": firing, "eval_time": f"{MINUTES}m", "exp_samples": expected},
        ],
    }


def _judged(tools: Tools, folder: Path, cases: Iterable[Case], rules: Path = ALERTS) -> str:
    """What promtool has against it; empty when all is as expected."""
    file = folder / "alerts_test.yaml"
    tests = [_unit_test(case) for case in cases]
    content = {"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}
    file.write_text(yaml.safe_dump(content))
    run = subprocess.run(  # noqa: S603 -- promtool on our rules
        [str(tools.promtool), "test", "rules", str(file)],
        check=False,
        capture_output=True,
        text=True,
    )
    return "" if run.returncode == 0 else run.stdout + run.stderr


def test_every_alert_fires_and_is_quiet_when_it_should(tools: Tools, tmp_path: Path) -> None:
    assert _judged(tools, tmp_path, (*CASES, *OF_ANOTHER)) == ""


def test_the_chart_s_rules_are_the_same_for_its_own_release_only(
    tools: Tools, tmp_path: Path
) -> None:
    """Two releases with rules must not both tell of each other."""
    resource = one(resources_of(tools, "everything"), "PrometheusRule")
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump(resource["spec"]))
    of_no_concern = [case._replace(fires=False) for case in OF_ANOTHER]
    assert _judged(tools, tmp_path, (*CASES, *of_no_concern), rules) == ""


def test_rules_without_a_service_monitor_are_for_every_job(tools: Tools) -> None:
    """How their jobs are named is not known then."""
    values = "monitoring.prometheusRule=true,monitoring.runbook=RUNBOOK.md"
    resource = one(resources_of(tools, "default", "--set", values), "PrometheusRule")
    assert resource["spec"] == yaml.safe_load(ALERTS.read_text())


def test_a_wrong_expectation_would_be_seen(tools: Tools, tmp_path: Path) -> None:
    wrong = quiet("SeekSignalsLate", {AGE: _steady(1000)})
    assert "SeekSignalsLate" in _judged(tools, tmp_path, (wrong,))


def test_no_alert_is_without_a_case_of_either_kind() -> None:
    names = {rule["alert"] for rule in _rules()}
    assert {case.alert for case in CASES if case.fires} == names
    assert {case.alert for case in CASES if not case.fires} == names


def test_every_alert_says_how_grave_it_is_and_where_to_read_on() -> None:
    runbook = (DEPLOY / "RUNBOOK.md").read_text()
    headings = {
        line.lstrip("# ").strip().lower().replace(" ", "-").replace("`", "").replace(":", "")
        for line in runbook.splitlines()
        if line.startswith("#")
    }
    for rule in _rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        reasons = ["seek", "registry", "kafka", "offsets", "dead_letters"]
        anchors = [anchor.replace("{{ $labels.reason }}", reason) for reason in reasons]
        assert page == "RUNBOOK.md"
        assert set(anchors) <= headings


def test_alerts_ask_for_metrics_that_exist() -> None:
    names = {metric.value for metric in Metric}
    for rule in _rules():
        for word in _words(rule["expr"]):
            assert word.removesuffix("_total") in names


def _words(expression: str) -> set[str]:
    words = "".join(c if c.isalnum() or c == "_" else " " for c in expression).split()
    return {word for word in words if word.startswith("seek_signals_")}
