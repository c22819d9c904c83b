"""An address behind which servers change, and servers whose certificates are not to be trusted."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.contract.scripted_server import ScriptedServer
from tests.testbed import free_port, make_certificates, running_proxy

REFUSED_A_SECOND: Final = 10
"""Connections at most, of all clients of a process together: with a back-off it is one or two,
without one there are hundreds."""


@dataclass(slots=True)
class Door:
    """One address, behind which another server can be put."""

    port: int
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def lead_to(self, port: int) -> None:
        self.close()
        self._open.enter_context(running_proxy(("127.0.0.1", port), self.port))

    def close(self) -> None:
        self._open.close()


@contextmanager
def door() -> Iterator[Door]:
    with closing(Door(free_port())) as it:
        yield it


def served_with(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@contextmanager
def untrusted(
    expired: Path, key: Path, folder: Path
) -> Iterator[tuple[ScriptedServer, ScriptedServer]]:
    """Two that no client should speak to: one whose certificate has expired, and one with that of
    another authority, made in `folder`. They count who comes."""
    other = make_certificates(folder)
    with (
        _silent(served_with(expired, key)) as old,
        _silent(served_with(other.certificate, other.key)) as strange,
    ):
        yield old, strange


@contextmanager
def _silent(context: ssl.SSLContext) -> Iterator[ScriptedServer]:
    with ScriptedServer(lambda *_: None, context).running() as server:
        yield server
