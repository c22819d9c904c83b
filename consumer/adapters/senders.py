"""Sends batches, a bounded number at once, so that the loop never waits for SEEK."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Protocol

from consumer.adapters.exchanger import Asked, Exchanger, defect, landed
from consumer.adapters.seek.client import Attempt
from consumer.delivery.lease import Lease
from consumer.delivery.verdicts import NotStarted
from consumer.ports import Clock, Landed, Request


class SendsSignals(Protocol):
    """One attempt for one batch. Called from many threads."""

    def send(self, bodies: Sequence[bytes], may_start: Callable[[], bool]) -> Attempt: ...
    def begin(
        self, bodies: Sequence[bytes], may_start: Callable[[], bool]
    ) -> Asked | Attempt | None:
        """The same without waiting; None where that cannot be."""
        ...


class SenderPool:
    """Implements the port `Senders`. Its methods are for the loop thread only.

    One thread has all requests under way, the exchanger; those that need a token or a connection
    first are made whole by threads of their own. Every submitted batch lands exactly once, whatever
    happens to its sender. A request is started only while the lease is held (P4) and the pool is
    open; else it lands `NotStarted`.
    """

    def __init__(self, client: SendsSignals, size: int, lease: Lease, clock: Clock) -> None:
        """Starts no thread yet: one is started when a batch finds all others busy."""
        self._client = client
        self._size = size
        self._lease = lease
        self._clock = clock
        self._exchanger = Exchanger(self._begin, self._hand_on, self._land, clock)
        self._threads: list[Thread] = []
        self._open = 0
        """Requests that the threads have not ended. Guarded by the lock."""
        self._lock = Lock()
        self._closed = Event()
        self._requests: SimpleQueue[Request | None] = SimpleQueue()
        self._results: SimpleQueue[Landed] = SimpleQueue()

    def submit(self, request: Request) -> None:
        self._exchanger.submit(request)

    def landed(self, wait_s: float) -> Sequence[Landed]:
        """Waits until one has landed, at most `wait_s`; then returns all that have."""
        results: list[Landed] = []
        try:
            results.append(self._results.get(timeout=max(wait_s, 0.0)))
            while True:
                results.append(self._results.get_nowait())
        except Empty:
            return results

    def close(self, wait_s: float) -> bool:
        """Starts nothing more and waits at most `wait_s` for requests under way. False when
        some were not over by then: their threads end with the process."""
        over_by_s = self._clock.monotonic_s() + wait_s
        self._closed.set()
        over = self._exchanger.close(wait_s)
        for _ in self._threads:
            self._requests.put(None)
        for thread in self._threads:
            thread.join(max(over_by_s - self._clock.monotonic_s(), 0.0))
        return over and not any(thread.is_alive() for thread in self._threads)

    # -- Called by the exchanger ---------------------------------------------------------------

    def _begin(self, request: Request) -> Asked | Attempt | None:
        return self._client.begin(request.bodies, self._may_start)

    def _hand_on(self, request: Request) -> None:
        with self._lock:
            self._open += 1
            all_are_busy = self._open > len(self._threads)
        if all_are_busy and len(self._threads) < self._size:
            self._start_thread()
        self._requests.put(request)

    def _land(self, result: Landed) -> None:
        self._results.put(result)

    def _start_thread(self) -> None:
        name = f"sender-{len(self._threads) + 1}"
        thread = Thread(target=self._run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    # -- On threads of their own ---------------------------------------------------------------

    def _run(self) -> None:
        while (request := self._requests.get()) is not None:
            began_s = self._clock.monotonic_s()
            attempt = self._attempt(request)
            with self._lock:  # Before it is told, so that what is sent next finds it free.
                self._open -= 1
            self._land(landed(request, attempt, self._clock.monotonic_s() - began_s))

    def _attempt(self, request: Request) -> Attempt:
        if not self._may_start():  # nor is a token fetched for nothing
            return Attempt(NotStarted())
        try:
            return self._client.send(request.bodies, self._may_start)
        except Exception as error:  # noqa: BLE001 -- a lost batch would stop its partitions for good
            return defect(error)

    def _may_start(self) -> bool:
        return not self._closed.is_set() and self._lease.held(self._clock.monotonic_s())
