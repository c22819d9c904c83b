"""The demo at one moment, as a screen or as a line. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from consumer.demo.watcher import Seen

_BAR_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Scene:
    elapsed_s: float
    events: int
    """In the whole stream."""
    published: int
    per_s: float
    """Events settled a second, lately."""
    now: str
    """What is happening, in a sentence."""
    seen: Seen = field(default_factory=Seen)


def as_screen(scene: Scene) -> RenderableType:
    seen = scene.seen
    counts = Table.grid(padding=(0, 2))
    counts.add_column(min_width=14)
    counts.add_column(justify="right", min_width=7)
    counts.add_column()
    counts.add_row("published", f"{scene.published:,}", _bar(scene.published, scene.events))
    counts.add_row("settled", f"{seen.settled:,}", _bar(seen.settled, scene.events))
    counts.add_row("  accepted", Text(f"{seen.accepted:,}", "green"), f"{scene.per_s:,.0f} /s")
    counts.add_row("  skipped", f"{sum(seen.skipped.values()):,}", _reasons(seen))
    counts.add_row("  dead-lettered", Text(f"{len(seen.buried):,}", "yellow"), "")
    counts.add_row("requests", f"{sum(seen.requests.values()):,}", _outcomes(seen))
    counts.add_row("in flight", f"{seen.in_flight:,}", f"of {seen.in_flight_limit:.0f} at most")
    counts.add_row("pending", f"{seen.pending:,}", "taken in, not settled yet")
    style = "bold yellow" if seen.holds else "bold cyan"
    return Panel(
        Group(counts, Text(), Text(scene.now, style)),
        title="SEEK signal consumer: demo",
        subtitle=f"{scene.elapsed_s:.0f} s",
        width=88,
    )


def as_line(scene: Scene) -> str:
    seen = scene.seen
    return (
        f"{scene.elapsed_s:5.1f} s  published {scene.published}/{scene.events}  "
        f"accepted {seen.accepted}  skipped {sum(seen.skipped.values())}  "
        f"dead-lettered {len(seen.buried)}  in flight {seen.in_flight}  "
        f"requests {sum(seen.requests.values())}  {scene.per_s:.0f}/s  {scene.now}"
    )


def _bar(done: int, total: int) -> ProgressBar:
    return ProgressBar(total=max(total, 1), completed=min(done, total), width=_BAR_WIDTH)


def _reasons(seen: Seen) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(seen.skipped.items()))


def _outcomes(seen: Seen) -> str:
    return ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(seen.requests.items()))
