"""The port `Registry` on the real client, against answers that registries and proxies give."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BufferedIOBase
from threading import Event, Thread
from typing import Any

import pytest

from consumer.adapters.avro.answer_bounds import ANSWER_MAX_BYTES
from consumer.adapters.avro.registry import (
    Away,
    Fetched,
    RegistryClient,
    RegistryError,
    UnknownId,
    WriterSchema,
    connect,
)
from consumer.errors import BadConfigurationError
from tests.testbed.ports import free_port

NOT_FOUND = (404, {"error_code": 40403, "message": "Schema 7 not found"})
FOUND = (200, {"schema": '"string"'})


@dataclass
class Answering:
    """An HTTP server that gives its answers in turn, the last one for ever."""

    answers: list[tuple[int, object]]
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and `Authorization` of each."""
    port: int = 0
    encoding: str = ""
    drip_s: float = 0.0
    """Between one byte and the next."""
    cut_off: Event = field(default_factory=Event)
    """Whoever asked did not want all of it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str, authorization: str | None) -> tuple[int, bytes]:
        self.requests.append((path, authorization))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()

    def write(self, body: bytes, out: BufferedIOBase) -> None:
        try:
            if not self.drip_s:
                out.write(body)
            for byte in body if self.drip_s else b"":
                out.write(bytes([byte]))
                out.flush()
                self.cut_off.wait(self.drip_s)
        except OSError:
            self.cut_off.set()

    @contextmanager
    def running(self) -> Iterator[Answering]:
        answering = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, body = answering.answer(self.path, self.headers.get("Authorization"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if answering.encoding:
                    self.send_header("Content-Encoding", answering.encoding)
                self.end_headers()
                answering.write(body, self.wfile)

            do_POST = do_GET  # noqa: N815 -- the library's name

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 -- the library's
                del format, args

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            self.port = server.server_port
            thread = Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


@contextmanager
def client(url: str, **config: object) -> Iterator[RegistryClient]:
    """The real client, which does not really sleep between its attempts."""
    connected = connect({"url": url, **config})
    try:
        yield RegistryClient(connected.client, sleep=lambda _: None)
    finally:
        connected.close()


def fetched(*answers: tuple[int, object]) -> tuple[Fetched, int]:
    """What a question comes to, and how many requests it took."""
    with Answering(list(answers)).running() as server, client(server.url) as registry:
        return registry.fetch(7), len(server.requests)


def test_a_schema_is_fetched_by_its_id() -> None:
    with Answering([FOUND]).running() as server, client(server.url) as registry:
        assert registry.fetch(7) == WriterSchema('"string"', "AVRO", references=False)
        assert [path for path, _ in server.requests] == ["/schemas/ids/7"]


def test_the_kind_and_references_of_a_schema_are_told() -> None:
    reference = {"name": "other", "subject": "other-value", "version": 1}
    answer = {"schema": "{}", "schemaType": "JSON", "references": [reference]}

    assert fetched((200, answer))[0] == WriterSchema("{}", "JSON", references=True)


def test_the_registrys_own_not_found_is_an_answer_about_the_id() -> None:
    assert fetched(NOT_FOUND) == (UnknownId(), 1)


@pytest.mark.parametrize(
    "answer",
    [
        (404, b"<html>no such page</html>"),
        (404, {"error_code": 404, "message": "HTTP 404 Not Found"}),
        (401, {"error_code": 401, "message": "Unauthorized"}),
        (403, {"error_code": 40301, "message": "User is denied"}),
        (400, {"error_code": 400}),
        (200, {}),
        (200, b"<html>log in here</html>"),
        (200, []),
        (302, b""),
    ],
)
def test_what_says_nothing_about_the_id_is_an_outage_and_never_poison(
    answer: tuple[int, object],
) -> None:
    result, _ = fetched(answer)

    assert isinstance(result, Away)
    assert result.detail


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again_a_few_times_at_once(status: int) -> None:
    fault = (status, {"error_code": 50001, "message": "Error in the backend"})

    assert isinstance(fetched(fault, FOUND)[0], WriterSchema)
    result, requests = fetched(fault)
    assert isinstance(result, Away)
    assert f"HTTP {status}" in result.detail
    assert requests == 3


def test_refused_credentials_are_not_tried_again_at_once() -> None:
    """Registries lock accounts out; the next question comes with the store's backoff."""
    assert fetched((401, {"error_code": 401, "message": "Unauthorized"}))[1] == 1


def test_nobody_listening_is_an_outage() -> None:
    with client(f"http://user:hush@127.0.0.1:{free_port()}") as registry:
        result = registry.fetch(7)

    assert isinstance(result, Away)
    assert "hush" not in result.detail


def test_a_registry_that_does_not_answer_is_an_outage_in_bounded_time() -> None:
    """Nothing accepts on this socket: the connection stands, and stays silent."""
    with (
        HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent,
        client(f"http://127.0.0.1:{silent.server_port}", timeout=0.05) as registry,
    ):
        assert isinstance(registry.fetch(7), Away)


def test_an_answer_without_end_is_an_outage_and_not_read_to_its_end() -> None:
    endless = (200, b'{"schema": "' + b" " * (2 * ANSWER_MAX_BYTES) + b'"}')
    with Answering([endless]).running() as server, client(server.url) as registry:
        result = registry.fetch(7)
        assert server.cut_off.wait(5.0)
    assert result == Away("UnboundedAnswerError: the answer is larger than 8 MiB")
    assert len(server.requests) == 1


def test_a_schema_of_the_most_that_is_read_fits_however_it_is_escaped() -> None:
    text = "\x01" * (1 << 20)
    assert fetched((200, {"schema": text}))[0] == WriterSchema(text, "AVRO", references=False)


def test_an_answer_that_drips_is_an_outage_in_bounded_time() -> None:
    """No silence is long, but the one thread that looks schemas up would be kept for hours."""
    drip = Answering([(200, b" " * 1_000)], drip_s=0.02)
    with drip.running() as server, client(server.url, timeout=0.2) as registry:
        result = registry.fetch(7)
        assert server.cut_off.wait(5.0)
    assert result == Away("UnboundedAnswerError: the answer takes too long")


def test_a_compressed_answer_is_refused_since_it_may_unpack_to_any_size() -> None:
    packed = Answering([(200, gzip.compress(b'{"schema": "int"}'))], encoding="gzip")
    with packed.running() as server, client(server.url) as registry:
        assert isinstance(registry.fetch(7), Away)


def test_basic_auth_is_passed_on() -> None:
    with (
        Answering([FOUND]).running() as server,
        client(server.url, **{"basic.auth.user.info": "ann:hush"}) as registry,
    ):
        registry.fetch(7)

    credentials = base64.b64encode(b"ann:hush").decode()
    assert server.requests[0][1] == f"Basic {credentials}"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"url": "registry.example:8081"},
        {"url": "http://127.0.0.1", "no.such.property": "1"},
        {"url": "https://127.0.0.1", "ssl.ca.location": "/nowhere/ca.pem"},
        {"url": "http://127.0.0.1", "basic.auth.user.info": "no colon"},
    ],
)
def test_properties_that_cannot_work_are_a_configuration_fault(config: dict[str, object]) -> None:
    with pytest.raises(BadConfigurationError, match="SCHEMA_REGISTRY"):
        connect(config)


def test_a_schema_is_registered_under_its_subject() -> None:
    with Answering([(200, {"id": 12})]).running() as server, client(server.url) as registry:
        assert registry.register("topic-value", '"string"') == 12
        assert server.requests[0][0].startswith("/subjects/topic-value/versions")


def test_a_refused_registration_says_why() -> None:
    refusal = (409, {"error_code": 409, "message": "Schema being registered is incompatible"})
    with (
        Answering([refusal]).running() as server,
        client(server.url) as registry,
        pytest.raises(RegistryError, match=r"topic-value.*incompatible"),
    ):
        registry.register("topic-value", '"string"')
