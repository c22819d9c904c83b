"""Connections whose every wait ends at one time for the whole request.

httpx and httpcore restart a read time-out with each byte, so a server that drips its answer
can hold a sender for hours. Here the network layer below them (httpcore's documented
`NetworkBackend`) asks the request's own deadline before each call to the socket.
"""

from __future__ import annotations

import math
import queue
import select
import socket
import ssl
import threading
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import httpcore

from consumer.ports import Clock

_Address: TypeAlias = tuple[socket.AddressFamily, tuple[Any, ...]]  # getaddrinfo's own shape


class Deadline(threading.local):
    """When the request of the calling thread must be connected, and when it must be over."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._connected_by_s = math.inf
        self._over_by_s = math.inf

    def start(self, connect_s: float, total_s: float) -> None:
        now_s = self._clock.monotonic_s()
        self._connected_by_s = now_s + min(connect_s, total_s)
        self._over_by_s = now_s + total_s

    def connect_left_s(self) -> float:
        """Raises `TimeoutError` when nothing is left."""
        return self._left_s(self._connected_by_s)

    def left_s(self) -> float:
        """Raises `TimeoutError` when nothing is left."""
        return self._left_s(self._over_by_s)

    def _left_s(self, by_s: float) -> float:
        left_s = by_s - self._clock.monotonic_s()
        if left_s <= 0:
            raise TimeoutError
        return left_s


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens TCP connections. The time-outs that httpcore hands down are not used.

    Raises the operating system's own errors (`ConnectionRefusedError`, `socket.gaierror`,
    `ssl.SSLCertVerificationError`, `TimeoutError`): their names say more than httpcore's.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 -- httpcore's signature
        local_address: str | None = None,  # noqa: ARG002 -- httpcore's signature
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 -- httpcore's signature
    ) -> httpcore.NetworkStream:
        addresses = _resolve(host, port, self._deadline.connect_left_s())
        connected = _connect(addresses, self._deadline)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return DeadlineStream(connected, self._deadline)


class DeadlineStream(httpcore.NetworkStream):
    """One connection, plain or TLS."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 -- httpcore's signature
        self._socket.settimeout(self._deadline.left_s())
        return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 -- httpcore's signature
        """A broken pipe becomes `WriteError`, upon which httpcore still reads the answer: a
        server may refuse a request (413) before it has read all of it."""
        rest = memoryview(buffer)
        try:
            while rest:
                self._socket.settimeout(self._deadline.left_s())
                rest = rest[self._socket.send(rest) :]
        except TimeoutError:
            raise
        except OSError as error:
            raise httpcore.WriteError(type(error).__name__) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 -- httpcore's signature
    ) -> httpcore.NetworkStream:
        """One time-out holds for the whole handshake: Python's ssl sees to that."""
        try:
            self._socket.settimeout(self._deadline.connect_left_s())
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except OSError:
            self.close()
            raise
        return DeadlineStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> object:
        """`is_readable` is what the pool asks of an idle connection before it uses it again:
        true when the server has closed it, so that no request goes to a stale one."""
        if info == "is_readable":
            return _is_readable(self._socket)
        return self._socket if info == "socket" else None


def _resolve(host: str, port: int, wait_s: float) -> Sequence[_Address]:
    """`getaddrinfo` knows no time-out, so it runs on a thread that may outlive the wait. There
    is at most one for each sender and attempt, and the C library gives up in the end."""
    answers: queue.SimpleQueue[Sequence[_Address] | OSError] = queue.SimpleQueue()
    threading.Thread(
        target=_look_up, args=(host, port, answers), name="resolve", daemon=True
    ).start()
    try:
        found = answers.get(timeout=wait_s)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(found, OSError):
        raise found
    return found


def _look_up(
    host: str, port: int, answers: queue.SimpleQueue[Sequence[_Address] | OSError]
) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        answers.put(error)
    except UnicodeError:  # a label that is too long, say; not an OSError in Python
        answers.put(socket.gaierror(socket.EAI_NONAME))
    else:
        answers.put([(family, address) for family, _, _, _, address in found])


def _connect(addresses: Sequence[_Address], deadline: Deadline) -> socket.socket:
    """Tries them in turn, each with its share of the time, so that one address that swallows
    packets leaves time for the next."""
    failure: OSError = socket.gaierror(socket.EAI_NONAME)
    for tried, (family, address) in enumerate(addresses):
        share_s = deadline.connect_left_s() / (len(addresses) - tried)
        opened = socket.socket(family, socket.SOCK_STREAM)
        try:
            opened.settimeout(share_s)
            opened.connect(address)
        except OSError as error:
            opened.close()
            failure = error
        else:
            return opened
    raise failure


def _is_readable(connected: socket.socket) -> bool:
    if connected.fileno() < 0:
        return True
    poller = select.poll()
    poller.register(connected, select.POLLIN)
    return bool(poller.poll(0))
