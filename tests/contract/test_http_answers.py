"""Answers in every form that HTTP/1.1 has, over real sockets, and requests that must not go out."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event

import pytest

from consumer.adapters.clock import SystemClock
from consumer.adapters.seek.sockets import ClientSocket
from consumer.adapters.seek.transport import (
    Connection,
    HttpTransport,
    TransportError,
    TransportLimits,
    verified_tls,
)
from tests.contract.scripted_server import (
    PATIENCE_S,
    Answering,
    Authority,
    Script,
    ScriptedServer,
    answer,
    read_request,
)

OK = answer(b"{}")
STALE = answer(b"stale")
SOON_S = 0.1
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"1;a=b\r\n{\r\n1\r\n}\r\n0\r\nRetry-After: 5\r\n\r\n"
)


@contextmanager
def talking_to(
    script: Script, authority: Authority | None = None
) -> Iterator[tuple[ScriptedServer, HttpTransport]]:
    """Over TLS where there is an authority for it."""
    tls = authority.server_context() if authority else None
    trust = verified_tls(str(authority.ca_file) if authority else None)
    with ScriptedServer(script, tls).running() as server:
        transport = HttpTransport(server.url, trust, SystemClock(), TransportLimits())
        try:
            yield server, transport
        finally:
            transport.close()


def failure_of(transport: HttpTransport, headers: Sequence[tuple[bytes, bytes]] = ()) -> str:
    with pytest.raises(TransportError) as caught:
        transport.post(b"{}", headers, PATIENCE_S)
    assert not caught.value.timed_out
    return caught.value.code


@pytest.mark.parametrize(
    "header",
    [
        (b"X-A", b"1\r\nX-Injected: 1"),
        (b"X-A", b"1\r\n\r\nPOST /other HTTP/1.1"),
        (b"X-A", b"1\n"),
        (b"X-A", b"\r"),
        (b"X-A", b"a\0b"),
        (b"X-A: 1\r\nX-Injected", b"1"),
        (b"X A", b"1"),
        (b"", b"1"),
        (b"Content-Length", b"0"),
        (b"Transfer-Encoding", b"chunked"),
    ],
)
def test_a_header_that_would_change_the_request_is_not_sent(header: tuple[bytes, bytes]) -> None:
    with talking_to(Answering([OK])) as (server, transport):
        assert failure_of(transport, [(b"Accept", b"a/b"), header]) == "LocalProtocolError"
        assert server.connections == 0


def weighs(connection: socket.socket, _over: Event) -> None:
    """Answers with the digest of the body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(100)
    head, _, start = received.partition(b"\r\n\r\n")
    left = int(head.rpartition(b"Content-Length: ")[2]) - len(start)
    digest = hashlib.sha256(start)
    while left:
        part = connection.recv(65_536)
        digest.update(part)
        left -= len(part)
    connection.sendall(answer(digest.hexdigest().encode()))


@pytest.mark.parametrize("size", [0, 1, 44_000, 20_000_003])
@pytest.mark.parametrize("secured", [False, True])
def test_a_body_of_any_size_arrives_whole(
    authority: Authority, size: int, *, secured: bool
) -> None:
    """A large one is more than the system takes at once."""
    body = (bytes(range(251)) * (size // 251 + 1))[:size]
    with talking_to(weighs, authority if secured else None) as (_, transport):
        told = transport.post(body, [], PATIENCE_S).body.decode()
    assert told == hashlib.sha256(body).hexdigest()


class BreakingSocket(ClientSocket):
    def send(self, parts: Sequence[memoryview]) -> Sequence[memoryview]:
        super().send([parts[0][:10]])
        raise BrokenPipeError


def test_a_request_that_was_cut_is_the_last_on_its_connection() -> None:
    """Even where the answer promises that another may follow."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(OK)
        connection = Connection(BreakingSocket(ours), 1_000)
        connection.ask(b"POST / HTTP/1.1\r\n", b"{}")
        http = connection.advance()
        assert http is not None
        assert http.body == b"{}"
        assert connection.is_open
        assert not connection.may_be_used_again
        connection.close()


def test_an_answer_that_comes_too_late_answers_nothing_else() -> None:
    def is_late(connection: socket.socket, over: Event) -> None:
        """With the second; a third request on this connection would be given it."""
        read_request(connection)
        connection.sendall(OK)
        read_request(connection)
        if read_request(connection):
            connection.sendall(STALE)
        over.wait(PATIENCE_S)

    with talking_to(is_late) as (server, transport):
        assert transport.post(b"{}", [], PATIENCE_S).body == b"{}"
        with pytest.raises(TransportError):
            transport.post(b"{}", [], SOON_S)
        assert transport.post(b"{}", [], PATIENCE_S).body == b"{}"
        assert server.connections == 2


@pytest.mark.parametrize("raw", [OK, CHUNKED], ids=["with a length", "in chunks"])
@pytest.mark.parametrize("secured", [False, True])
def test_an_answer_may_come_byte_by_byte(
    authority: Authority, raw: bytes, *, secured: bool
) -> None:
    def dribbles(connection: socket.socket, _over: Event) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while read_request(connection):
            for byte in raw:
                connection.sendall(bytes([byte]))

    with talking_to(dribbles, authority if secured else None) as (server, transport):
        for _ in range(2):
            http = transport.post(b"{}", [], PATIENCE_S)
            assert (http.status, http.body) == (200, b"{}")
        assert server.connections == 1


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_what_is_said_before_the_answer_is_not_the_answer(interim: str) -> None:
    before = f"HTTP/1.1 {interim}\r\nRetry-After: 9\r\n\r\n".encode() * 2
    with talking_to(Answering([before + OK, OK])) as (server, transport):
        http = transport.post(b"{}", [], PATIENCE_S)
        assert (http.status, http.body, http.header(b"retry-after")) == (200, b"{}", None)
        assert transport.post(b"{}", [], PATIENCE_S).body == b"{}"
        assert server.connections == 1


def test_headers_behind_a_body_are_no_headers_of_the_answer() -> None:
    with talking_to(Answering([CHUNKED, OK])) as (server, transport):
        http = transport.post(b"{}", [], PATIENCE_S)
        assert (http.body, http.header(b"retry-after")) == (b"{}", None)
        assert transport.post(b"{}", [], PATIENCE_S).status == 200
        assert server.connections == 1


def test_without_a_length_a_body_ends_with_the_connection() -> None:
    raw = b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>" + b"x" * 30_000
    with talking_to(Answering([raw])) as (_, transport):
        http = transport.post(b"{}", [], PATIENCE_S)
    assert (http.status, len(http.body)) == (502, 30_006)


@pytest.mark.parametrize(
    "raw",
    [
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0").replace(
            b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"
        ),
    ],
)
def test_a_connection_is_not_used_against_the_servers_word(raw: bytes) -> None:
    def answers_on(connection: socket.socket, over: Event) -> None:
        """Leaves it open all the same."""
        read_request(connection)
        connection.sendall(raw)
        over.wait(PATIENCE_S)

    with talking_to(answers_on) as (server, transport):
        for _ in range(2):
            assert transport.post(b"{}", [], PATIENCE_S).body == b"{}"
        assert server.connections == 2


@pytest.mark.parametrize("extra", [STALE, b"x", STALE[:20]], ids=["answer", "byte", "part"])
@pytest.mark.parametrize("secured", [False, True])
@pytest.mark.parametrize("size", [2, 8_192 + 8_000 - len(answer(b"x" * 8_000)), 20_000])
def test_what_nobody_asked_is_never_taken_for_an_answer(
    authority: Authority, extra: bytes, size: int, *, secured: bool
) -> None:
    """Sent together with the answer: then it is in the same packet, or record of TLS. One of
    the sizes makes an answer that is as long as what is received at once."""

    def says_more(connection: socket.socket, _over: Event) -> None:
        while read_request(connection):
            connection.sendall(answer(b"x" * size) + extra)

    with talking_to(says_more, authority if secured else None) as (server, transport):
        for _ in range(3):
            assert transport.post(b"{}", [], PATIENCE_S).body == b"x" * size
        assert server.connections == 3


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n" + OK,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 2OO OK\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    ],
)
def test_what_is_no_whole_answer_is_a_failure(raw: bytes) -> None:
    with talking_to(Answering([raw])) as (_, transport):
        assert failure_of(transport) == "RemoteProtocolError"


@pytest.mark.parametrize("size", [100 * 1_024, 100 * 1_024 + 1])
def test_a_head_is_bounded(size: int) -> None:
    raw = b"HTTP/1.1 204 No Content\r\nX: ".ljust(size - 4, b"x") + b"\r\n\r\n"
    with talking_to(Answering([raw])) as (_, transport):
        if size <= 100 * 1_024:
            assert transport.post(b"{}", [], PATIENCE_S).status == 204
        else:
            assert failure_of(transport) == "RemoteProtocolError"
