"""`seek-signals settings`: what is set, by whom, and why the defaults are what they are."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from consumer.cli.config import ConfigOption, file_settings
from consumer.cli.dlq.printing import shown
from consumer.errors import BadConfigurationError
from consumer.settings.catalogue import Row, rows
from consumer.settings.gather import Origin, gather
from consumer.settings.load import SECTIONS, settings_from

STYLES = {Origin.MISSING: "yellow", Origin.ENVIRONMENT: "green", Origin.FILE: "green"}


def settings(
    config: ConfigOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show every setting, and where it is from.

    Connects to nothing. Secrets are masked. Faults are listed after the settings, and end
    the command with exit code 2.
    """
    gathered = gather(os.environ, file_settings(os.environ, config), SECTIONS)
    faults = None
    try:
        settings_from(gathered)
    except BadConfigurationError as error:
        faults = error
    (_print_json if as_json else _print_lines)(rows(gathered))
    if faults is not None:
        raise faults


def _print_json(table: Sequence[Row]) -> None:
    typer.echo(json.dumps([row._asdict() for row in table], indent=2))


def _print_lines(table: Sequence[Row]) -> None:
    """A name and its value on a line that can be copied; below it the reason."""
    out = Console(highlight=False)
    for row in table:
        line = Text.assemble((row.name, "bold"), " = ", shown(row.value), "  ")
        line.append(f"({_origin(row)})", STYLES.get(row.origin, "dim"))
        out.print(line, soft_wrap=True)
        out.print(Padding(Text(row.reason, "dim"), (0, 0, 0, 4), expand=False))


def _origin(row: Row) -> str:
    if row.origin in {Origin.DEFAULT, Origin.FIXED, Origin.MISSING}:
        return row.origin.value
    return f"{row.origin.value}; default {row.default or 'none'}"
