"""A bounded pool of threads that send batches, so that the loop never waits for SEEK."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Protocol

from consumer.adapters.seek.client import Attempt
from consumer.delivery.lease import Lease
from consumer.delivery.verdicts import Fault, NotStarted, Outage
from consumer.ports import Clock, Landed, Request


class SendsSignals(Protocol):
    """One attempt for one batch. Called from many threads."""

    def send(self, bodies: Sequence[bytes], may_start: Callable[[], bool]) -> Attempt: ...


class SenderPool:
    """Implements the port `Senders`. Its methods are for the loop thread only.

    Every submitted batch lands exactly once, whatever happens to its sender. A request is
    started only while the lease is held (P4) and the pool is open; else it lands `NotStarted`.
    """

    def __init__(self, client: SendsSignals, size: int, lease: Lease, clock: Clock) -> None:
        """Starts no thread yet: one is started when a batch finds all others busy."""
        self._client = client
        self._size = size
        self._lease = lease
        self._clock = clock
        self._threads: list[Thread] = []
        self._in_flight = 0
        self._closed = Event()
        self._requests: SimpleQueue[Request | None] = SimpleQueue()
        self._results: SimpleQueue[Landed] = SimpleQueue()

    def submit(self, request: Request) -> None:
        self._in_flight += 1
        if len(self._threads) < min(self._in_flight, self._size):
            self._start_thread()
        self._requests.put(request)

    def landed(self, wait_s: float) -> Sequence[Landed]:
        """Waits until one has landed, at most `wait_s`; then returns all that have."""
        results: list[Landed] = []
        try:
            results.append(self._results.get(timeout=max(wait_s, 0.0)))
            while True:
                results.append(self._results.get_nowait())
        except Empty:
            self._in_flight -= len(results)
            return results

    def close(self, wait_s: float) -> bool:
        """Starts nothing more and waits at most `wait_s` for requests under way. False when
        some were not over by then: their threads end with the process."""
        self._closed.set()
        for _ in self._threads:
            self._requests.put(None)
        over_by_s = self._clock.monotonic_s() + wait_s
        for thread in self._threads:
            thread.join(max(over_by_s - self._clock.monotonic_s(), 0.0))
        return not any(thread.is_alive() for thread in self._threads)

    def _start_thread(self) -> None:
        name = f"sender-{len(self._threads) + 1}"
        thread = Thread(target=self._run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        while (request := self._requests.get()) is not None:
            self._results.put(self._send(request))

    def _send(self, request: Request) -> Landed:
        began_s = self._clock.monotonic_s()
        attempt = self._attempt(request)
        return Landed(
            batch_id=request.batch_id,
            verdict=attempt.verdict,
            request_id=attempt.request_id,
            seconds=self._clock.monotonic_s() - began_s,
            requests=attempt.requests,
        )

    def _attempt(self, request: Request) -> Attempt:
        if not self._may_start():  # nor is a token fetched for nothing
            return Attempt(NotStarted())
        try:
            return self._client.send(request.bodies, self._may_start)
        except Exception as error:  # noqa: BLE001 -- a lost batch would stop its partitions for good
            return Attempt(Outage(Fault.TRANSPORT, type(error).__name__), requests=1)

    def _may_start(self) -> bool:
        return not self._closed.is_set() and self._lease.held(self._clock.monotonic_s())
