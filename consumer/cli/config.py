"""Where the verbs find their settings: the environment, and one TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from consumer.settings.load import load_file
from consumer.settings.names import CONFIG_VARIABLE

ConfigOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help=f"Settings as TOML, with the same names as in the environment, which goes before it. "
        f"Default: {CONFIG_VARIABLE}.",
    ),
]


def file_settings(environ: Mapping[str, str], config: Path | None) -> Mapping[str, object]:
    """Of the file that is named, by the option before the environment; empty when none is."""
    named = config or environ.get(CONFIG_VARIABLE)
    return load_file(Path(named)) if named else {}
