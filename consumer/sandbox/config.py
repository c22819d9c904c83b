"""How a sandbox is set up. Values only; nothing here opens anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from consumer.sandbox.fault_kinds import Fault

LIVE_AUDIENCE: Final = "https://graphql.seek.com"
PLAYGROUND_AUDIENCE: Final = "https://test.graphql.seek.com"
HIGHEST_PORT: Final = 65_535


class Pointers(StrEnum):
    """How a refusal of a batch names its culprits; SEEK's own form is not published."""

    ALL = "all"
    """One error for each refused signal: `/input/signals/17/token: Is not valid`."""
    FIRST = "first"
    """The first refused signal only."""
    NONE = "none"
    """One error that says `Is not valid` and no more."""


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """A SEEK of one's own. Defaults: live, atomic, pointing at culprits, a free port."""

    client_id: str = "sandbox-client"
    client_secret: str = field(default="sandbox-secret", repr=False)
    live_audience: str = LIVE_AUDIENCE
    playground_audience: str = PLAYGROUND_AUDIENCE
    expires_in_s: int = 1800
    """Lifetime of a bearer: the figure in SEEK's sample answer (contract 3)."""
    host: str = "127.0.0.1"
    port: int = 0
    """0: any free port."""
    playground: bool = False
    """Serve the Playground's audience only. Else the audience of a bearer decides."""
    latency_s: float = 0.0
    """Added to every GraphQL answer, before the signals are accepted."""
    atomic: bool = True
    """All signals of a batch or none. Else the good ones are stored and an error is answered."""
    pointers: Pointers = Pointers.ALL
    graphql_media_type: bool = False
    """Answer as `application/graphql-response+json`, which SEEK announced it may do."""
    max_body_bytes: int = 10 * 1024 * 1024
    """Larger requests get HTTP 413. SEEK publishes no limit; this is far above 100 signals."""
    journal: Path | None = None
    requests: Path | None = None
    faults: Sequence[Fault] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def scheme(self) -> str:
        return "https" if self.tls_cert else "http"


def faults_of(config: SandboxConfig) -> list[str]:
    """What cannot work in `config`, one line each, saying what to change."""
    checks = {
        "client_id and client_secret must not be empty": config.client_id and config.client_secret,
        f"port must be 0 (any free one) to {HIGHEST_PORT}": 0 <= config.port <= HIGHEST_PORT,
        "expires_in_s must be at least 1": config.expires_in_s >= 1,
        "latency_s must not be negative": config.latency_s >= 0,
        "max_body_bytes must be at least 1": config.max_body_bytes >= 1,
        "the two audiences must differ": config.live_audience != config.playground_audience,
        "TLS needs both: give tls_cert and tls_key": bool(config.tls_cert) == bool(config.tls_key),
    }
    wrong = [line for line, holds in checks.items() if not holds]
    files = {"tls_cert": config.tls_cert, "tls_key": config.tls_key}
    missing = [
        f"{name}: there is no file {path}"
        for name, path in files.items()
        if path is not None and not path.is_file()
    ]
    return wrong + missing
