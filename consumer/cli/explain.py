"""`seek-signals explain`: what one record comes to, field by field, or why it is not sent."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, cast

import orjson
import typer
from confluent_kafka import Consumer

from consumer.adapters.avro.registry import Registry, connect
from consumer.adapters.telemetry.kafka_logs import kafka_logger
from consumer.adapters.telemetry.logs import configure_logging
from consumer.cli.config import ConfigOption, file_settings
from consumer.cli.connecting import understanding_of
from consumer.cli.dlq.printing import JsonOption, console, print_json, shown, table_of
from consumer.errors import ExitCode
from consumer.explaining.explanation import Explanation, Told, explanation, told
from consumer.explaining.records import NoRecordError, Place, value_at, written
from consumer.settings.load import Connections, load_connections


def explain(
    place: Annotated[
        str | None,
        typer.Argument(metavar="[TOPIC/PARTITION/OFFSET]", help="A record in Kafka."),
    ] = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="A record's value as its bytes are, or an event as `publish` takes it. "
            "- reads stdin.",
        ),
    ] = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show ids and tokens: candidates' data.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show which signal a record comes to, or why it comes to none.

    Each field with the one of the event that it is from. Sends and commits nothing. Ends with
    exit code 1 for a record that would become a dead letter. What may tell of a person is
    masked unless --reveal is given.
    """
    if (place is None) == (file is None):
        msg = "name one record: TOPIC/PARTITION/OFFSET, or --file FILE"
        raise NoRecordError(msg)
    configure_logging("warning", "auto")
    settings = load_connections(os.environ, file_settings(os.environ, config))
    explained = _of_file(file, settings) if file else _of_kafka(place or "", settings)
    result = told(explained, reveal=reveal)
    if as_json:
        print_json({"record": place or str(file), **result})
    else:
        print_explanation(result)
    raise typer.Exit(ExitCode.FAILED if explained.refused else ExitCode.OK)


def _of_kafka(place: str, settings: Connections) -> Explanation:
    wanted = Place.parsed(place)
    consumer = Consumer(settings.kafka.reading_config(), logger=kafka_logger(name="explain"))
    try:
        value = value_at(consumer, wanted)
    finally:
        consumer.close()
    return _asking_registry(value, settings)


def _of_file(file: Path, settings: Connections) -> Explanation:
    content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    event = written(content)
    if event is None:
        return _asking_registry(content, settings)
    return _explained(event.value, event, settings)


def _asking_registry(value: bytes | None, settings: Connections) -> Explanation:
    registry = connect(settings.registry.client_config())
    try:
        return _explained(value, registry, settings)
    finally:
        registry.close()


def _explained(value: bytes | None, registry: Registry, settings: Connections) -> Explanation:
    return explanation(value, registry, understanding_of(settings, registry))


def print_explanation(result: Told) -> None:
    out = console()
    out.print("event", style="bold")
    out.print(shown(_indented(result["event"])))
    out.print(f"\n{result['outcome']}", style="bold")
    if "fields" in result:
        fields = cast("list[dict[str, object]]", result["fields"])
        rows = [[str(f["field"]), _text(f["value"]), str(f["from"])] for f in fields]
        out.print(table_of(["field", "value", "from the event's"], rows))
    for name in ("reason", "stage", "why", "advice"):
        if name in result:
            out.print(shown(f"{name}: {result[name]}"))
    for code, what in cast("dict[str, str]", result.get("warnings", {})).items():
        out.print(shown(f"warning: {code}: {what}"))


def _indented(event: object) -> str:
    if isinstance(event, str):
        return event
    return orjson.dumps(event, option=orjson.OPT_INDENT_2, default=_text).decode()


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return "null" if value is None else str(value)
