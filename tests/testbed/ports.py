"""Ports of 127.0.0.1 that stay free until they are used, and when their owner restarts."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection
from typing import Final

BELOW_EPHEMERAL: Final = range(20_000, 32_000)
"""Not where Linux takes the ports of outgoing connections from (32768 and up): a broker
that was killed finds its port still free when it comes back."""


def free_port() -> int:
    return free_ports(1)[0]


def free_ports(count: int, besides: Collection[int] = ()) -> list[int]:
    """`count` different ports that nobody listens on now. Drawn at random, so that test
    processes side by side do not meet. `besides`: drawn before, and not listened on yet."""
    found: list[int] = []
    for port in random.SystemRandom().sample(BELOW_EPHEMERAL, k=len(BELOW_EPHEMERAL)):
        if port not in besides and _is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    msg = f"no {count} free ports in {BELOW_EPHEMERAL.start}..{BELOW_EPHEMERAL.stop} of 127.0.0.1"
    raise RuntimeError(msg)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a connection that was closed lately does not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
