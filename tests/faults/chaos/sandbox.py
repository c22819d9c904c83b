"""The sandbox as a process of its own, and the faults that are set in it."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

import orjson

from tests.faults.chaos.member import DIRECT
from tests.faults.chaos.sandbox_faults import ALWAYS, Entry, Script
from tests.testbed.processes import BrokenTestBedError, ChildProcess

CLIENT_ID: Final = "chaos-client"
FIRST_SECRET: Final = "chaos-secret-0"  # noqa: S105 -- made up, for a SEEK of our own
READY_WITHIN_S: Final = 60.0
GLANCE_S: Final = 0.1


@dataclass(slots=True)
class Sandbox:
    port: int
    process: ChildProcess
    secrets: list[str] = field(default_factory=lambda: [FIRST_SECRET])
    """All there were; the last one holds."""
    _on: dict[int, Script] = field(default_factory=dict[int, Script])
    _lock: Lock = field(default_factory=Lock)

    def start(self) -> None:
        self.process.launch()
        deadline_s = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            self.process.fail_unless_alive()
            if time.monotonic() > deadline_s:
                msg = f"no sandbox after {READY_WITHIN_S} s:\n{self.process.last_words()}"
                raise BrokenTestBedError(msg)
            time.sleep(GLANCE_S)  # It tells nobody when it is ready.
        self.heal()

    def begin(self, number: int, script: Script) -> None:
        with self._lock:
            self._on[number] = script
            self._put(self._entries())

    def end(self, number: int) -> None:
        with self._lock:
            self._on.pop(number, None)
            self._put(self._entries())

    def once(self, script: Script) -> None:
        """For what happens and is over: a revocation."""
        with self._lock:
            self._put([*script, *self._entries()])
            self._put(self._entries())

    def rotate(self) -> str:
        """A new secret; the old one is refused from now on."""
        secret = f"chaos-secret-{len(self.secrets)}-{time.monotonic_ns():x}"
        self.secrets.append(secret)
        self.once([{"fault": "rotate", "clientSecret": secret}, {"fault": "revoke"}])
        return secret

    def heal(self) -> None:
        with self._lock:
            self._on.clear()
            self._put(self._entries())

    def _entries(self) -> list[Entry]:
        return [*ALWAYS, *(entry for script in self._on.values() for entry in script)]

    def _put(self, entries: Sequence[Entry]) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_sandbox/faults",
            data=orjson.dumps([dict(entry) for entry in entries]),
            method="PUT",
        )
        with DIRECT.open(request, timeout=30):
            pass

    def _answers(self) -> bool:
        try:
            with DIRECT.open(f"http://127.0.0.1:{self.port}/_sandbox/stats", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False


def fingerprints(lines: Iterable[bytes]) -> set[str]:
    """Of the bearers in a log of requests: the beginnings of their SHA-256."""
    return {str(orjson.loads(line)["bearer"]) for line in lines} - {""}
