"""One thread with many requests under way, over real sockets: what waits holds up nothing else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Barrier, Event
from threading import enumerate as running_threads
from typing import Final

import pytest

from consumer.adapters.clock import SystemClock
from consumer.adapters.seek.client import ClientOptions, SeekClient
from consumer.adapters.seek.transport import HttpTransport, TransportLimits, verified_tls
from consumer.adapters.senders import SenderPool
from consumer.delivery.lease import Lease
from consumer.delivery.verdicts import (
    Accepted,
    Fault,
    NotStarted,
    Outage,
    Refusal,
    Refused,
    Unauthenticated,
    Verdict,
)
from consumer.ports import Landed, Request
from tests.contract.scripted_server import (
    PATIENCE_S,
    Answering,
    Authority,
    Script,
    ScriptedServer,
    answer,
    read_request,
)

OK: Final = answer(b'{"data":{"sendSignals":true}}')
LARGE: Final = b'"' + b"x" * (32 << 20) + b'"'
"""More than the system takes at once from one who writes to one who does not read."""
SOON_S: Final = 1.0


@dataclass
class OneBearer:
    """Is at hand until it is taken away."""

    bearer: str | None = "bearer"

    def get(self) -> str | Unauthenticated | Outage:
        return self.bearer or "fetched"

    def at_hand(self) -> str | None:
        return self.bearer

    def invalidate(self, bearer: str) -> None:
        assert bearer == self.bearer
        self.bearer = None


@dataclass
class Bench:
    pool: SenderPool
    lease: Lease
    bearers: OneBearer
    server: ScriptedServer
    numbers: int = 0
    _landed: list[Landed] = field(default_factory=list)

    def submit(self, *bodies: bytes) -> None:
        for body in bodies:
            self.pool.submit(Request(self.numbers, [body]))
            self.numbers += 1

    def land(self, count: int) -> list[Landed]:
        """The next to land, in the order in which they do."""
        while len(self._landed) < count:
            more = self.pool.landed(PATIENCE_S)
            assert more, "a batch never landed"
            self._landed += more
        first, self._landed = self._landed[:count], self._landed[count:]
        return first

    def verdict(self, body: bytes = b"{}") -> Verdict:
        self.submit(body)
        (landed,) = self.land(1)
        return landed.verdict

    def open(self, connections: int = 1) -> None:
        """The first requests: a thread opens a connection for each, if none is answered before."""
        self.submit(*[b"{}"] * connections)
        assert [it.verdict for it in self.land(connections)] == [Accepted()] * connections
        assert self.server.connections == connections


@contextmanager
def running(
    script: Script, authority: Authority | None = None, total_s: float = PATIENCE_S
) -> Iterator[Bench]:
    clock, lease, bearers = SystemClock(), Lease(60.0), OneBearer()
    lease.renew(clock.monotonic_s())
    tls = authority.server_context() if authority else None
    trust = verified_tls(str(authority.ca_file) if authority else None)
    with ScriptedServer(script, tls).running() as server:
        transport = HttpTransport(server.url, trust, clock, TransportLimits())
        client = SeekClient(transport, bearers, ClientOptions("a/1", total_s=total_s), clock)
        pool = SenderPool(client, 4, lease, clock)
        try:
            yield Bench(pool, lease, bearers, server)
        finally:
            assert pool.close(PATIENCE_S)
            transport.close()


def senders() -> set[str]:
    return {it.name for it in running_threads() if it.name.startswith("sender-")}


@pytest.mark.parametrize("secured", [False, True])
def test_open_connections_are_used_by_one_thread_and_no_other(
    authority: Authority, *, secured: bool
) -> None:
    together = Barrier(4)

    def answers_together(connection: socket.socket, _over: Event) -> None:
        """None before all four requests are under way."""
        while read_request(connection):
            together.wait(PATIENCE_S)
            connection.sendall(OK)

    with running(answers_together, authority if secured else None) as bench:
        bench.open(4)
        before = senders()
        for _ in range(3):
            bench.submit(*[b"{}"] * 4)
            assert [it.verdict for it in bench.land(4)] == [Accepted()] * 4
        assert bench.server.connections == 4
        assert senders() == before


def then(first: bytes, *others: Script) -> Script:
    """One answer, then what the others do."""

    def script(connection: socket.socket, over: Event) -> None:
        read_request(connection)
        connection.sendall(first)
        for other in others:
            other(connection, over)

    return script


def silent(connection: socket.socket, over: Event) -> None:
    read_request(connection)
    over.wait(PATIENCE_S)


def deaf(_: socket.socket, over: Event) -> None:
    over.wait(PATIENCE_S)


def drips(connection: socket.socket, over: Event) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Endless: ")
    while not over.wait(SOON_S / 10):
        connection.sendall(b"x")


def sips(connection: socket.socket, over: Event) -> None:
    while not over.wait(SOON_S / 10):
        connection.recv(65_536)


@pytest.mark.parametrize("secured", [False, True])
@pytest.mark.parametrize(
    ("does", "body"), [(silent, b"{}"), (drips, b"{}"), (deaf, LARGE), (sips, LARGE)]
)
def test_a_request_ends_when_its_time_is_over(
    authority: Authority, does: Script, body: bytes, *, secured: bool
) -> None:
    with running(then(OK, does), authority if secured else None, SOON_S) as bench:
        bench.open()
        assert bench.verdict(body) == Outage(Fault.TIMEOUT, "TimeoutError")
        assert bench.server.connections == 1


def test_what_waits_holds_up_nothing_else() -> None:
    """Two connections do not answer; the third goes on."""
    together = Barrier(3)

    def script(connection: socket.socket, over: Event) -> None:
        """No first answer before there are three connections."""
        read_request(connection)
        together.wait(PATIENCE_S)
        connection.sendall(OK)
        while (request := read_request(connection)) is not None:
            if b"stuck" in request.body:
                over.wait(PATIENCE_S)
                return
            connection.sendall(OK)

    with running(script, total_s=5.0) as bench:
        bench.open(3)
        bench.submit(b'"stuck"', b'"stuck"')
        for _ in range(10):
            assert bench.verdict() == Accepted()
        late = bench.land(2)
        assert {it.verdict for it in late} == {Outage(Fault.TIMEOUT, "TimeoutError")}


def breaks(connection: socket.socket, _over: Event) -> None:
    read_request(connection)
    linger_off = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_off)


def ends(connection: socket.socket, _over: Event) -> None:
    read_request(connection)
    connection.sendall(OK[:20])


def refuses_unread(connection: socket.socket, _over: Event) -> None:
    connection.recv(1_000)
    connection.sendall(answer(b"{}", "413 Content Too Large", "Connection: close"))


@pytest.mark.parametrize(
    ("does", "code"), [(breaks, "ConnectionResetError"), (ends, "RemoteProtocolError")]
)
def test_a_connection_that_breaks_is_an_outage_and_used_no_more(does: Script, code: str) -> None:
    with running(then(OK, does)) as bench:
        bench.open()
        assert bench.verdict() == Outage(Fault.TRANSPORT, code)
        assert bench.verdict() == Accepted()
        assert bench.server.connections == 2


def test_an_early_refusal_is_read_though_the_request_was_cut() -> None:
    with running(then(OK, refuses_unread)) as bench:
        bench.open()
        assert bench.verdict(LARGE) == Refused(Refusal.REQUEST_TOO_LARGE, "HTTP 413", "")


def test_an_answer_that_comes_too_late_settles_no_other_batch() -> None:
    def is_late(connection: socket.socket, over: Event) -> None:
        """With the second answer: a third request on this connection would be given it."""
        read_request(connection)
        if read_request(connection):
            connection.sendall(answer(b'{"data":{"sendSignals":false}}'))
        over.wait(PATIENCE_S)

    with running(then(OK, is_late), total_s=SOON_S) as bench:
        bench.open()
        assert bench.verdict() == Outage(Fault.TIMEOUT, "TimeoutError")
        assert bench.verdict() == Accepted()
        assert bench.server.connections == 2


def test_without_a_token_at_hand_a_thread_fetches_it() -> None:
    script = Answering([OK, OK, OK])
    with running(script) as bench:
        bench.open()
        bench.bearers.bearer = None
        assert bench.verdict() == Accepted()
    assert [it.headers["authorization"] for it in script.received] == [
        "Bearer bearer",
        "Bearer fetched",
    ]


def test_a_token_that_was_refused_is_dropped() -> None:
    with running(Answering([OK, answer(b"{}", "401 Unauthorized")])) as bench:
        bench.open()
        assert isinstance(bench.verdict(), Unauthenticated)
        assert bench.bearers.bearer is None


def test_no_request_starts_once_the_lease_has_run_out() -> None:
    script = Answering([OK, OK])
    with running(script) as bench:
        bench.open()
        bench.lease.renew(float("-inf"))
        assert bench.verdict() == NotStarted()
        assert len(script.received) == 1
        bench.lease.renew(SystemClock().monotonic_s())
        assert bench.verdict() == Accepted()


def test_closing_waits_for_what_is_under_way() -> None:
    asked, may_answer = Event(), Event()

    def answers_when_told(connection: socket.socket, _over: Event) -> None:
        read_request(connection)
        asked.set()
        assert may_answer.wait(PATIENCE_S)
        connection.sendall(OK)

    with running(then(OK, answers_when_told)) as bench:
        bench.open()
        bench.submit(b"{}")
        assert asked.wait(PATIENCE_S)
        assert not bench.pool.close(0.0)
        may_answer.set()
        assert [it.verdict for it in bench.land(1)] == [Accepted()]
        assert bench.pool.close(PATIENCE_S)
        assert bench.verdict() == NotStarted()
