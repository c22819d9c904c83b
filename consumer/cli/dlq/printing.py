"""What the verbs print: results on standard output, all else on standard error."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, TypeAlias

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
WIDE: Final = 200
"""Columns where the output is no terminal, so that no line is cut."""


def say(text: str) -> None:
    """To whoever runs the command."""
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def print_json(value: object) -> None:
    """One value, one line."""
    sys.stdout.write(orjson.dumps(value, default=_plain).decode() + "\n")


def console() -> Console:
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=WIDE)


def table_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table


def printable(text: str) -> str:
    """Without what a terminal obeys: headers and messages come from anywhere."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def by_class(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items()))


def _plain(value: object) -> str:
    """Of decoded Avro: bytes, decimals, …"""
    return value.hex() if isinstance(value, bytes) else str(value)
