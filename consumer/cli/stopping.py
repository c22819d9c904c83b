"""SIGTERM and SIGINT: the first asks for a drain, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from consumer.errors import ExitCode


@dataclass(slots=True)
class StopSignals:
    """Sets `stop` and does nothing else: whoever turns the loop sees it and drains."""

    stop: threading.Event
    leave: Callable[[int], object] = os._exit
    """Runs no cleanup: what is in flight may be sent again after a restart, nothing is lost."""
    _received: int = field(init=False, default=0)

    def install(self) -> None:
        """On the main thread only, as Python asks for."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.receive)

    def receive(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._received += 1
        if self._received > 1:
            self.leave(ExitCode.INTERRUPTED)
        self.stop.set()
