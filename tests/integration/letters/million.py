"""Command: a million letters, listed by filter, counted and replayed; memory and time.

python -m tests.integration.letters.million [--letters 1000000]
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.integration.letters.bench import Bench
from tests.integration.letters.zygote import running_zygote
from tests.testbed import running_kafka

_TOLD_AT_THE_END: Final = """
import atexit, sys
from pathlib import Path
from consumer.__main__ import main
atexit.register(lambda: sys.stderr.write(Path("/proc/self/status").read_text()))
main()
"""
"""What the system counts for a child begins with what its parent held when it forked."""
REASONS: Final = ("forbidden", "bad_user_input")
VERBS: Final = (
    ("list", "--json", "--class", "forbidden"),
    ("list", "--offsets", "100..199"),
    ("stats",),
    ("replay", "--dry-run", "--max", "1000", "--no-look-ahead"),
)


class Measured(NamedTuple):
    arguments: tuple[str, ...]
    code: int
    lines: int
    """Of standard output."""
    took_s: float
    rss_bytes: int
    """The most that the process ever held."""

    def __str__(self) -> str:
        return (
            f"dlq {' '.join(self.arguments)}: {self.lines:,} lines, {self.took_s:.1f} s, "
            f"{self.rss_bytes / 1e6:.0f} MB of memory at most"
        )


def fill(bench: Bench, letters: int) -> None:
    """Half of each class."""
    for number, reason in enumerate(REASONS):
        bench.bury(range(number, letters, len(REASONS)), reason)


def measured(bench: Bench, *arguments: str) -> Measured:
    """One verb, in a process of its own."""
    began_s = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as status:
        ended = subprocess.run(  # noqa: S603 -- our own command
            [sys.executable, "-c", _TOLD_AT_THE_END, "dlq", *arguments],
            env=bench.environment(),
            stdout=out,
            stderr=status,
            check=False,
        )
        took_s = time.monotonic() - began_s
        out.seek(0)
        status.seek(0)
        [peak_kib] = re.findall(r"VmHWM:\s+(\d+) kB", status.read())
        lines = sum(1 for _ in out)
    return Measured(arguments, ended.returncode, lines, took_s, int(peak_kib) * 1024)


def each_verb(bench: Bench) -> Iterator[Measured]:
    for arguments in VERBS:
        yield measured(bench, *arguments)


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--letters", type=int, default=1_000_000)
    letters = reading.parse_args().letters
    with (
        tempfile.TemporaryDirectory() as folder,
        running_kafka() as kafka,
        running_zygote(Path(folder)) as zygote,
    ):
        bench = Bench(kafka, zygote)
        bench.create()
        fill(bench, letters)
        sys.stdout.write(f"{letters:,} letters\n")
        for each in each_verb(bench):
            sys.stdout.write(f"{each}\n")
            sys.stdout.flush()
            assert each.code == 0


if __name__ == "__main__":
    main()
