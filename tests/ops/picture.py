"""`python -m tests.ops.picture`: the dashboard as a picture, from data of a real run.

Grafana itself is not needed: Prometheus answers the panels' own queries, matplotlib draws them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.ops.asking import Panel, asked
from tests.ops.observe import SCRAPE_EVERY_S, observed_demo
from tests.ops.panels import ROWS
from tests.ops.prometheus import JOB, Prometheus
from tests.ops.rendering import DEPLOY, ROOT
from tests.ops.tools import Tools

PICTURE: Final = DEPLOY / "grafana" / "seek-signals.png"
MINUTES: Final = 3.0
RATE_INTERVAL: Final = f"{5 * SCRAPE_EVERY_S}s"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="seek-signals-picture-") as folder:
        begun_s = time.monotonic()
        with observed_demo(MINUTES, Path(folder), port=0) as (prometheus, demo):
            code = demo.wait()
            rows = _rows(prometheus, time.monotonic() - begun_s)
    if code:
        sys.exit(f"the demo ended with exit code {code}: no picture")
    command = [str(Tools().program("python")), "-m", "tests.ops.drawing", str(PICTURE)]
    subprocess.run(command, check=True, cwd=ROOT, input=json.dumps(rows), text=True)  # noqa: S603 -- our own module
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)} drawn\n")


def _rows(prometheus: Prometheus, seconds: float) -> list[dict[str, Any]]:
    return [
        {
            "question": row.question,
            "panels": [
                panel._asdict() | {"series": _series(prometheus, panel, seconds)}
                for panel in row.panels
            ],
        }
        for row in ROWS
    ]


def _series(prometheus: Prometheus, panel: Panel, seconds: float) -> list[dict[str, Any]]:
    return [
        {"legend": _filled(query.legend, found["metric"]), "values": found["values"]}
        for query in panel.queries
        for found in prometheus.series(
            asked(query, JOB, RATE_INTERVAL), seconds, step_s=SCRAPE_EVERY_S
        )
    ]


def _filled(legend: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), legend)


if __name__ == "__main__":
    main()
