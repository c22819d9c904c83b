"""A run written down: a summary for the screen, a row for RESULTS.md. Pure but for the file."""

from __future__ import annotations

import os
import platform
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import confluent_kafka

from tests.faults.chaos.run import Outcome
from tests.faults.chaos.stage import Cast
from tests.faults.service import REPOSITORY
from tests.testbed.relock import KAFKA_VERSION

RESULTS: Final = Path(__file__).parents[1] / "RESULTS.md"
HEAD: Final = """\
# Results of chaos runs

Written by `make chaos RECORD=1`, a row a run; nothing here is written by hand. Each run is on three
Apache Kafka brokers, a real registry, and consumers that are processes of their own, on one
machine that also runs the sandbox, the publisher and the oracle. The same seed gives the
same schedule of faults: `python -m tests.faults.chaos --seconds S --seed N --plan` prints it.

*Clean* means: every record that Kafka confirmed was accepted, buried for the right reason, or
skipped, and committed; at no look lay a commit beyond an unsettled record; subjects in order;
repeats and dead letters byte for byte; each duplicate explained by an injected fault that hit
its answer, its process or its partition, and no kill cost more than was exposed; no secret, no
canary and no key, token or subject of what was published in the logs, pages and traces of any
consumer; all consumers ended with code 0.

*Between faults*: events confirmed a second in the time in which no fault was on.

"""
COLUMNS: Final = (
    "date", "seconds", "seed", "protocol", "consumers", "verdict", "events",
    "events/s between faults", "accepted", "dead-lettered", "skipped", "duplicates by cause",
    "letters again", "longest stall", "peak RSS", "faults by kind", "versions", "machine",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    cast: Cast
    seconds: float
    outcome: Outcome

    @property
    def verdict(self) -> str:
        return "clean" if not self.outcome.wrong else "**violated**"

    def cells(self) -> dict[str, str]:
        report = self.outcome.report
        if report is None:
            return dict.fromkeys(COLUMNS, "")
        values = (
            datetime.now(UTC).strftime("%Y-%m-%d"),
            f"{self.seconds:g}",
            str(self.cast.seed),
            self.cast.protocol,
            str(self.cast.consumers),
            self.verdict,
            f"{report['published']:,}",
            "" if self.outcome.quiet_per_s is None else f"{self.outcome.quiet_per_s:,.0f}",
            f"{report['accepted']:,}",
            f"{report['deadLettered']:,}",
            f"{report['skipped']:,}",
            f"{report['duplicates']:,}: {counted(report['causes'])}",
            f"{report['lettersAgain']:,}",
            f"{report['longestStallS']:g} s",
            f"{self.outcome.rss_kb / 1024:.0f} MiB",
            counted(report["faults"]),
            versions(),
            f"{os.cpu_count()} cores",
        )
        return dict(zip(COLUMNS, values, strict=True))


def summary(row: Row) -> list[str]:
    """One line a column."""
    return [f"{name:>20}  {cell}" for name, cell in row.cells().items()]


def record(row: Row, path: Path = RESULTS) -> None:
    """Appends the row; makes the file where there is none, and a table where its columns differ."""
    names, rule = f"| {' | '.join(COLUMNS)} |", "|".join("---" for _ in COLUMNS)
    before = path.read_text() if path.exists() else HEAD
    if names not in before.splitlines():
        again = "\n" if before != HEAD else ""
        path.write_text(f"{before}{again}{names}\n|{rule}|\n")
    with path.open("a") as file:
        file.write(f"| {' | '.join(row.cells().values())} |\n")


def counted(counts: Mapping[str, int]) -> str:
    """`a 3, b 1`, the most frequent first."""
    return ", ".join(f"{name} {count:,}" for name, count in Counter(counts).most_common())


def versions() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 -- whichever git is installed
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    commit = found.stdout.strip() or "no commit"
    librdkafka = confluent_kafka.libversion()[0]
    python = platform.python_version()
    return f"{commit}, Kafka {KAFKA_VERSION}, librdkafka {librdkafka}, Python {python}"
