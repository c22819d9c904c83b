"""The partner's credentials, read again each time, so that they rotate without a restart."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class CredentialsUnreadableError(Exception):
    """They cannot be had now. The text says which file and what to do; it holds no secret."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the credentials file {path} {why}: write the credential into it, readable here"
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    client_id: str
    client_secret: str = field(repr=False)


class CredentialsSource(Protocol):
    def read(self) -> Credentials:
        """Raises `CredentialsUnreadableError`."""
        ...


@dataclass(frozen=True, slots=True)
class ConfiguredCredentials:
    """Each part from the settings or from a file; white space around a file's content, such
    as the newline of an editor, is no part of it. The settings see to it that each is given."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    client_id_file: Path | None = None
    client_secret_file: Path | None = None

    def read(self) -> Credentials:
        return Credentials(
            _content(self.client_id_file) if self.client_id_file else self.client_id,
            _content(self.client_secret_file) if self.client_secret_file else self.client_secret,
        )


def _content(path: Path) -> str:
    try:
        content = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsUnreadableError(
            path, f"cannot be read ({type(error).__name__})"
        ) from error
    if not content:
        raise CredentialsUnreadableError(path, "is empty")
    return content
