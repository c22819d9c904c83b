"""Starts the oracle as a process, reads its report, asks for its verdict."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.oracle.report import Report, read_report
from tests.testbed.processes import on_leash

REPOSITORY: Final = Path(__file__).parents[3]
VERDICT_WITHIN_S: Final = 120.0
GLANCE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where the oracle finds what it compares."""

    bootstrap: str
    group: str
    topics: Sequence[str]
    folder: Path
    """Of the files below, by their names."""
    request_s: float = 3.0
    senders: int = 8
    """Requests that a consumer has under way at most: its settings' default."""
    patience_s: float = 0.0
    """For letters that a woken broker does not tell of at once; see `Watch`."""
    unexplained_may_be: bool = False

    @property
    def journal(self) -> Path:
        return self.folder / "journal.ndjson"

    @property
    def requests(self) -> Path:
        return self.folder / "requests.ndjson"

    @property
    def published(self) -> Path:
        return self.folder / "published.ndjson"

    @property
    def faults(self) -> Path:
        return self.folder / "faults.ndjson"

    @property
    def report(self) -> Path:
        return self.folder / "oracle.json"

    @property
    def arguments(self) -> list[str]:
        return [
            *("--bootstrap", self.bootstrap, "--group", self.group),
            *("--topics", *self.topics, "--dead-letters", f"{self.group}.dlq"),
            *("--journal", str(self.journal), "--requests", str(self.requests)),
            *("--published", str(self.published), "--faults", str(self.faults)),
            *("--report", str(self.report), "--request-s", str(self.request_s)),
            *("--senders", str(self.senders), "--patience-s", str(self.patience_s)),
            *(["--unexplained-may-be"] if self.unexplained_may_be else []),
        ]


@dataclass(frozen=True, slots=True)
class OracleProcess:
    evidence: Evidence
    process: subprocess.Popen[bytes]

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def report(self) -> Report | None:
        """As of half a second ago; None before the first look."""
        return read_report(self.evidence.report)

    def until(self, condition: Callable[[Report], bool], what: str, within_s: float) -> Report:
        """Waits until a report fulfils it. Raises `TimeoutError`, `RuntimeError`."""
        deadline_s = time.monotonic() + within_s
        while (told := self.report()) is None or not condition(told):
            if not self.running:
                words = (self.evidence.folder / "oracle.log").read_text(errors="replace")
                msg = f"the oracle has ended: {words[-2000:]}"
                raise RuntimeError(msg)
            if time.monotonic() > deadline_s:
                msg = f"{what}, not within {within_s:g} s: {told}"
                raise TimeoutError(msg)
            time.sleep(GLANCE_S)  # A file tells nobody that it was written.
        return told

    def verdict(self) -> Report:
        """Asks for it: when everything should be settled and committed."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(VERDICT_WITHIN_S)
        told = self.report()
        if told is None or told["verdict"] is None:
            msg = f"the oracle gave no verdict (exit code {self.process.returncode})"
            raise RuntimeError(msg)
        return told


@contextmanager
def running_oracle(evidence: Evidence) -> Iterator[OracleProcess]:
    """Watching; its own words are in `oracle.log` of the folder."""
    with (evidence.folder / "oracle.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 -- our own command
            [*on_leash(), sys.executable, "-m", "tests.faults.oracle", *evidence.arguments],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the one who runs it.
        )
    try:
        yield OracleProcess(evidence, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
