"""One HTTP POST, bounded in time and size. Knows nothing of SEEK."""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeAlias

import certifi
import httpx

from consumer.adapters.seek.http1 import (
    AnswerReader,
    LocalProtocolError,
    RemoteProtocolError,
    post_head,
)
from consumer.adapters.seek.sockets import ClientSocket, Deadline
from consumer.errors import BadConfigurationError
from consumer.ports import Clock

_PORTS: Final = {"http": 80, "https": 443}
_RECEIVE_BYTES: Final = 8 * 1024
"""SEEK's answers fit; and a larger block may be mapped and unmapped for each call (`memory.py`)."""

RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]


class HttpAnswer(NamedTuple):
    status: int
    headers: RawHeaders
    body: bytes
    """Empty when it was larger than the transport takes."""

    def header(self, name: bytes) -> str | None:
        """The first value of `name`, which is given in lower case."""
        for key, value in self.headers:
            if key.lower() == name:
                return value.decode("latin-1")
        return None


class TransportError(Exception):
    """No answer came. Whether the far side has acted on the request is unknown."""

    def __init__(self, code: str, *, timed_out: bool) -> None:
        super().__init__(code)
        self.code = code
        """The class name of what went wrong; its text, which may quote the request, only where
        it is about a certificate."""
        self.timed_out = timed_out


class Transport(Protocol):
    """A far side that takes POST requests at one URL. Called from many threads."""

    def post(self, body: bytes, headers: RawHeaders, total_s: float) -> HttpAnswer:
        """Blocks for `total_s` at most. Raises `TransportError` only. `Host` and
        `Content-Length` are added. Redirects are answers like any other."""
        ...


class KeepingTransport(Transport, Protocol):
    """One that keeps connections."""

    def begin(self, body: bytes, headers: RawHeaders, total_s: float) -> Post | None:
        """The same without waiting: its `advance` sends, and receives. None where that takes a
        connection that is not open yet. Raises `TransportError`."""
        ...


class Post(Protocol):
    """One that is under way."""

    def fileno(self) -> int: ...
    @property
    def wants(self) -> int:
        """The event of poll(2) that lets it go on."""
        ...

    @property
    def over_by_s(self) -> float:
        """When it ends at the latest, on the monotonic clock."""
        ...

    def advance(self) -> HttpAnswer | None:
        """Goes on as far as it can without waiting; None when it has to. Raises `TransportError`,
        also when its time is over. Not called again after that, or after the answer."""
        ...


@dataclass(frozen=True, slots=True)
class TransportLimits:
    connect_s: float = 5.0
    """For name, connection and TLS handshake together (design 8)."""
    idle_s: float = 4.0
    """A connection idle for longer is not used again. Usual servers close theirs after 5 s
    (Node, uvicorn) or more; one that closes as we send costs an outage-shaped answer."""
    answer_max_bytes: int = 1 << 20
    """SEEK's answers have some hundred bytes; errors for 100 signals some ten thousand."""


class HttpTransport:
    """Implements `KeepingTransport` with llhttp, the parser of Node.js.

    Connections are shared by all callers and kept alive. There is no proxy, no cookie, no
    redirect, no decompression and no reading of the environment.
    """

    def __init__(
        self, url: str, tls: ssl.SSLContext, clock: Clock, limits: TransportLimits
    ) -> None:
        """Connects to nothing yet. `url` was checked by the settings."""
        parsed = httpx.URL(url)
        self._host, self._target = parsed.raw_host.decode("ascii"), parsed.raw_path
        self._port = parsed.port or _PORTS[parsed.scheme]
        self._tls = tls if parsed.scheme == "https" else None
        self._host_header = parsed.netloc
        self._limits, self._clock = limits, clock
        self._idle: deque[Connection] = deque()
        """The one used last is at the end, and is used next."""

    def post(self, body: bytes, headers: RawHeaders, total_s: float) -> HttpAnswer:
        deadline = self._deadline(total_s)
        try:
            deadline.left_s()
            head = self._head(body, headers)
            connection = self._idle_connection() or self._connect(deadline)
        except _FAILURES as error:
            raise _told(error) from error
        connection.ask(head, body)
        post = _Post(connection, deadline, self._keep)
        while (answer := post.advance()) is None:
            post.wait()
        return answer

    def begin(self, body: bytes, headers: RawHeaders, total_s: float) -> Post | None:
        try:
            head = self._head(body, headers)
        except _FAILURES as error:
            raise _told(error) from error
        connection = self._idle_connection()
        if connection is None:
            return None
        connection.ask(head, body)
        return _Post(connection, self._deadline(total_s), self._keep)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _deadline(self, total_s: float) -> Deadline:
        return Deadline(self._clock, self._limits.connect_s, total_s)

    def _head(self, body: bytes, headers: RawHeaders) -> bytes:
        return post_head(self._target, self._host_header, headers, len(body))

    def _connect(self, deadline: Deadline) -> Connection:
        opened = ClientSocket.connect(self._host, self._port, self._tls, deadline)
        return Connection(opened, self._limits.answer_max_bytes)

    def _idle_connection(self) -> Connection | None:
        """Threads share the deque: its `pop` and `append` are atomic."""
        too_old_s = self._clock.monotonic_s() - self._limits.idle_s
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if connection.idle_since_s >= too_old_s and connection.is_open:
                return connection
            connection.close()

    def _keep(self, connection: Connection) -> None:
        if connection.may_be_used_again:
            connection.idle_since_s = self._clock.monotonic_s()
            self._idle.append(connection)
        else:
            connection.close()


class Connection:
    """One connection, and whether it may be used again."""

    def __init__(self, connected: ClientSocket, answer_max_bytes: int) -> None:
        self.socket = connected
        self._reader = AnswerReader(answer_max_bytes)
        self._unsent: Sequence[memoryview] = ()
        self._is_cut = False
        self.may_be_used_again = False
        self.idle_since_s = 0.0

    @property
    def is_open(self) -> bool:
        return not self.socket.is_readable()

    def ask(self, head: bytes, body: bytes) -> None:
        """What `advance` sends, and has the answer to."""
        self.may_be_used_again = self._is_cut = False
        self._unsent = (memoryview(head), memoryview(body))
        self._reader.begin()

    def advance(self) -> HttpAnswer | None:
        """Without waiting. Of an answer that is too large the rest is not read."""
        if self._unsent:
            self._send()
            if not self._is_cut:  # An answer cannot be there yet.
                return None
        reader = self._reader
        while not reader.is_over:
            received = self.socket.receive(_RECEIVE_BYTES)
            if received is None:
                return None
            reader.take(received)
        self.may_be_used_again = reader.may_be_followed and not self._is_cut
        return HttpAnswer(reader.status, reader.headers, reader.body)

    def close(self) -> None:
        """Once."""
        self.socket.close()
        self._reader.close()

    def _send(self) -> None:
        """It is cut when the server closed before it had all: it may refuse a request (413) that
        it has not read, so its answer counts."""
        try:
            self._unsent = self.socket.send(self._unsent)
        except OSError:
            self._unsent, self._is_cut = (), True


@dataclass(frozen=True, slots=True)
class _Post:
    """Implements `Post`. At its end the connection is kept, or closed."""

    connection: Connection
    deadline: Deadline
    keep: Callable[[Connection], None]

    def fileno(self) -> int:
        return self.connection.socket.fileno()

    @property
    def wants(self) -> int:
        return self.connection.socket.wants

    @property
    def over_by_s(self) -> float:
        return self.deadline.over_by_s

    def advance(self) -> HttpAnswer | None:
        """What has come counts, however late this is asked."""
        try:
            answer = self.connection.advance()
            if answer is None:
                self.deadline.left_s()
                return None
        except Exception as error:
            self.keep(self.connection)
            if isinstance(error, _FAILURES):
                raise _told(error) from error
            raise
        self.keep(self.connection)
        return answer

    def wait(self) -> None:
        """The deadline is asked by `advance`."""
        with suppress(TimeoutError):
            self.connection.socket.wait(self.deadline)


_FAILURES: Final = (OSError, LocalProtocolError, RemoteProtocolError)


def _told(error: Exception) -> TransportError:
    if isinstance(error, TimeoutError):
        return TransportError(type(error).__name__, timed_out=True)
    return TransportError(_named(error), timed_out=False)


def _named(error: Exception) -> str:
    """With what is wrong about a certificate, in OpenSSL's words: somebody has to mend it."""
    name = type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{name}, {error.verify_message}"
    return name


def verified_tls(ca_file: str | None = None) -> ssl.SSLContext:
    """A context that verifies the server, by the system's authorities or those in `ca_file`
    (PEM). There is no way to turn that off. Raises `BadConfigurationError`.

    Where the system has none (a bare container), Mozilla's list that httpx brings is used.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        why = error.strerror or type(error).__name__
        fault = f"cannot read CA certificates from {ca_file}: {why}; give a readable PEM file"
        raise BadConfigurationError([fault]) from error
    if ca_file is None and not _knows_authorities(context):
        context.load_verify_locations(certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # contract 5
    context.set_alpn_protocols(["http/1.1"])
    return context


def _knows_authorities(context: ssl.SSLContext) -> bool:
    """Those in a folder are read when they are needed, so they are not counted yet."""
    folder = ssl.get_default_verify_paths().capath
    in_folder = bool(folder) and any(Path(folder).iterdir())
    return in_folder or context.cert_store_stats()["x509_ca"] > 0
