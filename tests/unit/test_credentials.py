"""Credentials from settings or files, which may change while we run."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.adapters.seek.credentials import (
    ConfiguredCredentials,
    Credentials,
    CredentialsUnreadableError,
)


def test_they_come_from_the_settings() -> None:
    assert ConfiguredCredentials("id", "secret").read() == Credentials("id", "secret")


def test_a_rotated_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old\n")
    source = ConfiguredCredentials("id", client_secret_file=file)
    assert source.read() == Credentials("id", "old")
    file.write_text("new\r\n")
    assert source.read() == Credentials("id", "new")


def test_the_client_id_may_come_from_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "id"
    file.write_text("rotated")
    source = ConfiguredCredentials("unused", "secret", client_id_file=file)
    assert source.read() == Credentials("rotated", "secret")


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff"])
def test_a_file_without_a_credential_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CredentialsUnreadableError, match=str(file)):
        ConfiguredCredentials("id", client_secret_file=file).read()


def test_secrets_are_not_shown() -> None:
    source = ConfiguredCredentials("id", "s3cret")
    assert "s3cret" not in repr(source) + repr(source.read())
