"""SEEK, its token endpoint and a schema registry, as lean as they can be: one process.

    python far_side.py SCHEMA_FILE

Says its port on the first line. Counts signals, answers after a set latency:
`GET /stats`, `GET /reset?latency_ms=50`; `GET /moments` tells when the latest answers left, in
seconds of the monotonic clock. Validates nothing: that would cost more than what is measured.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_LATENCY: Final = re.compile(rb"latency_ms=([\d.]+)")
_END_OF_HEAD: Final = b"\r\n\r\n"
_MARK: Final = b'"typeCode"'
_MOMENTS: Final = 10_000


@dataclass
class Counts:
    requests: int = 0
    signals: int = 0
    in_flight: int = 0
    peak: int = 0


class FarSide:
    """What all connections share."""

    def __init__(self, schema: str) -> None:
        self.counts = Counts()
        self.moments: deque[float] = deque(maxlen=_MOMENTS)
        self.latency_s = 0.0
        token = {"access_token": "x" * 600, "expires_in": 43_200, "token_type": "Bearer"}
        self.token = answer(token)
        self.schema = answer({"schema": schema})
        self.accepted = answer({"data": {"sendSignals": True}})


class Connection(asyncio.Protocol):
    def __init__(self, far_side: FarSide) -> None:
        self.far_side = far_side
        self.buffer = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(_END_OF_HEAD)) >= 0:
            head = bytes(self.buffer[:end])
            found = _LENGTH.search(head)
            start = end + len(_END_OF_HEAD)
            stop = start + (int(found[1]) if found else 0)
            if len(self.buffer) < stop:
                return
            body = bytes(self.buffer[start:stop])
            del self.buffer[:stop]
            self.serve(head, body)

    def serve(self, head: bytes, body: bytes) -> None:
        far_side, path = self.far_side, head.split(b" ", 2)[1]
        if path.startswith(b"/graphql"):
            self.accept(body)
        elif path.startswith(b"/token"):
            self.write(far_side.token)
        elif path.startswith(b"/schemas"):
            self.write(far_side.schema)
        elif path.startswith(b"/associations"):  # Confluent's client asks for such a thing.
            self.write(answer([]))
        elif path.startswith(b"/moments"):
            self.write(answer(list(far_side.moments)))
        else:
            if path.startswith(b"/reset"):
                far_side.counts = Counts()
                far_side.moments.clear()
                latency = _LATENCY.search(path)
                far_side.latency_s = float(latency[1]) / 1_000 if latency else 0.0
            self.write(answer(asdict(far_side.counts)))

    def accept(self, body: bytes) -> None:
        counts = self.far_side.counts
        counts.in_flight += 1
        counts.peak = max(counts.peak, counts.in_flight)
        signals = body.count(_MARK)
        if self.far_side.latency_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self.far_side.latency_s, self.accepted, counts, signals)
        else:
            self.accepted(counts, signals)

    def accepted(self, counts: Counts, signals: int) -> None:
        counts.in_flight -= 1
        counts.requests += 1
        counts.signals += signals
        self.far_side.moments.append(time.monotonic())
        self.write(self.far_side.accepted)

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)


def answer(content: object) -> bytes:
    body = json.dumps(content).encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n".encode() + body


async def serve(schema: str) -> None:
    far_side = FarSide(schema)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(far_side), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 -- told to who started it
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).read_text(encoding="utf-8")))
