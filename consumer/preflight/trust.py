"""Certificates of the far sides, and how old our own credentials are."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from consumer.preflight.findings import Finding, fault, ok, warning

WAIT_S: Final = 10.0
_SOON_DAYS: Final = 14
_OLD_DAYS: Final = 365
_DAY_S: Final = 86_400
_PLAIN_PORT: Final = 9092
_HTTPS_PORT: Final = 443
_READ_AGAIN: Final = "SEEK_"


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def address_of(url: str) -> Address | None:
    """None where TLS is not spoken."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return None
    return Address(parts.hostname or "", parts.port or _HTTPS_PORT)


def broker_certificates(kafka: Mapping[str, str], now_s: float) -> Iterator[Finding]:
    """Of the bootstrap servers, by librdkafka's properties. None where TLS is not spoken, or where
    nobody is to be verified, of which the settings warn."""
    unverified = kafka.get("enable.ssl.certificate.verification", "true").lower() == "false"
    if "ssl" not in kafka.get("security.protocol", "").lower() or unverified:
        return
    try:
        tls = _tls_to_brokers(kafka)
    except OSError as error:
        said = f"files for TLS are not read here: {type(error).__name__}"
        yield warning("tls kafka", said, "see what Kafka's own line says")
        return
    for at in _brokers(kafka):
        # One of several may be away: whether Kafka can be had is for its own client to say.
        yield from certificate(at, tls, now_s, unreachable=warning)


def _brokers(kafka: Mapping[str, str]) -> Iterator[Address]:
    for server in kafka.get("bootstrap.servers", "").split(","):
        parts = urlsplit(f"//{server.strip().rpartition('://')[2]}")
        if parts.hostname:
            yield Address(parts.hostname, parts.port or _PLAIN_PORT)


def _tls_to_brokers(kafka: Mapping[str, str]) -> ssl.SSLContext:
    """As librdkafka would connect, as far as it is told in PEM. Raises OSError."""
    ca = kafka.get("ssl.ca.location")
    folder = None if ca is None or not Path(ca).is_dir() else ca
    file = ca if folder is None else None
    tls = ssl.create_default_context(cafile=file, capath=folder, cadata=kafka.get("ssl.ca.pem"))
    tls.check_hostname = kafka.get("ssl.endpoint.identification.algorithm", "https") != "none"
    own, key = kafka.get("ssl.certificate.location"), kafka.get("ssl.key.location")
    if own and key:
        tls.load_cert_chain(own, key, kafka.get("ssl.key.password"))
    return tls


def certificate(
    at: Address,
    tls: ssl.SSLContext,
    now_s: float,
    unreachable: Callable[[str, str, str], Finding] = fault,
) -> Iterator[Finding]:
    """How long the one at this address lasts, and whether it is trusted."""
    about = f"tls {at}"
    try:
        with (
            socket.create_connection(at, WAIT_S) as plain,
            tls.wrap_socket(plain, server_hostname=at.host) as secured,
        ):
            peer = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        yield fault(about, f"is not trusted: {error.verify_message}", "check the CA settings")
        return
    except OSError as error:
        said = f"cannot be reached: {type(error).__name__}"
        yield unreachable(about, said, "check address and network")
        return
    days = (ssl.cert_time_to_seconds(str(peer["notAfter"])) - now_s) / _DAY_S
    if days < _SOON_DAYS:
        yield warning(about, f"its certificate ends in {days:.0f} days", "tell whoever runs it")
    else:
        yield ok(about, f"trusted, for {days:.0f} days more")


def credentials_age(name: str, file: Path, now_s: float) -> Iterator[Finding]:
    try:
        days = (now_s - file.stat().st_mtime) / _DAY_S
    except OSError:
        return  # The far side's own check says so.
    if days > _OLD_DAYS:
        how = (
            "the file is read again, no restart is needed"
            if name.startswith(_READ_AGAIN)
            else "the file is read at the start, so restart one member after another"
        )
        said = f"the file of {name} is {days:.0f} days old"
        yield warning("credentials", said, f"rotate the secret: {how}")
    else:
        yield ok("credentials", f"the file of {name} was written {days:.0f} days ago")
