"""Runs the command many times without starting Python each time.

A process that has imported everything and connected to nothing forks for each run. What runs
is the command itself, in a process of its own that can be killed; a start costs milliseconds.
Orders come as JSON lines on standard input, answers go out as JSON lines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from consumer.cli.application import run_application
from consumer.cli.verbs import VERBS, load

REPOSITORY = Path(__file__).parents[3]
LOADED: Final = ("dlq", "topics")
RUNNING: Final = 1_000
"""In place of an exit code."""


def main() -> None:
    """The zygote's own loop."""
    for verb in VERBS:
        if verb.name in LOADED:
            load(verb)
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            pid, status = os.waitpid(order["wait"], os.WNOHANG if order["peek"] else 0)
            answer = os.waitstatus_to_exitcode(status) if pid else RUNNING
        else:
            answer = os.fork()
            if answer == 0:
                _run(order)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _run(order: Mapping[str, Any]) -> NoReturn:
    """In the new process."""
    os.environ.clear()
    os.environ.update(order["environment"])
    for number, name in ((1, "out"), (2, "err")):
        opened = os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, number)
    code: object = 1
    try:
        code = run_application(order["arguments"])
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)


@dataclass(slots=True)
class Run:
    """One process of the command."""

    zygote: Zygote
    pid: int
    out: Path
    err: Path
    code: int | None = None

    def send(self, number: int) -> None:
        """Nothing happens to a process that has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self) -> int:
        """The exit code; minus the signal's number where one ended it."""
        if self.code is None:
            self.code = self.zygote.ask({"wait": self.pid, "peek": False})
        return self.code

    @property
    def running(self) -> bool:
        if self.code is None:
            code = self.zygote.ask({"wait": self.pid, "peek": True})
            self.code = None if code == RUNNING else code
        return self.code is None


@dataclass(slots=True)
class Zygote:
    process: subprocess.Popen[str]
    folder: Path
    _runs: int = field(default=0, init=False)

    def start(self, environment: Mapping[str, str], arguments: tuple[str, ...]) -> Run:
        self._runs += 1
        out, err = (self.folder / f"{self._runs}.{name}" for name in ("out", "err"))
        order = {"arguments": arguments, "environment": dict(environment)}
        pid = self.ask({**order, "out": str(out), "err": str(err)})
        return Run(self, pid, out, err)

    def ask(self, order: Mapping[str, object]) -> int:
        return int(self._line(json.dumps(order)))

    def _line(self, order: str) -> str:
        to, back = self.process.stdin, self.process.stdout
        assert to is not None
        assert back is not None
        to.write(order + "\n")
        to.flush()
        return back.readline()


@contextmanager
def running_zygote(folder: Path) -> Iterator[Zygote]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.letters.zygote"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Zygote(process, folder)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()


if __name__ == "__main__":
    main()
