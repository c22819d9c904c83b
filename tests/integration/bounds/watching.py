"""What a service process shows from outside: its memory, and the highest of its gauges."""

from __future__ import annotations

import urllib.request
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from consumer.adapters.telemetry.names import Metric
from consumer.sandbox.journal import RequestLine

ANSWER_S: Final = 30.0
ROW: Final = 21
GAUGES: Final = (
    Metric.PENDING_RECORDS,
    Metric.PENDING_BYTES,
    Metric.PARTITION_PENDING_RECORDS,
    Metric.EXPOSED_RECORDS,
    Metric.PARTITIONS_PAUSED,
    Metric.PARTITIONS_ASSIGNED,
    Metric.INFLIGHT_REQUESTS,
    Metric.HOLD,
)


@dataclass(slots=True)
class Watch:
    """Looks at `/metrics` when told to, and keeps the highest that it saw."""

    port: int
    looks: int = 0
    peaks: dict[Metric, float] = field(default_factory=dict[Metric, float])
    """Of gauges with labels: the highest of any of them."""
    now: defaultdict[str, float] = field(default_factory=lambda: defaultdict[str, float](float))
    """Of the last look: every sample by name, added up over its labels."""

    def look(self) -> None:
        """Does nothing while the process does not answer yet."""
        try:
            text = self._page()
        except OSError:
            return
        self.looks += 1
        self.now.clear()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self.now[sample.name] += sample.value
                if sample.name in GAUGES:
                    name = Metric(sample.name)
                    self.peaks[name] = max(self.peaks.get(name, 0.0), sample.value)

    def _page(self) -> str:
        url = f"http://127.0.0.1:{self.port}/metrics"
        with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:
            return str(answer.read().decode())


def speed(requests: Iterable[RequestLine]) -> float:
    """Signals accepted a second, over twenty requests in a row: of all such rows the middle one,
    so that neither a hold as something turns out to be stuck nor a moment in which the machine
    was busy with other things is in it."""
    accepted = [line for line in requests if line["outcome"] == "accepted"]
    rows = [accepted[first : first + ROW] for first in range(len(accepted) - ROW + 1)]
    return median(
        sum(line["signals"] for line in row[1:])
        / (row[-1]["monotonicMs"] - row[0]["monotonicMs"])
        * 1000
        for row in rows
    )


def peak_rss_bytes(pid: int) -> int:
    """The most that the process ever had in memory (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    msg = f"process {pid} does not tell its memory"
    raise AssertionError(msg)


def cpu_s(pid: int) -> float:
    """User and system, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100  # Ticks of USER_HZ, which is 100.
