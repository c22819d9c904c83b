"""`seek-signals version`: what to name in a report of a fault."""

from __future__ import annotations

import platform

import confluent_kafka
import typer

from consumer import __version__


def version() -> None:
    """Show the versions of this program's parts."""
    typer.echo(f"seek-signals {__version__}")
    typer.echo(f"Python {platform.python_version()}")
    typer.echo(f"confluent-kafka {confluent_kafka.__version__}")
    typer.echo(f"librdkafka {confluent_kafka.libversion()[0]}")
