"""A server that sends without end, over real HTTP: a bounded part is read, and it is an outage."""

from __future__ import annotations

import gzip
import socket
import tracemalloc
from collections.abc import Iterable
from itertools import repeat
from threading import Event

import pytest

from consumer.adapters.clock import SystemClock
from consumer.adapters.seek.client import ClientOptions, SeekClient
from consumer.adapters.seek.transport import HttpTransport, TransportLimits, verified_tls
from consumer.delivery.verdicts import Fault, Outage
from tests.contract.scripted_server import (
    PATIENCE_S,
    Script,
    ScriptedServer,
    answer,
    read_request,
)
from tests.unit.seek_doubles import FakeBearers

SIZE = 100 << 20
PIECE = b'{"data":{"sendSignals":true}}'.ljust(1 << 16)
PIECES = SIZE // len(PIECE)
PEAK_BYTES = 8 << 20
"""The bound of an answer is 1 MiB; it is held in pieces, then joined."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNK = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)


def sending(head: bytes, pieces: Iterable[bytes]) -> Script:
    def send(connection: socket.socket, _over: Event) -> None:
        read_request(connection)
        connection.sendall(head)
        for piece in pieces:
            connection.sendall(piece)

    return send


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        (
            sending(HEAD + b"Content-Length: %d\r\n\r\n" % SIZE, repeat(PIECE, PIECES)),
            Fault.UNREADABLE,
        ),
        (
            sending(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", repeat(CHUNK, PIECES)),
            Fault.UNREADABLE,
        ),
        (sending(HEAD + b"\r\n", repeat(PIECE, PIECES)), Fault.UNREADABLE),
        (sending(HEAD + b"X-Endless: ", repeat(PIECE, PIECES)), Fault.TRANSPORT),
        (sending(HEAD, repeat(b"X-Many: 1\r\n", 5_000_000)), Fault.TRANSPORT),
        (
            sending(
                answer(
                    gzip.compress(b'{"data":{"sendSignals":true}}' + b" " * (32 << 20)),
                    "200 OK",
                    "Content-Encoding: gzip",
                ),
                (),
            ),
            Fault.UNREADABLE,
        ),
    ],
    ids=["with a length", "in chunks", "until closed", "one header", "many headers", "packed"],
)
def test_an_answer_of_a_hundred_megabytes_is_an_outage_and_costs_few(
    script: Script, fault: Fault
) -> None:
    with ScriptedServer(script).running() as server:
        clock = SystemClock()
        transport = HttpTransport(server.url, verified_tls(), clock, TransportLimits())
        options = ClientOptions("agent/1", total_s=PATIENCE_S)
        client = SeekClient(transport, FakeBearers(["bearer"]), options, clock)
        tracemalloc.start()
        try:
            verdict = client.send([b"{}"]).verdict
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            transport.close()

    assert isinstance(verdict, Outage)
    assert verdict.fault is fault
    assert peak < PEAK_BYTES
