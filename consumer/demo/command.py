"""`seek-signals demo`: the options, and what the user sees."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live

from consumer.adapters.avro.writer import EventWriter
from consumer.adapters.telemetry.logs import configure_logging
from consumer.demo.balance import BalanceSheet
from consumer.demo.balance_view import sheet_lines, sheet_table
from consumer.demo.director import Director, Show
from consumer.demo.feed import Feed
from consumer.demo.publisher import PUBLISHER_DEFAULTS, kafka_producer
from consumer.demo.scenario import PUBLISHING_S
from consumer.demo.scene import Scene, as_line, as_screen
from consumer.demo.stage import TOPICS, set_up
from consumer.demo.stream import DEFAULT_EVENTS, FEWEST_EVENTS, believable_stream
from consumer.demo.watcher import Watcher
from consumer.errors import ExitCode

_MOST_EVENTS: Final = 40_000  # The embedded Kafka keeps 5 MiB a partition, then drops the oldest.
_LINE_EVERY_S: Final = 2.0
_SETTLING_S: Final = 38.0  # Joining the group, and settling what was published last.


def demo(
    *,
    events: Annotated[
        int,
        typer.Option(min=FEWEST_EVENTS, max=_MOST_EVENTS, help="Status changes to publish."),
    ] = DEFAULT_EVENTS,
    seed: Annotated[int, typer.Option(help="Another seed, other hirers and candidates.")] = 1,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.5, max=120, help="Publish for so long; SEEK has spells each minute."),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=10, help="Give up after so long (60); it ends sooner by itself."),
    ] = None,
    http_port: Annotated[
        int, typer.Option(min=0, max=65_535, help="For /metrics of the consumer; 0: any free one.")
    ] = 0,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep SEEK's journal, its request log and the consumer's log there.",
        ),
    ] = None,
) -> None:
    """Run the whole job on embedded parts.

    A Kafka and a SEEK in this process, a publisher, and the real consumer between them. SEEK
    goes away for a spell and throttles for another. Ends with a balance sheet, and with exit
    code 0 only when it balances. Touches nothing outside of this machine.
    """
    console = Console(highlight=False)
    try:
        with _folder(keep) as folder:
            publishing_s = PUBLISHING_S if minutes is None else minutes * 60
            within_s = publishing_s + _SETTLING_S if seconds is None else seconds
            wishes = _Wishes(events, seed, publishing_s, within_s, http_port)
            sheet = _perform(console, folder, wishes)
    except KeyboardInterrupt:
        typer.echo("interrupted: no balance sheet")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    _tell(console, sheet)
    raise typer.Exit(ExitCode.OK if sheet.balances else ExitCode.FAILED)


@dataclass(frozen=True, slots=True)
class _Wishes:
    events: int
    seed: int
    publishing_s: float
    within_s: float
    http_port: int


@contextmanager
def _folder(keep: Path | None) -> Generator[Path, None, None]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="seek-signals-demo-") as temporary:
            yield Path(temporary)
        return
    keep.mkdir(parents=True, exist_ok=True)
    for name in _KEPT:  # The journal of an earlier run would not balance with this one.
        (keep / name).unlink(missing_ok=True)
    yield keep


_KEPT: Final = ("journal.ndjson", "requests.ndjson", "consumer.log")


def _perform(console: Console, folder: Path, wishes: _Wishes) -> BalanceSheet:
    now_ms = time.time_ns() // 1_000_000
    stream = believable_stream(seed=wishes.seed, events=wishes.events, now_ms=now_ms)
    with (
        (folder / "consumer.log").open("w", encoding="utf-8") as log,
        set_up(folder, wishes.http_port) as stage,
        _view(console) as show,
    ):
        configure_logging("info", "json", log)
        encode = EventWriter(stage.registry).encode
        feed = Feed(stream, TOPICS, encode, per_s=len(stream) / wishes.publishing_s)
        properties = {**PUBLISHER_DEFAULTS, **stage.settings.kafka.producer_config()}
        producer = kafka_producer(properties, console.print)
        director = Director(stage, feed, Watcher(), show)
        sheet = director.run(producer, wishes.within_s)
    if director.out_of_time:
        console.print(f"Cut short after {wishes.within_s:g} s: --seconds allows more.")
    return sheet


@contextmanager
def _view(console: Console) -> Generator[Show, None, None]:
    """A picture on a terminal, else a line every two seconds and at each turn of events."""
    if not console.is_terminal:
        yield _Lines(console).show
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda scene: live.update(as_screen(scene), refresh=True)


@dataclass(slots=True)
class _Lines:
    console: Console
    _now: str = field(init=False, default="")
    _shown_s: float = field(init=False, default=-_LINE_EVERY_S)

    def show(self, scene: Scene) -> None:
        if scene.now == self._now and scene.elapsed_s < self._shown_s + _LINE_EVERY_S:
            return
        self._now, self._shown_s = scene.now, scene.elapsed_s
        self.console.print(as_line(scene), markup=False, soft_wrap=True)


def _tell(console: Console, sheet: BalanceSheet) -> None:
    if console.is_terminal:
        console.print(sheet_table(sheet))
        return
    for line in sheet_lines(sheet):
        console.print(line, markup=False, soft_wrap=True)
