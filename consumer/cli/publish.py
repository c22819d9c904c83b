"""`seek-signals publish`: the options, and what the user sees."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer
from rich.console import Console

from consumer.adapters.avro.registry import connect
from consumer.adapters.avro.writer import EventWriter, encode_event
from consumer.cli.config import ConfigOption, file_settings
from consumer.cli.dlq.printing import shown
from consumer.delivery.records import Offset, TopicPartition
from consumer.demo.expectations import Kind
from consumer.demo.publish_progress import progress
from consumer.demo.publish_topics import topics_of
from consumer.demo.publisher import PUBLISHER_DEFAULTS, Publisher, kafka_producer
from consumer.demo.publishing import Account, Encode, Publication, summary
from consumer.errors import ExitCode
from consumer.settings.load import load_connections

_SPARE_S: Final = 5.0  # The client reports each time-out itself; this is for a client that hangs.
_AFTER_INTERRUPT_S: Final = 10.0  # What is under way is confirmed in well under a second.


def publish(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(
            metavar="FILE", help='One JSON object a line, each with a "type". - reads stdin.'
        ),
    ],
    *,
    topic: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE=NAME",
            help="Topic of a type, instead of the settings'. May be given for each type.",
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for Kafka to confirm a line.")
    ] = 60.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check all lines; connect to nothing.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Write status changes from a file to Kafka.

    As Avro in Confluent framing; schemas are registered as TOPIC-value. A line that is no
    event of its type is named and left out. Ends with exit code 0 only when Kafka has
    confirmed every line.
    """
    console = Console(stderr=True, highlight=False)
    account = Account(lambda text: console.print(shown(text), soft_wrap=True))
    if dry_run:
        account.good_word = "good"
        _check(file, account, console)
        return
    outlet = _outlet(config, topic or (), timeout, account)
    try:
        code = _publish(file, outlet, account, console)
    finally:
        outlet.close()
    raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class _Outlet:
    topics: Mapping[Kind, str]
    encode: Encode
    publisher: Publisher
    wait_s: float
    close: Callable[[], None]


def _check(file: BinaryIO, account: Account, console: Console) -> None:
    def confirm(ticket: int, topic: str, _key: bytes, _value: bytes) -> None:
        account.confirmed(ticket, TopicPartition(topic, 0), Offset(0))

    def encode(event_type: str, _topic: str, event: Mapping[str, object]) -> bytes:
        return encode_event(event_type, event, 0)

    topics = dict.fromkeys(Kind, "")
    interrupted = _take(file, Publication(topics, encode, confirm, account), console)
    good, bad = account.confirmed_lines, len(account.bad)
    typer.echo(f"{good:,} of {account.lines:,} lines are good; nothing was published")
    if bad:
        typer.echo(summary(account, unread=interrupted)[1])
    raise typer.Exit(_code(account, interrupted=interrupted))


def _outlet(
    config: Path | None, named: Sequence[str], timeout_s: float, account: Account
) -> _Outlet:
    """Settings to a producer and a registry; connects to the latter at the first event."""
    settings = load_connections(os.environ, file_settings(os.environ, config))
    topics = topics_of(settings.source, named)
    registry = connect(settings.registry.client_config())
    properties = {
        **PUBLISHER_DEFAULTS,
        **settings.kafka.producer_config(),
        "message.timeout.ms": round(timeout_s * 1000),
    }
    publisher = Publisher(kafka_producer(properties, account.tell), account, time.monotonic)
    encode = EventWriter(registry).encode
    return _Outlet(topics, encode, publisher, timeout_s + _SPARE_S, registry.close)


def _publish(file: BinaryIO, outlet: _Outlet, account: Account, console: Console) -> ExitCode:
    publisher = outlet.publisher
    publication = Publication(outlet.topics, outlet.encode, publisher.send, account)
    interrupted = True
    try:
        interrupted = _take(file, publication, console)
    finally:  # Also when the registry stops it: what was sent has to be accounted for.
        _finish(publisher, _AFTER_INTERRUPT_S if interrupted else outlet.wait_s)
        typer.echo("\n".join(summary(account, unread=interrupted)))
    return _code(account, interrupted=interrupted)


def _finish(publisher: Publisher, wait_s: float) -> None:
    try:
        publisher.finish(wait_s)
    except KeyboardInterrupt:
        publisher.give_up("interrupted before Kafka confirmed it")


def _code(account: Account, *, interrupted: bool) -> ExitCode:
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.FAILED if account.bad or account.unconfirmed else ExitCode.OK


def _take(file: BinaryIO, publication: Publication, console: Console) -> bool:
    """Reads to the end of the file; True when Ctrl-C came first."""
    try:
        with progress(file, publication.account, console) as advance:
            for number, text in enumerate(file, start=1):
                publication.take(number, text)
                advance(number, len(text))
    except KeyboardInterrupt:
        return True
    return False
