"""One consumer of the group: its process, its own way to SEEK, what it says."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

import orjson

from consumer.errors import ExitCode
from tests.faults.oracle.tail import Tail
from tests.faults.service import ServiceProcess
from tests.testbed import TcpProxy

ORDERLY: Final = (ExitCode.OK, ExitCode.DRAIN_OVERRAN, -signal.SIGTERM)
"""What a member that is told to stop may end with while faults are on. The second means
duplicates, never loss; the third, that it was still starting and had done nothing yet."""
PAGE_WITHIN_S: Final = 10.0
DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(slots=True)
class Member:
    name: str
    process: ServiceProcess
    seek: TcpProxy
    http_port: int
    busy: Lock = field(default_factory=Lock)
    """Held by the fault that has it in hand."""
    peak_rss_kb: int = 0
    wanted: bool = False
    """Whether it should be running now."""
    _log: Tail = field(init=False)

    def __post_init__(self) -> None:
        self._log = Tail(self.process.log)

    def start(self) -> None:
        self.process.start()
        self.wanted = True

    def kill(self) -> None:
        self.wanted = False
        self.process.kill()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.wanted = False
        return self.process.terminate()

    @property
    def ended_by_itself(self) -> bool:
        return self.wanted and not self.process.running

    def measure(self) -> None:
        """The most memory that any of its processes had, from Linux's own account."""
        status = Path(f"/proc/{self.process.pid}/status")
        if self.process.running and status.exists():
            told = dict(line.split(":", 1) for line in status.read_text().splitlines())
            self.peak_rss_kb = max(self.peak_rss_kb, int(told.get("VmHWM", "0 kB").split()[0]))

    def new_sessions(self) -> Iterator[str]:
        """Of processes that have started since: what their requests say that they are."""
        for line in self._log.lines():
            if b'"service started"' in line:
                yield str(orjson.loads(line)["session_id"])

    def page(self, name: str) -> str:
        """`/metrics` or `/readyz`, ready or not; empty when the process does not answer."""
        address = f"http://127.0.0.1:{self.http_port}{name}"
        try:
            with DIRECT.open(address, timeout=PAGE_WITHIN_S) as page:
                return str(page.read().decode())
        except urllib.error.HTTPError as answer:
            return str(answer.read().decode())
        except OSError:
            return ""
