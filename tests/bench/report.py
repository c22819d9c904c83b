"""RESULTS.md and its chart, as the command writes them."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.bench.environments import python_of
from tests.bench.measuring import Run
from tests.bench.scenarios import ideal_rate, ratios
from tests.bench.systems import EVERY, HERE

RESULTS: Final = HERE / "RESULTS.md"
CHART: Final = HERE / "cpu-a-signal.png"
NOTES: Final = HERE / "NOTES.md"
"""What no command can write: why figures are as they are."""
TARGETS: Final[Mapping[str, float]] = {
    "prototype": 1.6,
    "aiokafka": 0.65,
    "faststream": 0.65,
    "quixstreams": 0.35,
    "arroyo": 0.25,
    "naive": 0.2,
}
"""The service's CPU a signal over theirs, at most (issue 7)."""
LATENCY_SHARE: Final = 0.93

_HEADINGS: Final = (
    "| system | CPU us a signal, median (min to max) | service / it | target | signals/s "
    "| RSS MiB | sent twice |"
)

Runs = Mapping[str, Sequence[Run]]


@dataclass(slots=True)
class Report:
    _parts: list[str] = field(default_factory=list)

    def comparison(self, title: str, runs: Runs) -> None:
        over = ratios(runs, "service")
        lines = [
            f"## {title}\n",
            _HEADINGS,
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        for system in EVERY:
            if system.name in runs:
                ratio, target = over.get(system.name), TARGETS.get(system.name)
                lines.append(_row(system.label, runs[system.name], ratio, target))
        self._parts.append("\n".join(lines))

    def latency(self, runs: Mapping[tuple[float, int], Run]) -> None:
        lines = [
            "## A SEEK that takes its time (the service)\n",
            "| latency ms | in flight | signals/s | of the possible | target |",
            "| --- | --- | --- | --- | --- |",
        ]
        for (latency_ms, in_flight), run in runs.items():
            share = run.rate / ideal_rate(latency_ms, in_flight)
            lines.append(
                f"| {latency_ms:.0f} | {in_flight} | {run.rate:,.0f} | {share:.2f}"
                f"{_verdict(share >= LATENCY_SHARE)} | ≥ {LATENCY_SHARE} |"
            )
        self._parts.append("\n".join(lines))

    def lone_records(self, seconds: Sequence[float]) -> None:
        cuts = statistics.quantiles(seconds, n=100)
        half, most = cuts[49] * 1_000, cuts[98] * 1_000
        self._parts.append(
            "## One record at low load, append to accepted (the service, real Kafka)\n\n"
            f"p50 {half:.1f} ms{_verdict(half <= 10)} (target ≤ 10), "
            f"p99 {most:.1f} ms{_verdict(most <= 50)} (target ≤ 50), {len(seconds)} records."
        )

    def growth(self, title: str, lines: Sequence[str]) -> None:
        self._parts.append(f"## {title}\n\n" + "\n".join(lines))

    def chart(self, runs: Runs) -> None:
        """Drawn in an environment of its own."""
        bars = [
            (system.label, statistics.median(run.cpu_us for run in runs[system.name]))
            for system in EVERY
            if system.name in runs
        ]
        command = [str(python_of("chart")), str(HERE / "chart.py"), str(CHART)]
        subprocess.run(command, input=json.dumps(bars), text=True, check=True)  # noqa: S603
        self._parts.append(f"![CPU a signal by system]({CHART.name})")

    def write(self, command: str, path: Path = RESULTS) -> None:
        head = f"# What a signal costs\n\nWritten by `{command}`; how it is measured: `README.md`."
        parts = [head, "\n".join(_machine()), *self._parts]
        if path == RESULTS:
            parts.append(NOTES.read_text(encoding="utf-8").strip())
        path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _row(label: str, runs: Sequence[Run], ratio: float | None, target: float | None) -> str:
    costs = [run.cpu_us for run in runs]
    rate = statistics.median(run.rate for run in runs)
    told = "" if ratio is None else f"{ratio:.2f}"
    wanted = ""
    if ratio is not None and target is not None:
        told, wanted = told + _verdict(ratio <= target), f"≤ {target}"
    rss, twice = max(run.rss_mib for run in runs), max(run.twice for run in runs)
    cost = f"{statistics.median(costs):.1f} ({min(costs):.1f} to {max(costs):.1f})"
    return f"| {label} | {cost} | {told} | {wanted} | {rate:,.0f} | {rss:.0f} | {twice} |"


def _verdict(reached: bool) -> str:  # noqa: FBT001 -- a claim, not a switch
    return " ✓" if reached else " ✗"


def _machine() -> Iterator[str]:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    load = ", ".join(f"{it:.1f}" for it in os.getloadavg())
    yield f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    system = f"{platform.system()} {platform.release()}"
    yield f"- {os.cpu_count()} CPUs ({model}), {system}; load {load}"
    yield f"- CPython {platform.python_version()}"
    for measured in EVERY:
        yield f"- {measured.label}: {measured.versions()}"
