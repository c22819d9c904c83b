"""`python -m tests.ops.observe`: the demo for some minutes, and a Prometheus that watches it.

Ctrl-C ends both; nothing is left behind.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tests.ops.prometheus import Prometheus, running_prometheus
from tests.ops.tools import Tools
from tests.testbed import BrokenTestBedError, free_port

EVENTS_A_MINUTE: Final = 1_800
"""Thirty a second: the embedded Kafka keeps all of ten minutes, and a laptop stays cool."""
EVENTS_MOST: Final = 40_000
SCRAPE_EVERY_S: Final = 2
USUAL_PORT: Final = 9090
INTERRUPTED: Final = 130


@contextmanager
def observed_demo(
    minutes: float, folder: Path, port: int
) -> Iterator[tuple[Prometheus, subprocess.Popen[bytes]]]:
    """The demo runs by itself from here on; Prometheus until the end of the block."""
    tools, service_port = Tools(), free_port()
    events = min(EVENTS_MOST, max(200, round(EVENTS_A_MINUTE * minutes)))
    command = [
        *(sys.executable, "-m", "consumer", "demo"),
        *("--minutes", f"{minutes:g}", "--events", str(events), "--http-port", str(service_port)),
    ]
    with running_prometheus(tools, folder, service_port, port=port, every_s=SCRAPE_EVERY_S) as it:
        demo = subprocess.Popen(command)  # noqa: S603 -- our own command
        try:
            yield it, demo
        finally:
            demo.terminate()
            demo.wait()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make observe", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--port", type=int, default=USUAL_PORT, help="of Prometheus; 0: any")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="seek-signals-observe-") as folder:
            return _observe(options.minutes, Path(folder), options.port)
    except BrokenTestBedError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _observe(minutes: float, folder: Path, port: int) -> int:
    sys.stdout.write("Bringing Prometheus, if it is not here yet …\n")
    sys.stdout.flush()
    with observed_demo(minutes, folder, port) as (prometheus, demo):
        sys.stdout.write(_where(prometheus, minutes))
        sys.stdout.flush()
        try:
            return demo.wait()
        except KeyboardInterrupt:
            demo.wait()  # The terminal has told it, too.
            return INTERRUPTED


def _where(prometheus: Prometheus, minutes: float) -> str:
    url = prometheus.url
    # Debian's Prometheus finds its pages only where it was installed.
    has_pages = prometheus.page("/graph/")[0] == HTTPStatus.OK
    return f"""
Prometheus, for {minutes:g} minutes; Ctrl-C ends all:
  overview  {prometheus.console_url}
  rules     {url}/{"alerts" if has_pages else "api/v1/rules"}
  any query {url}/{"graph" if has_pages else "api/v1/query?query=seek_signals_hold"}
A Grafana takes {url} as its source and deploy/grafana/seek-signals.json as its dashboard.

"""


if __name__ == "__main__":
    sys.exit(main())
