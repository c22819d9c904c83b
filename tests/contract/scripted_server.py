"""A server on loopback that does with a connection what its script says, over real sockets."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

PATIENCE_S = 10.0

Script: TypeAlias = Callable[[socket.socket, Event], None]
"""Called for each connection on a thread of its own; the event tells that the test is over."""


@dataclass(frozen=True)
class Received:
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedServer:
    script: Script
    tls: ssl.SSLContext | None = None
    connections: int = 0
    _over: Event = field(default_factory=Event)
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/graphql"

    @contextmanager
    def running(self) -> Iterator[ScriptedServer]:
        acceptor = Thread(target=self._accept, daemon=True)
        acceptor.start()
        try:
            yield self
        finally:
            self._over.set()
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            acceptor.join(PATIENCE_S)

    def _accept(self) -> None:
        threads: list[Thread] = []
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threads.append(Thread(target=self._serve, args=(connection,), daemon=True))
                threads[-1].start()
        for thread in threads:
            thread.join(PATIENCE_S)

    def _serve(self, plain: socket.socket) -> None:
        """A client that goes away is part of the tests."""
        plain.settimeout(PATIENCE_S)
        with suppress(OSError), plain:
            if self.tls is None:
                self.script(plain, self._over)
                return
            with self.tls.wrap_socket(plain, server_side=True) as secured:
                self.script(secured, self._over)


@dataclass
class Answering:
    """A script: reads requests and sends the next of `answers` to each, in order of arrival
    over all connections; then closes. `None` closes at once."""

    answers: Sequence[bytes | None]
    received: list[Received] = field(default_factory=list)
    closed: Event = field(default_factory=Event)
    """The script has closed a connection."""
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, connection: socket.socket, _over: Event) -> None:
        try:
            self._answer_all(connection)
        finally:
            connection.close()
            self.closed.set()

    def _answer_all(self, connection: socket.socket) -> None:
        while (request := read_request(connection)) is not None:
            with self._lock:
                answer = self.answers[len(self.received)]
                self.received.append(request)
                last = len(self.received) == len(self.answers)
            if answer is not None:
                connection.sendall(answer)
            if answer is None or last or b"\r\nConnection: close\r\n" in answer:
                return


def read_request(connection: socket.socket) -> Received | None:
    raw = b""
    while b"\r\n\r\n" not in raw:
        more = connection.recv(65_536)
        if not more:
            return None
        raw += more
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65_536)
    return Received(first, headers, body)


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test's own."""

    folder: Path
    ca_file: Path
    _key: ec.EllipticCurvePrivateKey
    _name: x509.Name

    def server_context(self, address: str = "127.0.0.1") -> ssl.SSLContext:
        """For a server whose certificate is for the IP `address`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certify(address))
        return context

    def certify(self, address: str) -> Path:
        """A PEM file with a new private key and its certificate for the IP `address`."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        certificate = (
            _builder(_named("server"), self._name, key.public_key())
            .add_extension(names, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = self.folder / f"server-{address}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        return file


def make_authority(folder: Path) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named("an authority of this test only")
    certificate = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca_file = folder / "ca.pem"
    ca_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    return Authority(folder, ca_file, key, name)


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
    )
