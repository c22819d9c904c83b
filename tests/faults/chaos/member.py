"""One consumer of the group: its process, its own way to SEEK, what it says."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from threading import Lock
from typing import Final

from consumer.errors import ExitCode
from tests.faults.oracle.tail import Tail
from tests.faults.oracle.timeline import TimelineLog
from tests.faults.service import ServiceProcess
from tests.faults.spoken import Spoken
from tests.testbed import TcpProxy

ORDERLY: Final = (ExitCode.OK, ExitCode.DRAIN_OVERRAN, -signal.SIGTERM)
"""What a member that is told to stop may end with while faults are on. The second means
duplicates, never loss; the third, that it was still starting and had done nothing yet."""
PAGE_WITHIN_S: Final = 10.0
GLANCE_S: Final = 1.0
PAGES: Final = ("/metrics", "/readyz")
DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(slots=True)
class Member:
    name: str
    process: ServiceProcess
    seek: TcpProxy
    http_port: int
    timeline: TimelineLog
    busy: Lock = field(default_factory=Lock)
    """Held by the fault that has it in hand."""
    peak_rss_kb: int = 0
    wanted: bool = False
    """Whether it should be running now."""
    _log: Tail = field(init=False)
    _spoken: Spoken = field(init=False)

    def __post_init__(self) -> None:
        self._log = Tail(self.process.log)
        self._spoken = Spoken(self.name, self.timeline)

    def start(self) -> None:
        self.process.start()
        self.wanted = True

    def kill(self) -> None:
        self.keep_pages()
        self.wanted = False
        self.process.kill()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.keep_pages()
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

    def listen(self) -> None:
        """To what its processes have said since of who they are and of their partitions."""
        self._spoken.hear(self._log.lines())

    @property
    def pages(self) -> Path:
        """All that its processes ever showed, one page after the other."""
        return self.process.log.with_suffix(".pages")

    def keep_pages(self, within_s: float = GLANCE_S) -> bool:
        """Whether all of them were there, ready or not."""
        found = [self._page(name, within_s) for name in PAGES]
        with self.pages.open("ab") as file:
            file.write(b"".join(found))
        return all(found)

    def _page(self, name: str, within_s: float) -> bytes:
        """Empty when the process does not answer."""
        address = f"http://127.0.0.1:{self.http_port}{name}"
        try:
            with DIRECT.open(address, timeout=within_s) as page:
                return bytes(page.read())
        except urllib.error.HTTPError as answer:
            with answer:
                return bytes(answer.read())
        except (OSError, HTTPException):
            return b""
