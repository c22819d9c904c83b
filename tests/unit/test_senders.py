"""The pool of senders: every batch lands once, none starts without the lease."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, current_thread

import pytest

from consumer.adapters.clock import SystemClock
from consumer.adapters.seek.client import Attempt
from consumer.adapters.senders import SenderPool
from consumer.delivery.lease import Lease
from consumer.delivery.verdicts import Accepted, Fault, NotStarted, Outage
from consumer.ports import Landed, Request
from tests.unit.seek_doubles import FakeClock

PATIENCE_S = 10.0


class DefectError(Exception):
    pass


@dataclass
class FakeClient:
    """Accepts everything, once `gate` is open."""

    gate: Event = field(default_factory=Event)
    arrived: Event = field(default_factory=Event)
    before: Callable[[], object] = lambda: None
    sent: list[list[bytes]] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def send(self, bodies: Sequence[bytes], may_start: Callable[[], bool]) -> Attempt:
        self.before()
        if not may_start():
            return Attempt(NotStarted())
        with self._lock:
            self.sent.append(list(bodies))
            self.threads.add(current_thread().name)
        self.arrived.set()
        assert self.gate.wait(PATIENCE_S)
        if b"defect" in bodies:
            raise DefectError
        return Attempt(Accepted(), "r-" + bodies[0].decode(), 1)

    def begin(self, bodies: Sequence[bytes], may_start: Callable[[], bool]) -> None:
        """Each request has to wait for something before."""


@dataclass
class Bench:
    client: FakeClient = field(default_factory=FakeClient)
    clock: FakeClock = field(default_factory=FakeClock)
    lease: Lease = field(default_factory=lambda: Lease(30.0))
    size: int = 4

    def __post_init__(self) -> None:
        self.lease.renew(self.clock.monotonic_s())
        self.pool = SenderPool(self.client, self.size, self.lease, self.clock)

    def submit(self, *bodies: bytes) -> None:
        for number, body in enumerate(bodies):
            self.pool.submit(Request(number, [body]))

    def land(self, batches: int) -> list[Landed]:
        """Each wait is bounded, so a batch that is lost fails the test."""
        landed: list[Landed] = []
        while len(landed) < batches:
            more = self.pool.landed(PATIENCE_S)
            assert more, f"{batches - len(landed)} never landed"
            landed.extend(more)
        return sorted(landed, key=lambda each: each.batch_id)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.client.gate.set()
    assert bench.pool.close(PATIENCE_S)


def test_a_batch_lands_with_its_verdict_and_request_id(bench: Bench) -> None:
    bench.client.gate.set()
    bench.client.before = lambda: bench.clock.pass_s(1.5)
    bench.submit(b"a")
    assert bench.land(1) == [Landed(0, Accepted(), "r-a", 1.5, 1)]


def test_batches_are_in_flight_side_by_side(bench: Bench) -> None:
    bench.submit(b"a")
    assert bench.client.arrived.wait(PATIENCE_S)
    bench.client.arrived.clear()
    bench.submit(b"b")
    assert bench.client.arrived.wait(PATIENCE_S)
    bench.client.gate.set()
    bench.land(2)
    assert len(bench.client.threads) == 2


def test_no_more_threads_are_started_than_there_is_work_for(bench: Bench) -> None:
    bench.client.gate.set()
    for _ in range(6):
        bench.submit(b"a")
        bench.land(1)
    assert bench.client.threads == {"sender-1"}


def test_the_pool_never_has_more_threads_than_its_size(bench: Bench) -> None:
    bench.submit(*[b"%d" % number for number in range(20)])
    bench.client.gate.set()
    assert [landed.batch_id for landed in bench.land(20)] == list(range(20))
    assert bench.client.threads <= {f"sender-{number}" for number in range(1, 5)}


def test_waiting_for_nothing_ends(bench: Bench) -> None:
    assert list(bench.pool.landed(0.0)) == []
    assert list(bench.pool.landed(-1.0)) == []
    assert list(bench.pool.landed(0.001)) == []


def test_a_defect_lands_as_an_outage_and_the_sender_goes_on(bench: Bench) -> None:
    bench.client.gate.set()
    bench.submit(b"defect")
    assert bench.land(1)[0].verdict == Outage(Fault.TRANSPORT, "DefectError")
    bench.submit(b"a")
    assert bench.land(1)[0].verdict == Accepted()
    assert bench.client.threads == {"sender-1"}


def test_no_request_starts_once_the_lease_has_run_out(bench: Bench) -> None:
    bench.clock.pass_s(30.0)
    bench.submit(b"a")
    assert bench.land(1) == [Landed(0, NotStarted(), requests=0)]
    assert bench.client.sent == []


def test_the_lease_is_asked_after_the_token_was_fetched(bench: Bench) -> None:
    bench.client.before = lambda: bench.clock.pass_s(30.0)
    bench.submit(b"a")
    assert bench.land(1)[0].verdict == NotStarted()
    assert bench.client.sent == []


def test_a_renewed_lease_lets_requests_start_again(bench: Bench) -> None:
    bench.client.gate.set()
    bench.clock.pass_s(30.0)
    bench.lease.renew(bench.clock.monotonic_s())
    bench.submit(b"a")
    assert bench.land(1)[0].verdict == Accepted()


def test_closing_lands_what_is_under_way_and_starts_nothing_more() -> None:
    bench = Bench(size=1)
    bench.submit(b"a", b"b")
    assert bench.client.arrived.wait(PATIENCE_S)
    assert not bench.pool.close(0.0)
    bench.client.gate.set()
    assert [landed.verdict for landed in bench.land(2)] == [Accepted(), NotStarted()]
    assert bench.client.sent == [[b"a"]]
    assert bench.pool.close(PATIENCE_S)


def test_closing_is_bounded_however_long_a_request_takes() -> None:
    client = FakeClient()
    lease = Lease(30.0)
    clock = SystemClock()
    lease.renew(clock.monotonic_s())
    pool = SenderPool(client, 2, lease, clock)
    pool.submit(Request(1, [b"a"]))
    assert client.arrived.wait(PATIENCE_S)
    began_s = clock.monotonic_s()
    assert not pool.close(0.05)
    assert clock.monotonic_s() - began_s < 2.0
    client.gate.set()
    assert pool.close(PATIENCE_S)


def test_a_pool_that_was_never_used_closes_at_once() -> None:
    assert Bench().pool.close(0.0)
