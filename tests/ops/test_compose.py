"""The compose file: what its specification allows, nothing open to others, settings that fit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, cast

import pytest
import yaml

from consumer.sandbox.fault_script import parse_faults
from consumer.settings.load import load_settings
from tests.ops.rendering import DEPLOY
from tests.ops.tools import Tools

pytestmark = pytest.mark.ops

FILE: Final[dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: Final[dict[str, dict[str, Any]]] = FILE["services"]
OURS: Final = {name for name, it in SERVICES.items() if it["image"].startswith("seek-signals:")}


def test_compose_would_take_the_file(tools: Tools) -> None:
    assert tools.compose_faults(json.dumps(FILE)) == ""


def test_a_wrong_compose_file_would_be_seen(tools: Tools) -> None:
    wrong = {**FILE, "services": {"kafka": {"image": "apache/kafka", "ports": 9092}}}
    assert "ports" in tools.compose_faults(json.dumps(wrong))


def test_it_is_all_there() -> None:
    assert sorted(OURS) == ["consumer", "publisher", "sandbox", "topics"]
    assert set(SERVICES) - OURS == {"kafka", "registry", "prometheus", "grafana"}


def test_every_image_is_pinned_by_an_exact_version() -> None:
    versions = {it["image"].rpartition(":")[2].lstrip("v") for it in SERVICES.values()}
    assert all(version.count(".") == 2 for version in versions), versions


def test_nobody_else_on_the_network_can_reach_it() -> None:
    ports = [port for it in SERVICES.values() for port in it.get("ports", [])]
    assert len(ports) >= 6
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_have_the_least_rights(name: str) -> None:
    it = SERVICES[name]
    assert it["user"] == "10001:10001"
    assert it["read_only"] is True
    assert it["cap_drop"] == ["ALL"]
    assert it["security_opt"] == ["no-new-privileges:true"]


def test_what_others_wait_for_says_when_it_is_well() -> None:
    for it in SERVICES.values():
        for name, wait in it.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert SERVICES[name]["healthcheck"]["test"]
            else:
                assert wait["condition"] == "service_completed_successfully"


def test_the_service_takes_its_settings() -> None:
    consumer = SERVICES["consumer"]
    settings = load_settings({k: str(v) for k, v in consumer["environment"].items()}, {})
    assert settings.stopping.drain_s < float(consumer["stop_grace_period"].rstrip("s"))
    # Plain http is for the loopback only, which the two share.
    assert consumer["network_mode"] == "service:sandbox"
    assert f"127.0.0.1:{settings.watching.http_port}" in str(SERVICES["sandbox"]["ports"])


def test_every_file_that_is_mounted_is_there() -> None:
    mounted = [volume for it in SERVICES.values() for volume in it.get("volumes", [])]
    assert len(mounted) >= 7
    for volume in mounted:
        here, mode = volume.partition(":")[0], volume.rpartition(":")[2]
        assert (DEPLOY / here).is_file(), here
        assert mode == "ro"


def test_prometheus_takes_its_configuration(tools: Tools, tmp_path: Path) -> None:
    config = (DEPLOY / "compose" / "prometheus.yaml").read_text()
    here = config.replace("/etc/prometheus/alerts.yaml", str(DEPLOY / "prometheus/alerts.yaml"))
    (tmp_path / "prometheus.yaml").write_text(here)
    run = subprocess.run(  # noqa: S603 -- promtool on our file
        [str(tools.promtool), "check", "config", str(tmp_path / "prometheus.yaml")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_grafana_finds_its_source_and_the_dashboard() -> None:
    folder = DEPLOY / "compose" / "grafana"
    (source,) = yaml.safe_load((folder / "datasources.yaml").read_text())["datasources"]
    assert source["type"] == "prometheus"
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((folder / "dashboards.yaml").read_text())["providers"]
    mounts = cast("list[str]", SERVICES["grafana"]["volumes"])
    assert any(f":{provider['options']['path']}/seek-signals.json:" in mount for mount in mounts)


def test_the_sandbox_takes_its_faults() -> None:
    assert parse_faults(json.loads((DEPLOY / "compose" / "faults.json").read_text()))


def test_what_the_publisher_writes_is_taken(tmp_path: Path) -> None:
    script = [sys.executable, str(DEPLOY / "compose" / "publisher.py"), "--print"]
    environment = {"PUBLISHER_EVENTS_PER_S": "100000"}
    lines: list[str] = []
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True, env=environment) as publisher:  # noqa: S603 -- our own script
        assert publisher.stdout is not None
        lines += (publisher.stdout.readline() for _ in range(700))
        publisher.kill()
    events = tmp_path / "events.ndjson"
    events.write_text("".join(lines))
    command = [sys.executable, "-m", "consumer", "publish", "--dry-run", str(events)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 -- our own command
    assert "700 of 700 lines are good" in run.stdout, run.stderr
    assert sum("seekToken" not in json.loads(line) for line in lines) > 100
    assert any("GARBLED" in line for line in lines)
