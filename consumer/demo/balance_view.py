"""The balance sheet, for a terminal and for a log."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from consumer.demo.balance import BalanceSheet

_MOST_FAULTS = 12  # Enough to see a pattern; the rest is counted.


def sheet_table(sheet: BalanceSheet) -> RenderableType:
    table = Table(title="Balance sheet", box=box.SIMPLE_HEAD, title_style="bold")
    table.add_column("")
    table.add_column("reason")
    table.add_column("expected", justify="right")
    table.add_column("found", justify="right")
    table.add_column("")
    for line in sheet.lines:
        good = line.found == line.expected
        mark = "[green]✓[/]" if good else "[bold red]✗[/]"
        table.add_row(line.fate, escape(line.reason), f"{line.expected:,}", f"{line.found:,}", mark)
    table.add_section()
    table.add_row("published", "", f"{sheet.published:,}", f"{sheet.accounted:,}", "")
    style = "bold green" if sheet.balances else "bold red"
    return Group(table, *_facts(sheet), Text(verdict(sheet), style=style), *faults(sheet))


def sheet_lines(sheet: BalanceSheet) -> Sequence[str]:
    """The same without colours or frames."""
    return [
        "balance sheet",
        *(
            f"  {line.fate:<14}{line.reason:<26}expected {line.expected:>6}  found {line.found:>6}"
            for line in sheet.lines
        ),
        f"  {'published':<40}expected {sheet.published:>6}  found {sheet.accounted:>6}",
        *_facts(sheet),
        verdict(sheet),
        *faults(sheet),
    ]


def verdict(sheet: BalanceSheet) -> str:
    if not sheet.balances:
        return "It does NOT balance:"
    return (
        "It balances: published = accepted + skipped + dead-lettered, and every partition "
        "is committed to its end."
    )


def faults(sheet: BalanceSheet) -> list[str]:
    shown = [f"  - {fault}" for fault in sheet.faults[:_MOST_FAULTS]]
    more = len(sheet.faults) - len(shown)
    return [*shown, f"  - and {more} more"] if more > 0 else shown


def _facts(sheet: BalanceSheet) -> list[str]:
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(sheet.requests.items()))
    made = sum(sheet.requests.values())
    return [
        f"  requests made: {made:,} ({outcomes})" if made else "  requests made: none",
        f"  signals in an accepted request, on average: {sheet.mean_batch:.1f}",
        f"  duplicates: {sheet.repeats}",
    ]
