"""One attempt at having SEEK accept a batch. Never retries, never sleeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import uuid4

from consumer.adapters.seek.answers import read_answer
from consumer.adapters.seek.exchanges import WatchExchange, signals_exchange
from consumer.adapters.seek.token import Bearers
from consumer.adapters.seek.transport import HttpAnswer, RawHeaders, Transport, TransportError
from consumer.delivery.judging import judge
from consumer.delivery.verdicts import (
    AnswerPolicy,
    Fault,
    NotStarted,
    Outage,
    Unauthenticated,
    Verdict,
)
from consumer.ports import Clock

_BEFORE = (
    b'{"query":"mutation ($input: SendSignalsInput!) { sendSignals(input: $input) }",'
    b'"variables":{"input":{"signals":['
)
_AFTER = b"]}}}"


def _body(signals: Sequence[bytes]) -> bytes:
    """Made in one piece: with large records each further copy is megabytes a sender."""
    first, *others = signals
    *others, last = [_BEFORE + first, *others]
    return b",".join([*others, last + _AFTER])


def new_id() -> str:
    """A UUID v4, as SEEK's samples have them."""
    return str(uuid4())


def always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ClientOptions:
    user_agent: str
    """`name/version` (contract 5)."""
    policy: AnswerPolicy = field(default_factory=AnswerPolicy)
    accept_language: str = "en-AU"
    """Pinned, since SEEK translates its messages."""
    total_s: float = 20.0
    """For a whole attempt, a wait for a token included; less than the drain (design 8)."""
    retry_after_cap_s: float = 900.0
    session_id: str = field(default_factory=new_id)
    """One a process."""


class Attempt(NamedTuple):
    verdict: Verdict
    request_id: str = ""
    """Empty when no request was started."""
    requests: int = 0


@dataclass(frozen=True, slots=True)
class SeekClient:
    """Sends signals and says what the answer means. Safe to call from many threads."""

    transport: Transport
    bearers: Bearers
    options: ClientOptions
    clock: Clock
    watch: WatchExchange | None = None
    """Sees each exchange, with candidates' data but without credentials. For development."""
    new_id: Callable[[], str] = new_id

    def send(self, bodies: Sequence[bytes], may_start: Callable[[], bool] = always) -> Attempt:
        """`bodies`: the JSON of 1 to 100 `SendSignalInput`, joined as they are.

        `may_start` is asked once the token is there, right before the request (P4). A token
        that SEEK refused is dropped, so that the next attempt has a new one. Returns within
        `options.total_s`; raises nothing but for defects.
        """
        began_s = self.clock.monotonic_s()
        bearer = self.bearers.get()
        if not isinstance(bearer, str):
            return Attempt(bearer)
        if not may_start():
            return Attempt(NotStarted())
        left_s = self.options.total_s - (self.clock.monotonic_s() - began_s)
        request_id = self.new_id()
        headers = self._headers(bearer, request_id)
        verdict = self._ask(headers, _body(bodies), left_s, bearer)
        if isinstance(verdict, Unauthenticated):
            self.bearers.invalidate(bearer)
        return Attempt(verdict, request_id, 1)

    def _headers(self, bearer: str, request_id: str) -> RawHeaders:
        """Answers unpacked: they are small, and a bound on their size is then exact."""
        return [
            (b"Content-Type", b"application/json"),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"identity"),
            (b"Accept-Language", self.options.accept_language.encode()),
            (b"User-Agent", self.options.user_agent.encode()),
            (b"X-Session-Id", self.options.session_id.encode()),
            (b"X-Request-Id", request_id.encode()),
            (b"Authorization", b"Bearer " + bearer.encode()),
        ]

    def _ask(self, headers: RawHeaders, body: bytes, total_s: float, bearer: str) -> Verdict:
        try:
            http = self.transport.post(body, headers, total_s)
        except TransportError as error:
            self._show(headers, body, error.code, bearer)
            return Outage(Fault.TIMEOUT if error.timed_out else Fault.TRANSPORT, error.code)
        self._show(headers, body, http, bearer)
        now_s = self.clock.wall_ms() / 1_000
        answer = read_answer(http, now_s, self.options.retry_after_cap_s)
        return judge(answer, self.options.policy)

    def _show(
        self, headers: RawHeaders, body: bytes, answer: HttpAnswer | str, bearer: str
    ) -> None:
        if self.watch is not None:
            self.watch(signals_exchange(headers, body, answer, bearer))
