"""`seek-signals publish` on the embedded Kafka, with a registry of a dozen lines."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fastavro
import orjson
import pytest
from confluent_kafka import Consumer, TopicPartition

from consumer.cli.application import run_application
from consumer.demo.mock_cluster import mock_cluster
from consumer.errors import ExitCode

TOPICS = {
    "ats.application-status-changed": 2,
    "ats.position-status-changed": 2,
    "ats.application-completed": 1,
}
COMPLETED = {
    "type": "application_completed",
    "eventId": "e1",
    "applicationId": "app-1",
    "occurredAt": "2026-01-31T09:00:00Z",
    "seekToken": "global-1",
    "completedAt": "2026-01-31T09:00:00.250Z",
}
PATIENCE_S = 20.0


class Subjects(BaseHTTPRequestHandler):
    """Registers whatever it is given; ids count from 1."""

    registered: dict[str, str]

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        subject = self.path.split("/")[2].split("?")[0]
        self.registered[subject] = json.loads(self.rfile.read(size))["schema"]
        answer = json.dumps({"id": len(self.registered)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Says nothing."""


@contextmanager
def registry() -> Iterator[tuple[str, dict[str, str]]]:
    registered: dict[str, str] = {}
    handler = type("Handler", (Subjects,), {"registered": registered})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", registered
        server.shutdown()
        thread.join()


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, dict[str, str]]]:
    """The bootstrap address, and subject → schema."""
    with mock_cluster(TOPICS) as cluster, registry() as (url, registered):
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrap)
        monkeypatch.setenv("SCHEMA_REGISTRY_URL", url)
        yield cluster.bootstrap, registered


def publish(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        run_application(["publish", *arguments])
    return ended.value.code


def records(bootstrap: str, topic: str, count: int) -> list[tuple[bytes | None, bytes | None]]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test"})
    consumer.assign([TopicPartition(topic, p, 0) for p in range(TOPICS[topic])])
    read: list[tuple[bytes | None, bytes | None]] = []
    while len(read) < count:
        message = consumer.poll(PATIENCE_S)
        assert message is not None
        assert message.error() is None
        read.append((message.key(), message.value()))
    consumer.close()
    return read


def test_a_file_is_on_its_topic_as_framed_avro_under_a_registered_schema(
    surroundings: tuple[str, dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bootstrap, registered = surroundings
    file = tmp_path / "events.ndjson"
    file.write_bytes(orjson.dumps(COMPLETED) + b"\n")

    assert publish(str(file)) == ExitCode.OK
    assert "1 of 1 lines confirmed by Kafka" in capsys.readouterr().out
    ((key, value),) = records(bootstrap, "ats.application-completed", 1)
    schema = fastavro.parse_schema(json.loads(registered["ats.application-completed-value"]))
    assert key == b"app-1"
    assert value is not None
    assert value[:5] == b"\x00\x00\x00\x00\x01"
    event = fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)
    assert isinstance(event, dict)
    assert event["seekToken"] == "global-1"
    assert event["completedAt"].isoformat() == "2026-01-31T09:00:00.250000+00:00"


def test_bad_lines_are_left_out_and_fail_the_command(
    surroundings: tuple[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bootstrap, _ = surroundings
    lines = [COMPLETED, {**COMPLETED, "completedAt": None}, {**COMPLETED, "applicationId": "app-3"}]
    monkeypatch.setattr(
        "sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n".join(map(orjson.dumps, lines))))
    )

    assert publish("-", "--topic", "application_completed=ats.application-completed") == 1
    told = capsys.readouterr()
    assert "line 2: completedAt: " in told.err
    assert "2 of 3 lines confirmed by Kafka\n1 bad, not published: 2\n" in told.out
    assert [key for key, _ in records(bootstrap, "ats.application-completed", 2)] == [
        b"app-1",
        b"app-3",
    ]


@pytest.mark.usefixtures("surroundings")
def test_lines_that_kafka_does_not_confirm_are_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join([orjson.dumps(COMPLETED)] * 3))

    assert publish(str(file), "--timeout", "1") == ExitCode.FAILED
    told = capsys.readouterr()
    assert "0 of 3 lines confirmed" in told.out
    assert "3 not confirmed (they may still have been written): 1-3" in told.out
    assert "check KAFKA_BOOTSTRAP_SERVERS" in told.err


def test_without_its_settings_it_lists_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "SCHEMA_REGISTRY_URL"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "events.ndjson"
    file.touch()

    assert run_application(["publish", str(file)]) == ExitCode.BAD_CONFIGURATION
    told = capsys.readouterr().err
    assert "KAFKA_BOOTSTRAP_SERVERS" in told
    assert "SCHEMA_REGISTRY_URL" in told
