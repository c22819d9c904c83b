"""The transport over real sockets: what it sends, and that nothing makes it wait too long."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Protocol

import pytest

from consumer.adapters.clock import SystemClock
from consumer.adapters.seek.transport import (
    HttpTransport,
    TransportError,
    TransportLimits,
    verified_tls,
)
from consumer.errors import BadConfigurationError
from tests.contract.scripted_server import (
    PATIENCE_S,
    Answering,
    Authority,
    Script,
    ScriptedServer,
    answer,
    read_request,
)

OK = answer(b'{"data":{"sendSignals":true}}')
SOON_S = 0.3
"""The bound in tests of a bound; an answer that keeps within it takes a hundredth."""
FAR_BELOW_ENDLESS_S = 5.0


class Open(Protocol):
    def __call__(
        self,
        script: Script,
        *,
        tls: ssl.SSLContext | None = None,
        trusted: Path | None = None,
        limits: TransportLimits | None = None,
    ) -> tuple[ScriptedServer, HttpTransport]: ...


@pytest.fixture
def open_transport() -> Iterator[Open]:
    """Starts a server with a script and gives the transport to it."""
    with ExitStack() as stack:

        def start(
            script: Script,
            *,
            tls: ssl.SSLContext | None = None,
            trusted: Path | None = None,
            limits: TransportLimits | None = None,
        ) -> tuple[ScriptedServer, HttpTransport]:
            server = stack.enter_context(ScriptedServer(script, tls).running())
            trust = verified_tls(str(trusted) if trusted else None)
            transport = HttpTransport(server.url, trust, SystemClock(), limits or TransportLimits())
            stack.callback(transport.close)
            return server, transport

        yield start


def failure_of(transport: HttpTransport, body: bytes = b"{}", total_s: float = SOON_S) -> str:
    """What the failure was, having taken no longer than it may."""
    began_s = monotonic()
    with pytest.raises(TransportError) as caught:
        transport.post(body, [], total_s)
    assert monotonic() - began_s < FAR_BELOW_ENDLESS_S
    return f"{'timed out' if caught.value.timed_out else 'failed'}: {caught.value.code}"


def test_a_request_goes_out_as_given(open_transport: Open) -> None:
    script = Answering([answer(b"{}", "418 I'm a teapot", "X-A: 1")])
    server, transport = open_transport(script)
    http = transport.post(b"\x00body", [(b"X-Request-Id", b"r1")], PATIENCE_S)
    assert (http.status, http.body, http.header(b"x-a")) == (418, b"{}", "1")
    received = script.received[0]
    assert received.target == "POST /graphql HTTP/1.1"
    assert received.body == b"\x00body"
    assert received.headers == {
        "host": f"127.0.0.1:{server.port}",
        "x-request-id": "r1",
        "content-length": "5",
    }


def test_a_header_that_is_absent_is_none(open_transport: Open) -> None:
    _, transport = open_transport(Answering([OK]))
    assert transport.post(b"", [], PATIENCE_S).header(b"retry-after") is None


def test_a_server_with_a_trusted_certificate_is_talked_to(
    open_transport: Open, authority: Authority
) -> None:
    _, transport = open_transport(
        Answering([OK]), tls=authority.server_context(), trusted=authority.ca_file
    )
    assert transport.post(b"{}", [], PATIENCE_S).status == 200


def test_a_server_with_an_unknown_authority_is_not(
    open_transport: Open, authority: Authority
) -> None:
    script = Answering([OK])
    _, transport = open_transport(script, tls=authority.server_context())
    failure = failure_of(transport, total_s=PATIENCE_S)
    assert failure.startswith("failed: SSLCertVerificationError, ")
    assert "unable to get local issuer certificate" in failure
    assert script.received == []


def test_a_server_with_a_certificate_for_another_is_not(
    open_transport: Open, authority: Authority
) -> None:
    script = Answering([OK])
    tls = authority.server_context("127.0.0.2")
    _, transport = open_transport(script, tls=tls, trusted=authority.ca_file)
    failure = failure_of(transport, total_s=PATIENCE_S)
    assert failure.startswith("failed: SSLCertVerificationError, ")
    assert "127.0.0.1" in failure
    assert script.received == []


def test_tls_is_new_enough_and_always_verified(authority: Authority) -> None:
    for context in (verified_tls(), verified_tls(str(authority.ca_file))):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_authorities_that_cannot_be_read_are_a_fault_of_configuration(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadConfigurationError, match=str(file)):
        verified_tls(str(file))


@pytest.mark.parametrize("secured", [False, True])
def test_a_connection_is_used_again(
    open_transport: Open, authority: Authority, *, secured: bool
) -> None:
    tls = authority.server_context() if secured else None
    script = Answering([OK, OK, OK])
    server, transport = open_transport(script, tls=tls, trusted=authority.ca_file)
    for _ in range(3):
        assert transport.post(b"{}", [], PATIENCE_S).status == 200
    assert server.connections == 1


def test_a_connection_that_the_server_closed_is_not(open_transport: Open) -> None:
    closed = Event()

    def closes_after_one(connection: socket.socket, _over: Event) -> None:
        read_request(connection)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    server, transport = open_transport(closes_after_one)
    assert transport.post(b"{}", [], PATIENCE_S).status == 200
    assert closed.wait(PATIENCE_S)
    assert transport.post(b"{}", [], PATIENCE_S).status == 200
    assert server.connections == 2


def test_a_connection_idle_for_too_long_is_not(open_transport: Open) -> None:
    limits = TransportLimits(idle_s=0.0)
    server, transport = open_transport(Answering([OK, OK]), limits=limits)
    for _ in range(2):
        assert transport.post(b"{}", [], PATIENCE_S).status == 200
    assert server.connections == 2


def test_a_redirect_is_an_answer_and_not_followed(open_transport: Open) -> None:
    script = Answering([answer(b"", "307 Temporary Redirect", "Location: /elsewhere"), OK])
    _, transport = open_transport(script)
    assert transport.post(b"{}", [], PATIENCE_S).status == 307
    assert len(script.received) == 1


@pytest.mark.parametrize("size", [1_000, 1_001])
def test_an_answer_beyond_the_bound_has_no_body(open_transport: Open, size: int) -> None:
    limits = TransportLimits(answer_max_bytes=1_000)
    server, transport = open_transport(Answering([answer(b"x" * size), OK]), limits=limits)
    assert len(transport.post(b"{}", [], PATIENCE_S).body) == (size if size <= 1_000 else 0)
    assert transport.post(b"{}", [], PATIENCE_S).status == 200
    assert server.connections == (1 if size <= 1_000 else 2)


def test_an_answer_may_come_in_chunks(open_transport: Open) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n1\r\n \r\n0\r\n\r\n"
    _, transport = open_transport(Answering([chunked]))
    assert transport.post(b"", [], PATIENCE_S).body == b"{} "


def test_an_early_refusal_is_read_though_the_request_was_cut(open_transport: Open) -> None:
    """The server closes with most of the request unread, which breaks our pipe."""

    def refuses_unread(connection: socket.socket, _over: Event) -> None:
        connection.recv(1_000)
        connection.sendall(answer(b"too large", "413 Content Too Large", "Connection: close"))

    _, transport = open_transport(refuses_unread)
    assert transport.post(b"x" * (32 << 20), [], PATIENCE_S).status == 413


def test_nobody_listening_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    transport = HttpTransport(
        f"http://127.0.0.1:{port}/", verified_tls(), SystemClock(), TransportLimits()
    )
    assert failure_of(transport, total_s=PATIENCE_S) == "failed: ConnectionRefusedError"


def test_a_name_that_cannot_exist_is_a_failure() -> None:
    transport = HttpTransport(
        f"http://{'a' * 64}.invalid/", verified_tls(), SystemClock(), TransportLimits()
    )
    assert failure_of(transport, total_s=PATIENCE_S) == "failed: gaierror"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (None, "RemoteProtocolError"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{",
            "RemoteProtocolError",
        ),
        (b"SSH-2.0-OpenSSH\r\nConnection: close\r\n\r\n", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, "RemoteProtocolError"),
    ],
)
def test_what_is_no_http_is_a_failure(open_transport: Open, reply: bytes | None, code: str) -> None:
    _, transport = open_transport(Answering([reply]))
    assert failure_of(transport, total_s=PATIENCE_S) == f"failed: {code}"


def test_a_connection_that_breaks_is_a_failure(open_transport: Open) -> None:
    def resets(connection: socket.socket, _over: Event) -> None:
        read_request(connection)
        linger_off = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_off)

    _, transport = open_transport(resets)
    assert failure_of(transport, total_s=PATIENCE_S) == "failed: ConnectionResetError"


def silent(connection: socket.socket, over: Event) -> None:
    read_request(connection)
    over.wait(PATIENCE_S)


def deaf(_connection: socket.socket, over: Event) -> None:
    over.wait(PATIENCE_S)


def dripping(head: bytes) -> Script:
    """Sends one more byte every so often, for as long as anyone listens."""

    def drip(connection: socket.socket, over: Event) -> None:
        read_request(connection)
        connection.sendall(head)
        while not over.wait(SOON_S / 10):
            connection.sendall(b"x")

    return drip


@pytest.mark.parametrize(
    "script",
    [
        silent,
        dripping(b"HTTP/1.1 200 OK\r\nX-Endless: "),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
    ids=["silent", "dripping headers", "dripping body", "dripping without a length"],
)
def test_an_answer_is_cut_off_when_its_time_is_over(open_transport: Open, script: Script) -> None:
    _, transport = open_transport(script)
    assert failure_of(transport) == "timed out: TimeoutError"


def test_a_server_that_does_not_read_is_cut_off(open_transport: Open) -> None:
    _, transport = open_transport(deaf)
    assert failure_of(transport, body=b"x" * (32 << 20)) == "timed out: TimeoutError"


def test_a_server_that_reads_too_slowly_is_cut_off(open_transport: Open) -> None:
    def sips(connection: socket.socket, over: Event) -> None:
        while not over.wait(SOON_S / 10):
            connection.recv(65_536)

    _, transport = open_transport(sips)
    assert failure_of(transport, body=b"x" * (32 << 20)) == "timed out: TimeoutError"


def test_a_handshake_has_as_long_as_a_connection(open_transport: Open) -> None:
    limits = TransportLimits(connect_s=SOON_S)
    server, _ = open_transport(deaf)
    transport = HttpTransport(
        server.url.replace("http:", "https:"), verified_tls(), SystemClock(), limits
    )
    assert failure_of(transport, total_s=PATIENCE_S) == "timed out: TimeoutError"


def test_no_time_left_sends_nothing(open_transport: Open) -> None:
    server, transport = open_transport(Answering([OK]))
    assert failure_of(transport, total_s=0.0) == "timed out: TimeoutError"
    assert server.connections == 0


def test_a_failed_request_leaves_the_transport_usable(open_transport: Open) -> None:
    _, transport = open_transport(Answering([None, OK]))
    failure_of(transport, total_s=PATIENCE_S)
    assert transport.post(b"{}", [], PATIENCE_S).status == 200
