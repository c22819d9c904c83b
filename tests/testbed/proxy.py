"""A TCP proxy on 127.0.0.1 that can be slow, silent or gone: faults without root."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

from tests.testbed.ports import free_port

CHUNK_BYTES: Final = 65_536
GLANCE_S: Final = 0.02
CALL_WAIT_S: Final = 5.0


class _Mode(NamedTuple):
    delay_s: float = 0.0
    bytes_per_s: float | None = None


class TcpProxy:
    """Forwards `port` to `target`. Every method may be called from any thread, at any time;
    `delay`, `stall` and `drip` also hold for connections that are open."""

    def __init__(self, port: int, target: tuple[str, int]) -> None:
        self.port = port
        self._target = target
        self._mode = _Mode()
        self._flows = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def pass_on(self) -> None:
        """As if there was no proxy; what was held back arrives."""
        self._set(_Mode())
        self._call(self._listen())

    def delay(self, seconds: float) -> None:
        """Each piece, both ways, is late by that much."""
        self._set(_Mode(delay_s=seconds))

    def stall(self) -> None:
        """Connections stay open, new ones are taken, and not a byte passes."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def drip(self, bytes_per_s: float) -> None:
        self._set(_Mode(bytes_per_s=bytes_per_s))

    def cut(self) -> None:
        """Reset every open connection; new ones are served."""
        self._call(self._abort())

    def refuse(self) -> None:
        """Reset every open connection and refuse new ones, until `pass_on`."""
        self._call(self._close())

    def run(self) -> None:
        """The proxy's own thread."""
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def close(self) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _set(self, mode: _Mode) -> None:
        self._mode = mode
        self._loop.call_soon_threadsafe(self._flows.set)

    def _call(self, act: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(act, self._loop).result(CALL_WAIT_S)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._abort()

    async def _abort(self) -> None:
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (connection := asyncio.current_task()) is not None:
            self._connections.add(connection)
            connection.add_done_callback(self._connections.discard)
        try:
            with suppress(asyncio.CancelledError):  # Cut by us.
                await self._join(reader, writer)
        except* OSError:  # An end that is away or resets: the other end is reset as well.
            pass
        finally:
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        try:
            for end in (writer, far_writer):
                # A drain waits for the last byte, so that no abort throws any away.
                end.transport.set_write_buffer_limits(high=0)
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(reader, far_writer))
                pumps.create_task(self._pump(far_reader, writer))
        finally:
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(CHUNK_BYTES):
            await self._forward(piece, writer)
        writer.write_eof()

    async def _forward(self, piece: bytes, writer: asyncio.StreamWriter) -> None:
        while piece:
            await self._flows.wait()
            share = len(piece)
            if (speed := self._mode.bytes_per_s) is not None:
                share = max(1, int(speed * GLANCE_S))
                await asyncio.sleep(share / speed)
            await asyncio.sleep(self._mode.delay_s)
            writer.write(piece[:share])
            await writer.drain()
            piece = piece[share:]


@contextmanager
def running_proxy(target: tuple[str, int], port: int | None = None) -> Iterator[TcpProxy]:
    """A proxy in a thread of its own, passing everything on until told otherwise."""
    proxy = TcpProxy(port or free_port(), target)
    thread = threading.Thread(target=proxy.run, name=f"proxy-{proxy.port}", daemon=True)
    thread.start()
    try:
        proxy.pass_on()
        yield proxy
    finally:
        proxy.close()
        thread.join(CALL_WAIT_S)
