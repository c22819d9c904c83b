"""How far long work has come, and Ctrl-C: the first ends it in good order, the second at once."""

from __future__ import annotations

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
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        yield Watch(stop, bars)
