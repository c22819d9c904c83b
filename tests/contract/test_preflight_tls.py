"""The look at a certificate, on a server that really speaks TLS."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from consumer.adapters.seek.transport import verified_tls
from consumer.preflight.findings import Finding, Level
from consumer.preflight.partner import certificate
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
    (finding,) = certificate(
        url, verified_tls(None if authority is None else str(authority)), now_s
    )
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
