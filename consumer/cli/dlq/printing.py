"""What the verbs print: results on standard output, all else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, TypeAlias

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from consumer.cli.plain import printable

JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
WIDE: Final = 200
"""Columns where the output is no terminal, so that no line is cut."""


def say(text: str) -> None:
    """To whoever runs the command."""
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def print_json(value: object) -> None:
    """One value, one line. What a terminal obeys stands in it as JSON's own escapes."""
    line = orjson.dumps(value, default=_plain).decode()
    if not line.isprintable():
        line = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
    sys.stdout.write(line + "\n")


def console() -> Console:
    """Reads no markup: who wants bold says so with a style."""
    made = Console(highlight=False, markup=False, emoji=False)
    if not made.is_terminal:
        made.width = WIDE
    return made


def shown(text: str, style: str = "") -> Text:
    """As it is, whatever it holds."""
    return Text(printable(text), style)


def table_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(shown, row))
    return table


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def by_class(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items()))


def _plain(value: object) -> str:
    """Of decoded Avro: bytes, decimals, …"""
    return value.hex() if isinstance(value, bytes) else str(value)
