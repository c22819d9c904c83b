"""`make observe`, for a fraction of its ten minutes: what a new user sees first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.faults.service import REPOSITORY, glance
from tests.ops.observe import INTERRUPTED
from tests.ops.prometheus import ALERTS, JOB, Prometheus
from tests.ops.tools import Tools
from tests.testbed import free_port

pytestmark = pytest.mark.ops

MINUTES: Final = 0.5
"""The least that the demo publishes for."""
PATIENCE_S: Final = 120.0
ACCEPTED: Final = f'sum(seek_signals_records_accepted_total{{job="{JOB}"}})'


@dataclass(frozen=True, slots=True)
class Observed:
    """The command, its Prometheus, and what it has told."""

    process: subprocess.Popen[bytes]
    prometheus: Prometheus
    output: Path

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline_s, f"never {what}: {self.output.read_text()}"
            assert self.process.poll() is None, f"ended before {what}: {self.output.read_text()}"
            glance()

    def accepted(self) -> float:
        values = [
            v for each in self.prometheus.series(ACCEPTED, PATIENCE_S) for v in each["values"]
        ]
        return max((float(value) for _, value in values), default=0.0)


@contextmanager
def observing(folder: Path) -> Iterator[Observed]:
    """As from a terminal: Ctrl-C would reach all of its processes."""
    port, output = free_port(), folder / "output"
    command = ["-m", "tests.ops.observe", "--minutes", f"{MINUTES:g}", "--port", str(port)]
    with output.open("wb") as told:
        process = subprocess.Popen(  # noqa: S603 -- our own command
            [sys.executable, *command],
            cwd=REPOSITORY,
            stdout=told,
            stderr=told,
            start_new_session=True,
        )
    it = Observed(process, Prometheus(port), output)
    try:
        it.until(it.prometheus.is_ready, "Prometheus is ready")
        it.until(lambda: it.accepted() > 0, "signals accepted")
        yield it
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_url_that_is_printed_leads_to_data_and_to_the_rules(
    tools: Tools, tmp_path: Path
) -> None:
    assert tools.prometheus.exists()  # Fetched before the clock runs.
    with observing(tmp_path) as it:
        known = {
            r["alert"] for g in yaml.safe_load(ALERTS.read_text())["groups"] for r in g["rules"]
        }
        assert {rule["name"] for rule in it.prometheus.rules()} == known
        it.until(lambda: it.prometheus.url in it.output.read_text(), "the URL printed")
        assert it.prometheus.console_url in it.output.read_text()
        assert it.process.wait(PATIENCE_S) == 0, it.output.read_text()
        assert not it.prometheus.is_ready()


def test_ctrl_c_ends_all_of_it(tools: Tools, tmp_path: Path) -> None:
    assert tools.prometheus.exists()  # See above.
    with observing(tmp_path) as it:
        os.killpg(it.process.pid, signal.SIGINT)
        assert it.process.wait(PATIENCE_S) == INTERRUPTED, it.output.read_text()
        assert not it.prometheus.is_ready()
        assert "Traceback" not in it.output.read_text()
