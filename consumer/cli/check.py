"""`seek-signals check`: whether the real surroundings fit, each line with what to do."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from confluent_kafka import Consumer
from rich.console import Console
from rich.text import Text

from consumer.adapters.avro.registry import RegistryClient, connect
from consumer.adapters.clock import SystemClock
from consumer.adapters.seek.transport import verified_tls
from consumer.adapters.telemetry.kafka_logs import kafka_logger
from consumer.adapters.telemetry.logs import configure_logging
from consumer.app import USER_AGENT, tls_of, token_endpoint, transport_to
from consumer.cli.config import ConfigOption, file_settings
from consumer.cli.connecting import names_of, understanding_of
from consumer.cli.dlq.printing import JsonOption, console, print_json, shown
from consumer.errors import BadConfigurationError, ExitCode
from consumer.letters.errors import LettersError
from consumer.preflight import schemas, topics
from consumer.preflight.broker import AwayError, Broker, newest
from consumer.preflight.findings import Finding, Level, fault, ok, warning, worst
from consumer.preflight.partner import Partner
from consumer.preflight.sampling import Sample, fit
from consumer.preflight.trust import (
    address_of,
    broker_certificates,
    certificate,
    credentials_age,
)
from consumer.settings import Settings, load_settings
from consumer.settings.names import FILE_SUFFIX, is_ours

_STYLES: Final = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "bold red"}
_NO_SECRET: Final = "SEEK_CLIENT_ID_FILE"  # noqa: S105 -- the name of what is no secret
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
    line says ok, warning or fault, and what to do. Exit code 0 without faults, 1 with some, 2 when
    the settings themselves are faulty.
    """
    configure_logging("error", "auto")
    try:
        file = file_settings(os.environ, config)
        settings = load_settings(os.environ, file)
    except BadConfigurationError as error:
        if not as_json:
            raise
        do = "see seek-signals settings"
        _print_json([fault("settings", text, do) for text in error.faults])
        raise typer.Exit(error.exit_code) from None
    out, found = console(), list[Finding]()
    for finding in _findings(settings, dict(_secret_files(os.environ, file)), sample):
        found.append(finding)
        if not as_json:
            print_finding(out, finding)
    if as_json:
        _print_json(found)
    else:
        _print_sum(out, found)
    raise typer.Exit(ExitCode.FAILED if worst(found) is Level.FAULT else ExitCode.OK)


def _findings(settings: Settings, secrets: Mapping[str, Path], sample: int) -> Iterator[Finding]:
    """`secrets`: their files, by the settings that name them."""
    yield from _of_settings(settings)
    for name, file in secrets.items():
        yield from credentials_age(name, file, time.time())
    yield from _of_tls(settings)
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


def _secret_files(
    environ: Mapping[str, str], file: Mapping[str, object]
) -> Iterator[tuple[str, Path]]:
    """The settings that name the file of a secret, and that file."""
    merged = {**file, **environ}
    for name in sorted(merged):
        if is_ours(name) and name.endswith(FILE_SUFFIX) and name != _NO_SECRET:
            yield name, Path(str(merged[name]))


def _of_tls(settings: Settings) -> Iterator[Finding]:
    now_s, ca = time.time(), settings.registry.ssl_ca_location
    yield from broker_certificates(settings.kafka.admin_config(), now_s)
    tls = {
        settings.registry.url: verified_tls(None if ca is None else str(ca)),
        settings.seek.token_url: tls_of(settings),
        settings.seek.endpoint: tls_of(settings),
    }
    by_address = {address_of(url): of_url for url, of_url in tls.items()}
    for at, of_url in by_address.items():
        if at is not None:
            yield from certificate(at, of_url, now_s)


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
    understood, samples = understanding_of(settings, registry), list[Sample]()
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
        samples.append(sample)
    yield from fit(samples, _plays(settings))


def _of_seek(settings: Settings, closing: ExitStack) -> Iterator[Finding]:
    clock = SystemClock()
    signals = transport_to(settings.seek.endpoint, settings, clock, closing)
    tokens = token_endpoint(settings, clock, closing)
    yield from Partner(tokens, signals, clock, USER_AGENT, _plays(settings)).findings()


def _plays(settings: Settings) -> str:
    return "the Playground" if settings.seek.playground else "live SEEK"


def _print_json(found: list[Finding]) -> None:
    findings = [finding._asdict() for finding in found]
    print_json({"result": worst(found).value, "findings": findings})


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
