"""`seek-signals dlq`: see dead letters, understand them, replay them safely."""

from __future__ import annotations

import typer

from consumer.cli.dlq.listing import list_, stats
from consumer.cli.dlq.purging import purge
from consumer.cli.dlq.replaying import replay
from consumer.cli.dlq.showing import show
from consumer.cli.verbs import CONTEXT_SETTINGS


def dlq() -> None:
    """See dead letters, understand them, replay them safely."""


application = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings=CONTEXT_SETTINGS,
)
application.callback()(dlq)
application.command(name="list")(list_)
application.command(name="stats")(stats)
application.command(name="show")(show)
application.command(name="replay")(replay)
application.command(name="purge")(purge)
