"""One thread that has every request under way for which nothing has to be opened before.

Threads that each wait for one answer take the interpreter from the loop, and from each other, some
times a request; one that waits for all of them does so a few times for many.
"""

from __future__ import annotations

import select
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, NamedTuple, Protocol

from consumer.adapters.seek.client import Attempt
from consumer.adapters.seek.transport import Post
from consumer.delivery.verdicts import Fault, NotStarted, Outage
from consumer.ports import Clock, Landed, Request

_LONGEST_WAIT_S: Final = 60.0
_SWITCH_S: Final = 0.001
"""Python's own is five times as long: of the 50 ms that SEEK may take, a tenth at each end."""


def give_way_soon() -> None:
    """Tells Python how long a thread that computes may keep another from what has come for it."""
    sys.setswitchinterval(_SWITCH_S)


class Asked(Protocol):
    """`consumer.adapters.seek.client.Asked`."""

    @property
    def post(self) -> Post: ...
    def advance(self) -> Attempt | None: ...


class _Flight(NamedTuple):
    request: Request
    began_s: float
    over_by_s: float
    asked: Asked


class Bell:
    """Wakes a thread that waits for its descriptor to be readable."""

    def __init__(self) -> None:
        self._inside, self._outside = socket.socketpair()
        self._is_ringing = False

    def fileno(self) -> int:
        return self._inside.fileno()

    def ring(self) -> None:
        """Once until it is heard: a call that lets go of the interpreter is dear."""
        if not self._is_ringing:
            self._is_ringing = True
            self._outside.send(b".")

    def heard(self) -> None:
        """Before the look at what it was rung for: what comes after that rings again."""
        self._inside.recv(1)
        self._is_ringing = False

    def close(self) -> None:
        self._inside.close()
        self._outside.close()


class Exchanger:
    """`submit` and `close` are for one thread, all else happens on its own."""

    def __init__(
        self,
        begin: Callable[[Request], Asked | Attempt | None],
        hand_on: Callable[[Request], None],
        land: Callable[[Landed], None],
        clock: Clock,
    ) -> None:
        """`begin`: None for a request that has to wait before it starts; then it is handed on.
        The thread is started with the first request."""
        self._begin, self._hand_on, self._land, self._clock = begin, hand_on, land, clock
        self._submitted: SimpleQueue[Request] = SimpleQueue()
        self._flights: dict[int, _Flight] = {}
        self._poller = select.poll()
        self._bell: Bell | None = None
        self._thread: Thread | None = None
        self._is_closed = False

    def submit(self, request: Request) -> None:
        if self._is_closed:
            self._land(landed(request, Attempt(NotStarted()), 0.0))
            return
        self._submitted.put(request)
        bell = self._bell or self._open()
        bell.ring()

    def close(self, wait_s: float) -> bool:
        """Takes nothing more; waits so long for what is under way. Whether it is over: if not,
        this may be asked again."""
        self._is_closed = True
        if self._bell is None or self._thread is None:
            return True
        self._bell.ring()
        self._thread.join(wait_s)
        if self._thread.is_alive():
            return False
        self._bell.close()
        self._bell = self._thread = None
        return True

    def _open(self) -> Bell:
        bell = self._bell = Bell()
        self._thread = Thread(target=self._run, args=(bell,), name="exchanger", daemon=True)
        self._thread.start()
        return bell

    def _run(self, bell: Bell) -> None:
        self._poller.register(bell.fileno(), select.POLLIN)
        while self._flights or not self._is_closed or not self._submitted.empty():
            for descriptor, _ in self._poller.poll(self._wait_s() * 1_000):
                if descriptor == bell.fileno():
                    bell.heard()
                    self._take()
                else:
                    self._advance(descriptor)
            self._end_late()

    def _wait_s(self) -> float:
        if not self._flights:
            return _LONGEST_WAIT_S
        over_by_s = min(flight.over_by_s for flight in self._flights.values())
        return max(0.0, over_by_s - self._clock.monotonic_s())

    def _take(self) -> None:
        with suppress(Empty):
            while True:
                self._start(self._submitted.get_nowait())

    def _start(self, request: Request) -> None:
        began_s = self._clock.monotonic_s()
        try:
            asked = self._begin(request)
        except Exception as error:  # noqa: BLE001 -- a lost batch would stop its partitions for good
            asked = defect(error)
        if asked is None:
            self._hand_on(request)
        elif isinstance(asked, Attempt):
            self._land(landed(request, asked, self._clock.monotonic_s() - began_s))
        else:
            post = asked.post
            descriptor = post.fileno()
            self._flights[descriptor] = _Flight(request, began_s, post.over_by_s, asked)
            self._advance(descriptor)

    def _advance(self, descriptor: int) -> None:
        request, began_s, _, asked = self._flights[descriptor]
        try:
            attempt = asked.advance()
        except Exception as error:  # noqa: BLE001 -- a lost batch would stop its partitions for good
            attempt = defect(error)
        if attempt is None:
            self._poller.register(descriptor, asked.post.wants)
            return
        del self._flights[descriptor]
        with suppress(KeyError):
            self._poller.unregister(descriptor)
        self._land(landed(request, attempt, self._clock.monotonic_s() - began_s))

    def _end_late(self) -> None:
        now_s = self._clock.monotonic_s()
        late = [number for number, it in self._flights.items() if it.over_by_s <= now_s]
        for descriptor in late:
            self._advance(descriptor)


def landed(request: Request, attempt: Attempt, seconds: float) -> Landed:
    return Landed(
        batch_id=request.batch_id,
        verdict=attempt.verdict,
        request_id=attempt.request_id,
        seconds=seconds,
        requests=attempt.requests,
    )


def defect(error: Exception) -> Attempt:
    """Of ours, in the middle of an attempt: whether SEEK has the request is not known."""
    return Attempt(Outage(Fault.TRANSPORT, type(error).__name__), requests=1)
