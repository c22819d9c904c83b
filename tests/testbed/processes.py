"""Child processes that never outlive the tests, and the harm that can be done to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LEASH: Final = Path(__file__).with_name("leash.py")
STOP_WAIT_S: Final = 30.0
KILL_WAIT_S: Final = 10.0
TOOL_WAIT_S: Final = 90.0
LAST_LINES: Final = 25


class BrokenTestBedError(Exception):
    """A real part did not start or went away; says what its log ended with."""


def on_leash() -> list[str]:
    """Before a command: it is killed when the thread that starts it ends, however it ends."""
    return [sys.executable, "-I", "-S", str(LEASH), str(os.getpid())]


@dataclass(slots=True)
class ChildProcess:
    """A program that can be ended, frozen and started again, with its output in a file."""

    name: str
    command: Sequence[str]
    log: Path
    _nursery: Executor
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    _running: subprocess.Popen[bytes] | None = field(init=False, default=None)

    @property
    def pid(self) -> int:
        return self._alive().pid

    @property
    def is_alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def launch(self) -> None:
        """Starts it and returns at once."""
        if self.is_alive:
            msg = f"{self.name} runs already"
            raise BrokenTestBedError(msg)
        self._running = self._nursery.submit(self._spawn).result()

    def wait_for_success(self) -> None:
        """For a tool that ends by itself, within 90 s."""
        if self._running is None or self._running.wait(TOOL_WAIT_S) != 0:
            msg = f"{self.name} failed; its log ends:\n{self.last_words()}"
            raise BrokenTestBedError(msg)

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        self._end(signal.SIGKILL, KILL_WAIT_S)

    def stop(self) -> None:
        """SIGTERM, an orderly end; SIGKILL when it takes longer than 30 s."""
        try:
            self._end(signal.SIGTERM, STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def freeze(self) -> None:
        """SIGSTOP: its connections stay open and nothing answers."""
        self._alive().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._alive().send_signal(signal.SIGCONT)

    def tell(self, number: signal.Signals) -> None:
        """Any other signal, which its program understands."""
        self._alive().send_signal(number)

    def fail_unless_alive(self) -> None:
        self._alive()

    def last_words(self) -> str:
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LAST_LINES:])

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the command is the test bed's own
                [*on_leash(), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                # Ctrl-C is for pytest: it ends its children in order.
                start_new_session=True,
            )

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._running is None or self._running.poll() is not None:
            code = None if self._running is None else self._running.returncode
            msg = (
                f"{self.name} is not running (exit code {code}); its log ends:\n{self.last_words()}"
            )
            raise BrokenTestBedError(msg)
        return self._running

    def _end(self, how: signal.Signals, wait_s: float) -> None:
        if self._running is not None and self._running.poll() is None:
            self._running.send_signal(how)
            self._running.wait(wait_s)


@dataclass(slots=True)
class Children:
    """Makes child processes; see `children`."""

    _nursery: Executor
    _ends: ExitStack

    def child(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> ChildProcess:
        """A process to be launched by its owner, and killed at the end in any case."""
        process = ChildProcess(name, command, log, self._nursery, environment or {})
        self._ends.callback(process.kill)
        return process


@contextmanager
def children() -> Iterator[Children]:
    """Everything started inside is gone at the end of the block.

    All are started by one thread that lives as long: Linux pulls the leash when the
    *thread* that started a child ends, and a test may restart a broker from a thread.
    """
    with ThreadPoolExecutor(1, "nursery") as nursery, ExitStack() as ends:
        yield Children(nursery, ends)
