"""`seek-signals check`: whether the real surroundings fit, each line with what to do."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Annotated, Final

import typer
from confluent_kafka import Consumer
from rich.console import Console
from rich.text import Text

from consumer.adapters.avro.registry import RegistryClient, connect
from consumer.adapters.clock import SystemClock
from consumer.adapters.telemetry.kafka_logs import kafka_logger
from consumer.adapters.telemetry.logs import configure_logging
from consumer.app import USER_AGENT, tls_of, token_endpoint, transport_to
from consumer.cli.config import ConfigOption, file_settings
from consumer.cli.connecting import names_of, understanding_of
from consumer.cli.dlq.printing import JsonOption, console, print_json, shown
from consumer.errors import ExitCode
from consumer.letters.errors import LettersError
from consumer.preflight import schemas, topics
from consumer.preflight.broker import AwayError, Broker, newest
from consumer.preflight.findings import Finding, Level, fault, ok, warning, worst
from consumer.preflight.partner import Partner, certificate, credentials_age
from consumer.preflight.sampling import Sample
from consumer.settings import Settings, load_settings

_STYLES: Final = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "bold red"}
_REGISTRY_DO: Final = "check SCHEMA_REGISTRY_URL, its credentials and the network"


def check(
    *,
    sample: Annotated[
        int, typer.Option(min=0, help="Newest records of each topic to try; 0 reads none.")
    ] = 200,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Check the settings, Kafka, registry and SEEK before a run.

    Only looks: joins no group, commits nothing, writes to no topic, sends no signal. Each
    line says ok, warning or fault, and what to do. Exit code 0 without faults, 1 with some.
    """
    configure_logging("error", "auto")
    settings = load_settings(os.environ, file_settings(os.environ, config))
    out, found = console(), list[Finding]()
    for finding in _findings(settings, sample):
        found.append(finding)
        if not as_json:
            print_finding(out, finding)
    level = worst(found)
    if as_json:
        findings = [finding._asdict() for finding in found]
        print_json({"result": level.value, "findings": findings})
    else:
        _print_sum(out, found)
    raise typer.Exit(ExitCode.FAILED if level is Level.FAULT else ExitCode.OK)


def _findings(settings: Settings, sample: int) -> Iterator[Finding]:
    yield from _of_settings(settings)
    with ExitStack() as closing:
        registry = connect(settings.registry.client_config())
        closing.callback(registry.close)
        yield from _of_kafka(settings, registry, sample, closing)
        yield from schemas.judged(
            settings.source.sources,
            partial(schemas.newest_of, registry.client),
            settings.source.ignore_types,
        )
        yield from _of_seek(settings, closing)


def _of_settings(settings: Settings) -> Iterator[Finding]:
    yield ok("settings", "complete, and fit together")
    for text in settings.warnings:
        said, _, do = text.partition(": ")
        yield warning("settings", said, do or "see seek-signals settings")


def _of_kafka(
    settings: Settings, registry: RegistryClient, sample: int, closing: ExitStack
) -> Iterator[Finding]:
    names, broker = names_of(settings.source), Broker.of(settings.kafka.admin_config())
    try:
        yield ok("kafka", f"reachable, {broker.size()} brokers")
        facts = broker.facts(names.all, names.group)
        yield from topics.judged(names, facts)
        sizes = {n: facts.topics[n].partitions for n in names.sources if n in facts.topics}
        if sample and sizes:
            yield from _of_records(settings, registry, sizes, sample, closing)
    except AwayError as error:
        yield fault("kafka", error.code, error.do)


def _of_records(
    settings: Settings,
    registry: RegistryClient,
    sizes: dict[str, int],
    most: int,
    closing: ExitStack,
) -> Iterator[Finding]:
    """Raises AwayError."""
    consumer = Consumer(settings.kafka.reading_config(), logger=kafka_logger(name="check"))
    closing.callback(consumer.close)
    understood = understanding_of(settings, registry)
    for topic, partitions in sizes.items():
        sample = Sample(topic)
        try:
            for message in newest(consumer, topic, partitions, most):
                judged = understood.judge(message.value())
                sample.add(message.partition() or 0, message.offset() or 0, judged)
        except LettersError as error:
            yield fault("registry", str(error), _REGISTRY_DO)
            return
        yield from sample.findings()


def _of_seek(settings: Settings, closing: ExitStack) -> Iterator[Finding]:
    seek, clock, tls = settings.seek, SystemClock(), tls_of(settings)
    for url in dict.fromkeys((seek.token_url, seek.endpoint)):
        yield from certificate(url, tls)
    yield from credentials_age(seek.client_secret_file, time.time())
    signals = transport_to(seek.endpoint, settings, clock, closing)
    tokens = token_endpoint(settings, clock, closing)
    plays = "the Playground" if seek.playground else "live SEEK"
    yield from Partner(tokens, signals, clock, USER_AGENT, plays).findings()


def print_finding(out: Console, finding: Finding) -> None:
    line = Text.assemble(
        (f"{finding.level.value:8}", _STYLES[finding.level]),
        shown(f"{finding.about}: {finding.said}"),
    )
    out.print(line, soft_wrap=True)
    if finding.do:
        out.print(shown(f"        → {finding.do}", "dim"), soft_wrap=True)


def _print_sum(out: Console, found: list[Finding]) -> None:
    counts = [sum(f.level is level for f in found) for level in (Level.FAULT, Level.WARNING)]
    out.print(f"{counts[0]} faults, {counts[1]} warnings, {len(found)} checks in all")
