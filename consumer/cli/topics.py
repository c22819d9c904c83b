"""`seek-signals topics`: what the service needs of Kafka, shown, written down or made."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final

import typer

from consumer.adapters.telemetry.logs import configure_logging
from consumer.cli.config import ConfigOption, file_settings
from consumer.cli.connecting import admin_client, names_of
from consumer.cli.dlq.printing import console, table_of
from consumer.settings.load import load_connections
from consumer.topics.cluster import create, partitions
from consumer.topics.plan import Plan, Topic, plan
from consumer.topics.writing import Deployment, commands, strimzi

_TOPICS: Final = ("topic", "now", "partitions", "settings", "what for")
_RIGHTS: Final = ("user", "resource", "name", "operations")


class Form(StrEnum):
    TABLE = "table"
    COMMANDS = "commands"
    STRIMZI = "strimzi"


def topics(  # noqa: PLR0913 -- options of a command
    *,
    form: Annotated[
        Form,
        typer.Option(
            "--as", help="For people; for a shell with Kafka's tools; for Strimzi's operator."
        ),
    ] = Form.TABLE,
    make: Annotated[
        bool, typer.Option("--create", help="Create what is missing of the service's own topics.")
    ] = False,
    with_sources: Annotated[
        bool,
        typer.Option("--with-sources", help="The sources too: with --create, in commands, YAML."),
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask Kafka what there is already.")
    ] = False,
    replication: Annotated[
        int | None,
        typer.Option(min=1, help="Replicas of each topic. Default: the broker's own default."),
    ] = None,
    service_user: Annotated[
        str, typer.Option(metavar="NAME", help="User that the service connects as.")
    ] = "seek-signals",
    operator_user: Annotated[
        str, typer.Option(metavar="NAME", help="User of those who replay dead letters.")
    ] = "seek-signals-operator",
    config: ConfigOption = None,
) -> None:
    """Show, write down or create topics and rights.

    All that the service needs of Kafka, and who replays dead letters. Rights are for
    `kafka-acls` or Strimzi: this command grants none. A topic that exists stays as it is.
    """
    configure_logging("warning", "auto")
    settings = load_connections(os.environ, file_settings(os.environ, config))
    names = names_of(settings.source)
    admin = None if offline and not make else admin_client(settings.kafka)
    known: Mapping[str, int] = {} if admin is None else partitions(admin, names.all)
    planned = plan(names, {name: known[name] for name in names.sources if name in known})
    wanted = [t for t in planned.topics if with_sources or t.name not in planned.sources]
    if make and admin is not None:
        missing = [topic for topic in wanted if topic.name not in known]
        create(admin, missing, replication)
        _say_created(missing)
        return
    bootstrap = settings.kafka.plain["bootstrap.servers"]
    to = Deployment(bootstrap, replication, service_user, operator_user)
    _print(form, planned, wanted, to, None if admin is None else known)


def _say_created(made: Sequence[Topic]) -> None:
    for topic in made:
        typer.echo(f"created {topic.name}, {topic.partitions} partitions")
    if not made:
        typer.echo("nothing to create: all topics exist")


def _print(
    form: Form,
    planned: Plan,
    wanted: Sequence[Topic],
    to: Deployment,
    known: Mapping[str, int] | None,
) -> None:
    """`known`: the partitions of the topics that exist; None when nobody asked."""
    match form:
        case Form.COMMANDS:
            typer.echo("\n".join(commands(planned, wanted, to)))
        case Form.STRIMZI:
            typer.echo("\n---\n".join(strimzi(planned, wanted, to)))
        case Form.TABLE:
            _print_tables(planned, to, known)


def _print_tables(planned: Plan, to: Deployment, known: Mapping[str, int] | None) -> None:
    topics_ = [
        (
            topic.name,
            _now(topic, known),
            str(topic.partitions),
            ", ".join(f"{name}={value}" for name, value in topic.config.items()),
            topic.why,
        )
        for topic in planned.topics
    ]
    rights = [
        (user, grant.kind.value, grant.name, ", ".join(grant.operations))
        for user, grants in ((to.service, planned.of_service), (to.operator, planned.operator))
        for grant in grants
    ]
    out = console()
    out.print(table_of(_TOPICS, topics_))
    out.print()
    out.print(table_of(_RIGHTS, rights))


def _now(topic: Topic, known: Mapping[str, int] | None) -> str:
    if known is None:
        return "not asked"
    if topic.name not in known:
        return "missing"
    there = known[topic.name]
    return "there" if there == topic.partitions else f"there, {there} partitions"
