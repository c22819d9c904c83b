"""One HTTP POST, bounded in time and size. Knows nothing of SEEK."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

import certifi
import httpcore
import httpx

from consumer.adapters.seek.sockets import Deadline, DeadlineBackend
from consumer.errors import BadConfigurationError
from consumer.ports import Clock

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
    """Implements `Transport` with httpx's own engine, httpcore, over sockets with a deadline.

    Connections are shared by all callers and kept alive. There is no proxy, no cookie, no
    redirect, no decompression and no reading of the environment.
    """

    def __init__(
        self, url: str, tls: ssl.SSLContext, clock: Clock, limits: TransportLimits
    ) -> None:
        """Connects to nothing yet. `url` was checked by the settings."""
        parsed = httpx.URL(url)
        self._url = httpcore.URL(
            scheme=parsed.raw_scheme,
            host=parsed.raw_host,
            port=parsed.port,
            target=parsed.raw_path,
        )
        self._host = (b"Host", parsed.netloc)
        self._limits = limits
        self._deadline = Deadline(clock)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=None,  # as many as there are senders, which are bounded
            keepalive_expiry=limits.idle_s,
            network_backend=DeadlineBackend(self._deadline),
        )

    def post(self, body: bytes, headers: RawHeaders, total_s: float) -> HttpAnswer:
        request = httpcore.Request(
            "POST",
            self._url,
            headers=[self._host, *headers, (b"Content-Length", b"%d" % len(body))],
            content=body,
        )
        self._deadline.start(self._limits.connect_s, total_s)
        with _told_as_transport_errors():
            response = self._pool.handle_request(request)
            with closing(response):
                content = self._read(response)
        return HttpAnswer(response.status, response.headers, content)

    def close(self) -> None:
        self._pool.close()

    def _read(self, response: httpcore.Response) -> bytes:
        """What passes the bound is not read: the connection is closed with the response."""
        parts: list[bytes] = []
        size = 0
        for part in response.iter_stream():
            size += len(part)
            if size > self._limits.answer_max_bytes:
                return b""
            parts.append(part)
        return b"".join(parts)


@contextmanager
def _told_as_transport_errors() -> Generator[None]:
    try:
        yield
    except (TimeoutError, httpcore.TimeoutException) as error:
        raise TransportError(type(error).__name__, timed_out=True) from error
    except (
        OSError,  # sockets and TLS
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
    ) as error:
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
    return context


def _knows_authorities(context: ssl.SSLContext) -> bool:
    """Those in a folder are read when they are needed, so they are not counted yet."""
    folder = ssl.get_default_verify_paths().capath
    in_folder = bool(folder) and any(Path(folder).iterdir())
    return in_folder or context.cert_store_stats()["x509_ca"] > 0
