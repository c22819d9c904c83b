"""The command `seek-signals`: how its verbs are found, and how each way to fail ends it."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command

from consumer import __version__
from consumer.cli.plain import printable
from consumer.cli.verbs import CONTEXT_SETTINGS, VERBS, LazyCommand, Verb
from consumer.errors import BadConfigurationError, ConsumerError, ExitCode

NAME = "seek-signals"


def run_application(arguments: Sequence[str], verbs: Sequence[Verb] = VERBS) -> int:
    """Runs one verb; returns the exit code of the process. Raises nothing but `SystemExit`."""
    try:
        command(verbs).main(args=list(arguments), prog_name=NAME)
    except ConsumerError as error:
        _tell(_explained(error))
        return error.exit_code
    except (OSError, ImportError) as error:  # these quote names of files and hosts, no records
        _tell(f"{NAME}: {error}")
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 -- the one place where the unforeseen ends
        _tell(_unforeseen(error))
        return ExitCode.FAILED
    return ExitCode.OK


def command(verbs: Sequence[Verb] = VERBS) -> TyperGroup:
    application = typer.Typer(
        name=NAME,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings=CONTEXT_SETTINGS,
    )
    application.callback()(root)
    group = cast("TyperGroup", get_command(application))
    for verb in verbs:
        group.add_command(LazyCommand(verb))
    return group


def _print_version(wanted: bool) -> None:  # noqa: FBT001 -- typer calls it with the flag's value
    if wanted:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit


def root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Feeds an ATS's status changes from Kafka to SEEK as Selection Signals, losing none."""
    del version  # its callback has done all that there is to do


def _explained(error: ConsumerError) -> str:
    if not isinstance(error, BadConfigurationError):
        return f"{NAME}: {error}"
    count = len(error.faults)
    heading = "1 fault" if count == 1 else f"{count} faults"
    lines = [f"{NAME}: {heading} in the configuration", *(f"  - {fault}" for fault in error.faults)]
    return "\n".join([*lines, f"All settings, with their reasons: {NAME} settings"])


def _unforeseen(error: Exception) -> str:
    """Where it happened, but not what was said: that could quote a candidate's data (P11)."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    kind = type(error).__name__
    return (
        f"{frames}{NAME}: stopped by an unforeseen {kind}. Its message is withheld, since it may "
        "quote a record. Nothing further was committed. Please report the lines above."
    )


def _tell(text: str) -> None:
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()
