"""Connections whose every wait ends at one time for the whole request.

HTTP clients restart a read time-out with each byte, so a server that drips its answer can hold
a sender for hours. Here nothing waits by itself, and each wait asks the request's own deadline.
"""

from __future__ import annotations

import queue
import select
import socket
import ssl
import threading
from collections.abc import Sequence
from typing import Any, TypeAlias

from consumer.ports import Clock

_Address: TypeAlias = tuple[socket.AddressFamily, tuple[Any, ...]]  # getaddrinfo's own shape


class Deadline:
    """When one request must be connected, and when it must be over."""

    def __init__(self, clock: Clock, connect_s: float, total_s: float) -> None:
        now_s = clock.monotonic_s()
        self._clock = clock
        self._connected_by_s = now_s + min(connect_s, total_s)
        self.over_by_s = now_s + total_s

    def connect_left_s(self) -> float:
        """Raises `TimeoutError` when nothing is left."""
        return self._left_s(self._connected_by_s)

    def left_s(self) -> float:
        """Raises `TimeoutError` when nothing is left."""
        return self._left_s(self.over_by_s)

    def _left_s(self, by_s: float) -> float:
        left_s = by_s - self._clock.monotonic_s()
        if left_s <= 0:
            raise TimeoutError
        return left_s


class ClientSocket:
    """One connection, plain or TLS, of which nothing waits but `connect` and `wait`.

    Raises the operating system's own errors (`ConnectionRefusedError`, `socket.gaierror`,
    `ssl.SSLCertVerificationError`, `TimeoutError`): their names say most.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(0.0)
        self._socket = connected
        self.wants = select.POLLIN
        """What has to happen before it is worth while to go on: poll(2) knows."""

    @classmethod
    def connect(
        cls, host: str, port: int, tls: ssl.SSLContext | None, deadline: Deadline
    ) -> ClientSocket:
        connected = _connect(_resolve(host, port, deadline.connect_left_s()), deadline)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                # One time-out holds for the whole handshake: Python's ssl sees to that.
                connected.settimeout(deadline.connect_left_s())
                connected = tls.wrap_socket(connected, server_hostname=host)
        except OSError:
            connected.close()
            raise
        return cls(connected)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self, max_bytes: int) -> bytes | None:
        """None where nothing is there yet; empty at the end of the connection."""
        try:
            return self._socket.recv(max_bytes)
        except (BlockingIOError, ssl.SSLWantReadError):
            self.wants = select.POLLIN
        except ssl.SSLWantWriteError:
            self.wants = select.POLLOUT
        return None

    def send(self, parts: Sequence[memoryview]) -> Sequence[memoryview]:
        """One after another, without a copy that joins them. What the system did not take yet."""
        rest = parts
        try:
            while rest:
                rest = _after(rest, self._send_some(rest))
        except (BlockingIOError, ssl.SSLWantWriteError):
            self.wants = select.POLLOUT
        except ssl.SSLWantReadError:
            self.wants = select.POLLIN
        else:
            self.wants = select.POLLIN
        return rest

    def wait(self, deadline: Deadline) -> None:
        """For what it wants. Raises `TimeoutError` at the deadline."""
        left_s = deadline.left_s()
        poller = select.poll()
        poller.register(self._socket, self.wants)
        poller.poll(left_s * 1_000)

    def is_readable(self) -> bool:
        """Before it is used again: true when the server has closed it, or sent what none asked."""
        if self._socket.fileno() < 0:
            return True
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        return bool(poller.poll(0))

    def close(self) -> None:
        self._socket.close()

    def _send_some(self, parts: Sequence[memoryview]) -> int:
        if isinstance(self._socket, ssl.SSLSocket):  # it sends no more than one at a time
            return self._socket.send(parts[0])
        return self._socket.sendmsg(parts)


def _after(parts: Sequence[memoryview], sent: int) -> Sequence[memoryview]:
    """What is left of `parts` when `sent` bytes of them have gone."""
    for index, part in enumerate(parts):
        if sent < len(part):
            return [part[sent:], *parts[index + 1 :]]
        sent -= len(part)
    return []


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
