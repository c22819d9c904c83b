"""Runs a sandbox: in a thread of this process, or until the process is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from types import FrameType
from typing import Final, TypeVar

import orjson
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from consumer.errors import BadConfigurationError, ConsumerError
from consumer.sandbox.config import SandboxConfig, faults_of
from consumer.sandbox.desk import Desk
from consumer.sandbox.documents import Documents
from consumer.sandbox.endpoints import CUT, Patience, application
from consumer.sandbox.execution import engine
from consumer.sandbox.fault_kinds import Fault
from consumer.sandbox.fault_script import parse_faults
from consumer.sandbox.journal import Entry, RequestLine, line_file, read_journal, read_requests
from consumer.sandbox.stats import StatsJson
from consumer.sandbox.tokens import Tokens

T = TypeVar("T")

START_WITHIN_S: Final = 10.0
STOP_WITHIN_S: Final = 10.0
LAST_ANSWERS_WITHIN_S: Final = 2
"""For requests under way when the server stops."""
KEEP_ALIVE_S: Final = 75
"""Longer than any client keeps an idle connection, so that none is closed under its hands."""
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A sandbox that answers. Its methods may be called from any thread."""

    config: SandboxConfig
    port: int
    _desk: Desk
    _loop: asyncio.AbstractEventLoop

    @property
    def base_url(self) -> str:
        host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        return f"{self.config.scheme}://{host}:{self.port}"

    @property
    def graphql_url(self) -> str:
        return f"{self.base_url}/graphql"

    @property
    def token_url(self) -> str:
        return f"{self.base_url}/oauth/token"

    @property
    def accepted(self) -> int:
        """Signals accepted so far; repeats count again."""
        return self.stats()["accepted"]

    def set_faults(self, faults: Sequence[Fault | Mapping[str, object]]) -> None:
        """Replaces the faults; counts and durations start now. Raises BadConfigurationError."""
        script = [f.model_dump(by_alias=True) if isinstance(f, BaseModel) else f for f in faults]
        parsed = parse_faults(script)
        self._on_loop(lambda: self._desk.set_faults(parsed))

    def clear_faults(self) -> None:
        self.set_faults([])

    def stats(self) -> StatsJson:
        return self._on_loop(self._desk.stats.as_json)

    def journal(self) -> list[Entry]:
        """The journal so far; empty when the configuration names no file."""
        return [] if self.config.journal is None else read_journal(self.config.journal)

    def requests(self) -> list[RequestLine]:
        return [] if self.config.requests is None else read_requests(self.config.requests)

    def _on_loop(self, act: Callable[[], T]) -> T:
        """The server's loop owns all state, while it runs."""

        async def there() -> T:
            return act()

        if self._loop.is_closed():
            return act()
        return asyncio.run_coroutine_threadsafe(there(), self._loop).result(STOP_WITHIN_S)


@contextmanager
def running_sandbox(config: SandboxConfig) -> Generator[RunningSandbox]:
    """A sandbox in a thread of this process; it answers from the first line of the block on.

    Raises BadConfigurationError, with all that is wrong.
    """
    wrong = faults_of(config)
    if wrong:
        raise BadConfigurationError(wrong)
    with ExitStack() as open_things:
        desk = _desk(config, open_things)
        patience = Patience()
        server = _ReadyServer(_server_config(config, desk, patience))
        listener = open_things.enter_context(_listener(config))
        thread = Thread(target=_serve_in, args=(server, listener), name="sandbox", daemon=True)
        thread.start()
        open_things.callback(_stop, server, patience, thread)
        if not server.ready.wait(START_WITHIN_S) or server.loop is None:
            message = "The sandbox's server did not start."
            raise ConsumerError(message)
        yield RunningSandbox(config, int(listener.getsockname()[1]), desk, server.loop)


def serve(config: SandboxConfig, announce: Callable[[str], None], *, as_json: bool = False) -> None:
    """Runs until SIGTERM or SIGINT; call it on the main thread.

    `announce` gets one line when the sandbox answers: a sentence, or with `as_json` an
    object with `graphqlUrl`, `tokenUrl`, `controlUrl`, `audience` and `clientId`.
    """
    stop = Event()
    with _on_signals(stop.set), running_sandbox(config) as sandbox:
        announce(_announcement_json(sandbox) if as_json else _announcement(sandbox))
        stop.wait()


class _ReadyServer(Server):
    """Says when it listens, and on which loop."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.ready = Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.ready.set()


class _CuttableProtocol(H11Protocol):
    """Gives each request a way to drop its connection, which ASGI does not have."""

    # H11Protocol itself narrows what asyncio's base class takes.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = _with_cut(self.app, transport.abort)


def _with_cut(app: ASGIApp, cut: Callable[[], None]) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {**scope.get("extensions", {}), CUT: cut}
        await app(scope, receive, send)

    return wrapped


def _desk(config: SandboxConfig, open_things: ExitStack) -> Desk:
    rules = engine()
    desk = Desk(
        config=config,
        engine=rules,
        documents=Documents(rules.schema),
        tokens=Tokens(config, config.client_secret),
        journal=open_things.enter_context(line_file(config.journal)),
        requests=open_things.enter_context(line_file(config.requests)),
    )
    desk.set_faults(config.faults)
    return desk


def _server_config(config: SandboxConfig, desk: Desk, patience: Patience) -> Config:
    server_config = Config(
        application(desk, patience),
        http=_CuttableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=LAST_ANSWERS_WITHIN_S,
        ssl_certfile=config.tls_cert,
        ssl_keyfile=config.tls_key,
    )
    try:
        server_config.load()
    except (ssl.SSLError, OSError) as error:
        line = f"tls_cert {config.tls_cert} and tls_key {config.tls_key} cannot be used: {error}"
        raise BadConfigurationError([line]) from error
    return server_config


@contextmanager
def _listener(config: SandboxConfig) -> Generator[socket.socket]:
    """Bound here, so that a port that is taken is one clear line."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # Named as TCP, because asyncio switches Nagle's algorithm off for such sockets only.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((config.host, config.port))
        except OSError as error:
            line = f"cannot listen on {config.host}, port {config.port}: {error.strerror}"
            hint = "choose another port, or 0 for any free one"
            raise BadConfigurationError([f"{line}; {hint}"]) from error
        yield listener


def _serve_in(server: _ReadyServer, listener: socket.socket) -> None:
    asyncio.run(server.serve(sockets=[listener]))


def _stop(server: _ReadyServer, patience: Patience, thread: Thread) -> None:
    if server.loop is not None and thread.is_alive():
        server.loop.call_soon_threadsafe(patience.stopping.set)
    server.should_exit = True
    thread.join(STOP_WITHIN_S)


@contextmanager
def _on_signals(act: Callable[[], None]) -> Generator[None]:
    def heard(_number: int, _frame: FrameType | None) -> None:
        act()

    before = {number: signal.signal(number, heard) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _announcement(sandbox: RunningSandbox) -> str:
    played = "the Playground" if sandbox.config.playground else "live"
    return (
        f"SEEK sandbox ({played}): GraphQL at {sandbox.graphql_url}, "
        f"tokens at {sandbox.token_url}, faults at {sandbox.base_url}/_sandbox/faults. "
        "Stop it with Ctrl-C."
    )


def _announcement_json(sandbox: RunningSandbox) -> str:
    config = sandbox.config
    announcement = {
        "graphqlUrl": sandbox.graphql_url,
        "tokenUrl": sandbox.token_url,
        "controlUrl": f"{sandbox.base_url}/_sandbox",
        "audience": config.playground_audience if config.playground else config.live_audience,
        "clientId": config.client_id,
    }
    return orjson.dumps(announcement).decode()
