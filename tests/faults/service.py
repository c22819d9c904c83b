"""The service as a process of its own, as an operator runs it, to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.testbed.processes import on_leash

REPOSITORY = Path(__file__).parents[2]
END_WITHIN_S = 60.0
PATIENCE_S = 120.0
GLANCE_S = 0.1


def glance() -> None:
    """Between two looks at another process, which tells nobody how far it is."""
    time.sleep(GLANCE_S)  # No event of ours ends the wait: the other process sends none.


@dataclass(slots=True)
class ServiceProcess:
    environment: Mapping[str, str]
    log: Path
    tree: Path = REPOSITORY
    """Whose `consumer` is run."""
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own command
                [*on_leash(), sys.executable, "-m", "consumer", "run"],
                cwd=self.tree,
                env={"PATH": os.environ["PATH"], **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the one who runs the tests.
            )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL: no drain, no commit, no goodbye to the group."""
        self.send(signal.SIGKILL)
        self.ended()

    def freeze(self) -> None:
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self.send(signal.SIGCONT)

    def terminate(self) -> int:
        """SIGTERM, as Kubernetes does; the exit code."""
        self.send(signal.SIGTERM)
        return self.ended()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def until(
        self,
        condition: Callable[[], bool],
        what: str,
        within_s: float = PATIENCE_S,
        meanwhile: Callable[[], object] = glance,
    ) -> None:
        """Waits for what must come to pass while this runs."""
        deadline_s = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline_s, f"never {what}: {self.said()[-3000:]}"
            assert self.running, f"ended before {what}: {self.said()[-3000:]}"
            meanwhile()

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def ended(self) -> int:
        assert self._process is not None
        return self._process.wait(END_WITHIN_S)


@contextmanager
def service(
    environment: Mapping[str, str], log: Path, tree: Path = REPOSITORY
) -> Iterator[ServiceProcess]:
    """Started; gone at the end of the block, however it ends."""
    process = ServiceProcess(environment, log, tree)
    process.start()
    try:
        yield process
    finally:
        if process.running:
            process.kill()
