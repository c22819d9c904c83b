"""The look at a certificate, on a server that really speaks TLS."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from consumer.adapters.seek.transport import verified_tls
from consumer.preflight.findings import Finding, Level
from consumer.preflight.trust import address_of, broker_certificates, certificate
from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.server import running_sandbox
from tests.testbed import Certificates, free_port, make_certificates

DAY_S = 86_400


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def url(files: Certificates) -> Iterator[str]:
    config = SandboxConfig(tls_cert=files.certificate, tls_key=files.key)
    with running_sandbox(config) as sandbox:
        yield sandbox.graphql_url


def _look(url: str, authority: Path | None, now_s: float) -> Finding:
    at = address_of(url)
    assert at is not None
    (finding,) = certificate(at, verified_tls(str(authority) if authority else None), now_s)
    return finding


def test_a_trusted_certificate_is_fine_until_it_ends_soon(files: Certificates, url: str) -> None:
    now_s = time.time()
    made = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    ends_s = made.not_valid_after_utc.timestamp()
    assert _look(url, files.authority, min(now_s, ends_s - 15 * DAY_S)).level is Level.OK
    soon = _look(url, files.authority, ends_s - 3 * DAY_S)
    assert (soon.level, soon.said) == (Level.WARNING, "its certificate ends in 3 days")


def test_a_certificate_of_a_stranger_is_a_fault(url: str) -> None:
    finding = _look(url, None, time.time())
    assert finding.level is Level.FAULT
    assert "is not trusted" in finding.said


def test_a_server_that_is_away_is_a_fault() -> None:
    away = f"https://127.0.0.1:{free_port()}/graphql"
    assert _look(away, None, time.time()).said == "cannot be reached: ConnectionRefusedError"


def _look_at_brokers(url: str, now_s: float, **more: str) -> list[tuple[Level, str]]:
    """At one that is there, and at one that is not."""
    server = f"127.0.0.1:{url.rpartition(':')[2].partition('/')[0]}"
    kafka = {
        "bootstrap.servers": f"{server}, SASL_SSL://127.0.0.1:{free_port()}",
        "security.protocol": "SASL_SSL",
        **{name.replace("_", "."): text for name, text in more.items()},
    }
    return [(found.level, found.said) for found in broker_certificates(kafka, now_s)]


AWAY = (Level.WARNING, "cannot be reached: ConnectionRefusedError")
"""One of several brokers may be."""


def test_brokers_are_looked_at_as_kafka_s_settings_say(files: Certificates, url: str) -> None:
    made = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    soon_s = made.not_valid_after_utc.timestamp() - 3 * DAY_S
    ends = (Level.WARNING, "its certificate ends in 3 days")
    assert _look_at_brokers(url, soon_s, ssl_ca_location=str(files.authority)) == [ends, AWAY]
    assert _look_at_brokers(url, soon_s, ssl_ca_pem=files.authority.read_text()) == [ends, AWAY]
    stranger, away = _look_at_brokers(url, soon_s)
    assert (stranger[0], away) == (Level.FAULT, AWAY)


def test_brokers_that_nobody_verifies_are_not_looked_at(url: str) -> None:
    assert _look_at_brokers(url, 0.0, security_protocol="SASL_PLAINTEXT") == []
    assert _look_at_brokers(url, 0.0, enable_ssl_certificate_verification="false") == []


def test_files_that_only_the_kafka_client_can_read_are_no_fault(url: str, tmp_path: Path) -> None:
    other = tmp_path / "ca.p12"
    other.write_bytes(b"no PEM")
    (found,) = _look_at_brokers(url, 0.0, ssl_ca_location=str(other))
    assert found == (Level.WARNING, "files for TLS are not read here: SSLError")
