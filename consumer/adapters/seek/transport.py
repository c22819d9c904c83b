"""One HTTP POST, bounded in time and size. Knows nothing of SEEK."""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeAlias

import certifi
import h11
import httpx

from consumer.adapters.seek.sockets import Deadline, DeadlineSocket
from consumer.errors import BadConfigurationError
from consumer.ports import Clock

_PORTS: Final = {"http": 80, "https": 443}
_HEAD_MAX_BYTES: Final = 100 * 1024
_CHUNK_BYTES: Final = 64 * 1024

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
    """Implements `Transport` with h11, the protocol engine of httpx, over sockets with a deadline.

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
        self._host_header = (b"Host", parsed.netloc)
        self._limits, self._clock = limits, clock
        self._idle: deque[Connection] = deque()
        """The one used last is at the end, and is used next."""

    def post(self, body: bytes, headers: RawHeaders, total_s: float) -> HttpAnswer:
        length = (b"Content-Length", b"%d" % len(body))
        all_headers = [self._host_header, *headers, length]
        deadline = Deadline(self._clock, self._limits.connect_s, total_s)
        with _told_as_transport_errors():
            request = h11.Request(method="POST", target=self._target, headers=all_headers)
            connection = self._idle_connection() or self._connect(deadline)
            try:
                answer = connection.exchange(request, body, deadline)
            finally:
                self._keep(connection)
        return answer

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _connect(self, deadline: Deadline) -> Connection:
        opened = DeadlineSocket.connect(self._host, self._port, self._tls, deadline)
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
        if connection.begin_next():
            connection.idle_since_s = self._clock.monotonic_s()
            self._idle.append(connection)
        else:
            connection.close()


class Connection:
    """One connection, and where it is in the protocol."""

    def __init__(self, connected: DeadlineSocket, answer_max_bytes: int) -> None:
        self._socket = connected
        self._answer_max_bytes = answer_max_bytes
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_MAX_BYTES)
        self.idle_since_s = 0.0

    @property
    def is_open(self) -> bool:
        return not self._socket.is_readable()

    def exchange(self, request: h11.Request, body: bytes, deadline: Deadline) -> HttpAnswer:
        parts = [
            self._http.send(request),
            self._http.send(h11.Data(data=body)),
            self._http.send(h11.EndOfMessage()),
        ]
        try:
            self._socket.send(b"".join(part for part in parts if part), deadline)
        except TimeoutError:
            raise
        except OSError:
            # A server may refuse a request (413) before it has read all of it: its answer counts.
            self._http.send_failed()
        response = self._response(deadline)
        return HttpAnswer(response.status_code, list(response.headers), self._body(deadline))

    def begin_next(self) -> bool:
        """Whether another request may follow on this connection."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            return True
        return False

    def close(self) -> None:
        self._socket.close()

    def _response(self, deadline: Deadline) -> h11.Response:
        while not isinstance(event := self._event(deadline), h11.Response):
            if not isinstance(event, h11.InformationalResponse):
                msg = "the server closed the connection, or changed the protocol"
                raise h11.RemoteProtocolError(msg)
        return event

    def _body(self, deadline: Deadline) -> bytes:
        """What passes the bound is not read: the connection is closed with the response."""
        parts: list[bytes] = []
        size = 0
        while isinstance(event := self._event(deadline), h11.Data):
            size += len(event.data)
            if size > self._answer_max_bytes:
                return b""
            parts.append(event.data)
        return b"".join(parts)

    def _event(self, deadline: Deadline) -> object:
        """An event of h11, or its `PAUSED`."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(self._socket.receive(_CHUNK_BYTES, deadline))
        return event


@contextmanager
def _told_as_transport_errors() -> Generator[None]:
    try:
        yield
    except TimeoutError as error:
        raise TransportError(type(error).__name__, timed_out=True) from error
    except (OSError, h11.ProtocolError) as error:
        raise TransportError(_named(error), timed_out=False) from error


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
