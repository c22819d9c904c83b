"""Certificates of the test bed hold where the rules of X.509 are taken to the letter."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.testbed import Certificates, make_certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str:
    """A handshake in memory; the protocol agreed on. Raises `ssl.SSLError` for whatever either
    side dislikes."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=name)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    open_ends = [near, far]
    while open_ends:
        for end in list(open_ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            open_ends.remove(end)
    return near.version() or ""


def serving(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    return context


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_strict_client_accepts_the_server(certificates: Certificates, name: str) -> None:
    client = ssl.create_default_context(cafile=certificates.authority)
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # The default from Python 3.13 on.

    assert shake_hands(serving(certificates), client, name) == "TLSv1.3"


def test_another_name_is_refused(certificates: Certificates) -> None:
    client = ssl.create_default_context(cafile=certificates.authority)

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(serving(certificates), client, "example.org")


def test_a_client_that_trusts_another_authority_refuses(
    certificates: Certificates, tmp_path: Path
) -> None:
    other = make_certificates(tmp_path)
    client = ssl.create_default_context(cafile=other.authority)

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(serving(certificates), client, "127.0.0.1")


def test_one_that_ran_out_is_refused_for_that(certificates: Certificates) -> None:
    client = ssl.create_default_context(cafile=certificates.authority)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificates.expired, certificates.key)

    with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
        shake_hands(server, client, "127.0.0.1")


def test_keys_are_for_their_owner_only(certificates: Certificates) -> None:
    assert certificates.key.stat().st_mode & 0o077 == 0
    assert certificates.keystore.stat().st_mode & 0o077 == 0
