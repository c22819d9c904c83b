"""Each fault of the TCP proxy is the fault that it is called."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from tests.testbed import TcpProxy, running_proxy

PATIENCE_S = 5.0
SHORT_S = 0.3


class Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while piece := self.request.recv(65_536):
            self.request.sendall(piece)


class EchoServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@pytest.fixture(scope="module")
def target() -> Iterator[tuple[str, int]]:
    with EchoServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield "127.0.0.1", int(server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(target: tuple[str, int]) -> Iterator[TcpProxy]:
    with running_proxy(target) as running:
        yield running


@pytest.fixture
def line(proxy: TcpProxy) -> Iterator[socket.socket]:
    with connected(proxy) as connection:
        yield connection


def connected(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_S)


def echo(line: socket.socket, size: int = 5) -> bytes:
    line.sendall(b"x" * size)
    return heard(line, size)


def heard(line: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size and (piece := line.recv(size - len(received))):
        received += piece
    return received


def test_it_passes_on_what_both_sides_say(line: socket.socket) -> None:
    assert echo(line, 1_000_000) == b"x" * 1_000_000


def test_the_last_bytes_before_an_end_arrive(line: socket.socket) -> None:
    """A server that answers and closes at once is heard to the end."""
    line.sendall(b"x" * 300_000)
    line.shutdown(socket.SHUT_WR)

    assert len(heard(line, 1_000_000)) == 300_000


def test_a_delay_is_felt_both_ways(proxy: TcpProxy, line: socket.socket) -> None:
    proxy.delay(SHORT_S)
    began_s = time.monotonic()

    assert echo(line) == b"xxxxx"
    assert time.monotonic() - began_s >= 2 * SHORT_S


def test_nothing_passes_a_stalled_line_until_it_flows_again(
    proxy: TcpProxy, line: socket.socket
) -> None:
    proxy.stall()
    line.settimeout(SHORT_S)
    with pytest.raises(TimeoutError):
        echo(line)

    line.settimeout(PATIENCE_S)
    proxy.pass_on()

    assert heard(line, 5) == b"xxxxx"


def test_a_stalled_proxy_still_takes_connections(proxy: TcpProxy) -> None:
    proxy.stall()

    with connected(proxy) as late:
        late.settimeout(SHORT_S)
        with pytest.raises(TimeoutError):
            echo(late)


def test_a_dripping_line_gives_a_few_bytes_at_a_time(proxy: TcpProxy, line: socket.socket) -> None:
    proxy.drip(bytes_per_s=100)
    line.sendall(b"x" * 1000)

    assert 0 < len(line.recv(1000)) <= 10


def test_a_cut_resets_what_is_open_and_serves_what_comes(
    proxy: TcpProxy, line: socket.socket
) -> None:
    assert echo(line) == b"xxxxx"

    proxy.cut()

    assert is_over(line)
    with connected(proxy) as again:
        assert echo(again) == b"xxxxx"


def test_a_refusing_proxy_is_not_there_until_told_to_pass_on(
    proxy: TcpProxy, line: socket.socket
) -> None:
    assert echo(line) == b"xxxxx"

    proxy.refuse()

    assert is_over(line)
    with pytest.raises(ConnectionRefusedError):
        connected(proxy)
    proxy.pass_on()
    with connected(proxy) as again:
        assert echo(again) == b"xxxxx"


def is_over(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True
