"""A certificate authority of our own, for as long as a test runs."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID: Final = dt.timedelta(days=2)
SPARE: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files of a server on 127.0.0.1 and localhost."""

    authority: Path
    """What clients trust."""
    certificate: Path
    key: Path
    keystore: Path
    """Key, certificate and authority in one file, as Kafka wants them."""
    expired: Path
    """What `certificate` was until it ran out: of the same key and authority."""


def make_certificates(folder: Path) -> Certificates:
    """Writes the files into `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _authority(authority_key)
    now = dt.datetime.now(dt.UTC)
    server, expired = (
        _server(server_key, authority, authority_key, until) for until in (now + VALID, now - SPARE)
    )
    key_pem = server_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    authority_pem, server_pem, expired_pem = (
        one.public_bytes(serialization.Encoding.PEM) for one in (authority, server, expired)
    )
    return Certificates(
        authority=_write(folder / "ca.pem", authority_pem),
        certificate=_write(folder / "server.pem", server_pem),
        key=_write(folder / "server.key", key_pem),
        keystore=_write(folder / "keystore.pem", key_pem + server_pem + authority_pem),
        expired=_write(folder / "expired.pem", expired_pem),
    )


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    signing = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder(name, name, key, dt.datetime.now(dt.UTC) + VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signing, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    until: dt.datetime,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _builder(name, authority.subject, key, until)
        .add_extension(
            x509.SubjectAlternativeName([address, x509.DNSName("localhost")]), critical=False
        )
        .add_extension(identifier, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 2 * VALID)
        .not_valid_after(until)
    )


def _write(path: Path, content: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
