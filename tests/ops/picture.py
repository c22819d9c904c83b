"""`python -m tests.ops.picture`: the dashboard as a picture, from data of a real run.

Real Kafka, a sandbox in SEEK's place that is away for a while and then throttles. Grafana itself
is not needed: Prometheus answers the panels' own queries, matplotlib draws them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from consumer.demo.stream import believable_stream
from tests.faults.scene import REFUSALS, Scene, scene
from tests.faults.service import service
from tests.ops.asking import Panel, asked
from tests.ops.panels import ROWS
from tests.ops.prometheus import JOB, Prometheus, running_prometheus
from tests.ops.rendering import DEPLOY, ROOT
from tests.ops.tools import Tools
from tests.testbed import free_port, running_kafka, running_registry

PICTURE: Final = DEPLOY / "grafana" / "seek-signals.png"
SECONDS: Final = 180
EVENTS_A_SECOND: Final = 30
SCRAPE_EVERY_S: Final = 2
RATE_INTERVAL: Final = f"{5 * SCRAPE_EVERY_S}s"
LAST_S: Final = 3.0
"""For what is left; the rates are still those of a service at work."""
WEATHER: Final[Mapping[int, Sequence[dict[str, object]]]] = {
    0: REFUSALS,
    60: ({"fault": "status", "status": 503}, *REFUSALS),
    85: ({"fault": "status", "status": 429, "retryAfterS": 1, "requests": 12}, *REFUSALS),
}
"""What SEEK does from which second on."""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="seek-signals-picture-") as folder:
        begun_s = time.monotonic()
        with _observed(Path(folder)) as (it, prometheus):
            _live(it)
            rows = _rows(prometheus, time.monotonic() - begun_s)
    command = [str(Tools().program("python")), "-m", "tests.ops.drawing", str(PICTURE)]
    subprocess.run(command, check=True, cwd=ROOT, input=json.dumps(rows), text=True)  # noqa: S603 -- our own module
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)} drawn\n")


@contextmanager
def _observed(folder: Path) -> Iterator[tuple[Scene, Prometheus]]:
    tools, port = Tools(), free_port()
    with (
        running_kafka() as kafka,
        running_registry() as registry,
        scene(kafka, registry, folder, latency_s=0.1) as it,
        service(it.environment(SEEK_SIGNALS_HTTP_PORT=str(port)), folder / "service.log"),
        running_prometheus(tools, folder, port, every_s=SCRAPE_EVERY_S) as prometheus,
    ):
        yield it, prometheus


def _live(it: Scene) -> None:
    """Publishes as an ATS would, while SEEK has its weather."""
    now_ms, begun_s = time.time_ns() // 1_000_000, time.monotonic()
    stream = believable_stream(seed=6, events=SECONDS * EVENTS_A_SECOND, now_ms=now_ms)
    for number, event in enumerate(stream):
        second, part = divmod(number, EVENTS_A_SECOND)
        if not part:
            time.sleep(max(0.0, begun_s + second - time.monotonic()))  # The traffic's own pace.
            if second in WEATHER:
                it.sandbox.set_faults(WEATHER[second])
        it.publisher.send(event, number)
    time.sleep(LAST_S)  # So that the last minutes are scraped, too: it is a picture of time.


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
