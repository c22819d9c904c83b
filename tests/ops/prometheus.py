"""A real Prometheus for as long as a block: scrapes one service, with the alerts loaded."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import yaml

from tests.ops.console import NAME as CONSOLE
from tests.ops.console import console
from tests.ops.tools import Tools
from tests.testbed import BrokenTestBedError
from tests.testbed.ports import free_port
from tests.testbed.processes import children

ALERTS: Final = Path(__file__).parents[2] / "deploy" / "prometheus" / "alerts.yaml"
JOB: Final = "seek-signals"
START_WITHIN_S: Final = 60.0
GLANCE_S: Final = 0.1
ANSWER_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that listens on 127.0.0.1."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def series(self, expr: str, seconds: float, step_s: float = 1.0) -> list[dict[str, Any]]:
        """What the expression gave in the last `seconds`: of each series its labels
        (`metric`) and `values`, pairs of time and number, the number as text."""
        now_s = time.time()
        asked = {"query": expr, "start": now_s - seconds, "end": now_s, "step": step_s}
        found: list[dict[str, Any]] = self._get("query_range", asked)["result"]
        return found

    def targets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("targets")["activeTargets"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    @property
    def console_url(self) -> str:
        return f"{self.url}/consoles/{CONSOLE}"

    def is_ready(self) -> bool:
        try:
            return self.page("/-/ready")[0] == HTTPStatus.OK
        except (OSError, HTTPException):
            return False

    def page(self, path: str) -> tuple[int, str]:
        """Status and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _get(self, what: str, asked: Mapping[str, object] | None = None) -> dict[str, Any]:
        answer = json.loads(self.page(f"/api/v1/{what}?{urlencode(asked or {})}")[1])
        if answer["status"] != "success":
            msg = f"{what} {asked}: {answer}"
            raise BrokenTestBedError(msg)
        data: dict[str, Any] = answer["data"]
        return data


@contextmanager
def running_prometheus(
    tools: Tools, folder: Path, target_port: int, *, port: int = 0, every_s: int = 1
) -> Iterator[Prometheus]:
    """Scrapes 127.0.0.1:`target_port` as the job `seek-signals`; its data goes into `folder`."""
    port = port or free_port()
    config, consoles = folder / "prometheus.yaml", folder / "consoles"
    config.write_text(yaml.safe_dump(_config(target_port, every_s)))
    consoles.mkdir()
    (consoles / CONSOLE).write_text(console(JOB, f"{max(10, 4 * every_s)}s"))
    command = [
        str(tools.prometheus),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.console.templates={consoles}",
    ]
    with children() as family:
        process = family.child("prometheus", command, folder / "prometheus.log")
        process.launch()
        running = Prometheus(port)
        deadline_s = time.monotonic() + START_WITHIN_S
        while not running.is_ready():
            process.fail_unless_alive()
            if time.monotonic() > deadline_s:
                msg = f"prometheus is not ready:\n{process.last_words()}"
                raise BrokenTestBedError(msg)
            time.sleep(GLANCE_S)  # It starts in another process.
        yield running
        process.stop()


def _config(target_port: int, every_s: int) -> dict[str, object]:
    every = f"{every_s}s"
    return {
        "global": {
            "scrape_interval": every,
            "scrape_timeout": every,
            "evaluation_interval": every,
        },
        "rule_files": [str(ALERTS)],
        "scrape_configs": [
            {"job_name": JOB, "static_configs": [{"targets": [f"127.0.0.1:{target_port}"]}]}
        ],
    }
