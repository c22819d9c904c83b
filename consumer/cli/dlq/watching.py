"""How far long work has come, and Ctrl-C: the first ends it in good order, the second at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from consumer.cli.stopping import StopSignals
from consumer.letters.errors import StoppedError
from consumer.letters.ports import Seen


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="dim")


@dataclass(slots=True)
class Watch:
    """Implements the port `Watcher`. Bars go to standard error, and only on a terminal."""

    stop: threading.Event
    bars: Progress
    _tasks: dict[str, TaskID] = field(default_factory=dict[str, TaskID])

    @property
    def stopped(self) -> bool:
        return self.stop.is_set()

    def seen(self, phase: str, done: int, total: int) -> None:
        self.bars.start()
        if phase not in self._tasks:
            self._tasks[phase] = self.bars.add_task(phase)
        self.bars.update(self._tasks[phase], completed=done, total=total)

    def looking(self, phase: str) -> Seen:
        """For what changes nothing and so may end anywhere: raises StoppedError."""

        def seen(done: int, total: int) -> None:
            self.seen(phase, done, total)
            if self.stopped:
                raise StoppedError

        return seen

    def rest(self) -> None:
        """Takes the bars away until something is seen again: what is printed must not mix."""
        if not self.bars.disable:
            self.bars.stop()

    @contextmanager
    def asking(self) -> Generator[None]:
        """While a person is asked Ctrl-C ends the command at once: nothing is under way."""
        self.rest()
        drain = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, drain)

    def wait(self, seconds: float) -> None:
        self.stop.wait(seconds)


@contextmanager
def watching() -> Generator[Watch]:
    stop = threading.Event()
    StopSignals(stop).install()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    bars = Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=False,  # Else results would follow the bars to standard error.
        redirect_stderr=False,
        disable=not console.is_terminal,
    )
    watch = Watch(stop, bars)
    try:
        yield watch
    finally:
        watch.rest()
