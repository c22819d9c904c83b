"""The verbs of the command, each imported only when it is called.

The broker, HTTP and sandbox libraries take most of a second to import, so `--help`
and shell completion go by this table alone. The price: a verb's one line of help
stands here as well as in its function; a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand
from typer.main import get_command

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"]}


class Verb(NamedTuple):
    name: str
    place: str
    """`module:name`, of a function that typer can make a command of, or of a group of them."""
    summary: str


VERBS = (
    Verb("run", "consumer.cli.run:run", "Tell SEEK of the status changes in your Kafka."),
    Verb("demo", "consumer.demo.command:demo", "Run the whole job on embedded parts."),
    Verb(
        "sandbox",
        "consumer.sandbox.command:sandbox",
        "Serve a SEEK of your own: tokens, GraphQL, and faults on demand.",
    ),
    Verb("publish", "consumer.cli.publish:publish", "Write status changes from a file to Kafka."),
    Verb(
        "topics",
        "consumer.cli.topics:topics",
        "Show, write down or create topics and rights.",
    ),
    Verb(
        "dlq",
        "consumer.cli.dlq.application:application",
        "See dead letters, understand them, replay them safely.",
    ),
    Verb(
        "check",
        "consumer.cli.check:check",
        "Check the settings, Kafka, registry and SEEK before a run.",
    ),
    Verb(
        "explain",
        "consumer.cli.explain:explain",
        "Show which signal a record comes to, or why it comes to none.",
    ),
    Verb("settings", "consumer.cli.settings:settings", "Show every setting, and where it is from."),
    Verb("version", "consumer.cli.version:version", "Show the versions of this program's parts."),
)


class LazyCommand(TyperCommand):
    """Stands for a verb until it is called; then the real command takes over."""

    def __init__(self, verb: Verb) -> None:
        super().__init__(name=verb.name, help=verb.summary)
        self._verb = verb

    def make_context(  # the types of typer's click are private to it
        self,
        info_name: str | None,
        args: list[str],
        parent: Any = None,  # noqa: ANN401 -- see above
        **extra: Any,  # noqa: ANN401 -- see above
    ) -> Any:  # noqa: ANN401 -- see above
        loaded = load(self._verb)
        if not isinstance(loaded, typer.Typer):
            loaded = _application_of(loaded, self._verb)
        real = get_command(loaded)
        return real.make_context(info_name, args, parent=parent, **extra)


def load(verb: Verb) -> Callable[..., object] | typer.Typer:
    module, name = verb.place.split(":")
    loaded: Callable[..., object] | typer.Typer = getattr(import_module(module), name)
    return loaded


def _application_of(function: Callable[..., object], verb: Verb) -> typer.Typer:
    application = typer.Typer(
        add_completion=False,
        rich_markup_mode="markdown",  # so that docstrings flow with the terminal's width
        context_settings=CONTEXT_SETTINGS,
    )
    application.command(name=verb.name)(function)
    return application
