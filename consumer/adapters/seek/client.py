"""One attempt at having SEEK accept a batch. Never retries, never sleeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import uuid4

from consumer.adapters.seek.answers import read_answer
from consumer.adapters.seek.exchanges import WatchExchange, signals_exchange
from consumer.adapters.seek.token import Bearers
from consumer.adapters.seek.transport import (
    HttpAnswer,
    KeepingTransport,
    Post,
    RawHeaders,
    TransportError,
)
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


class Question(NamedTuple):
    request_id: str
    headers: RawHeaders
    body: bytes
    bearer: str


@dataclass(frozen=True, slots=True)
class SeekClient:
    """Sends signals and says what the answer means. Safe to call from many threads."""

    transport: KeepingTransport
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
        question = self._question(bodies, bearer)
        try:
            answer: HttpAnswer | TransportError = self.transport.post(
                question.body, question.headers, left_s
            )
        except TransportError as error:
            answer = error
        return self.ended(question, answer)

    def begin(
        self, bodies: Sequence[bytes], may_start: Callable[[], bool] = always
    ) -> Asked | Attempt | None:
        """The same without waiting. None where that cannot be: a token has to be fetched, or a
        connection to be opened, before."""
        bearer = self.bearers.at_hand()
        if bearer is None:
            return None
        if not may_start():
            return Attempt(NotStarted())
        question = self._question(bodies, bearer)
        try:
            total_s = self.options.total_s
            post = self.transport.begin(question.body, question.headers, total_s)
        except TransportError as error:
            return self.ended(question, error)
        return None if post is None else Asked(self, question, post)

    def ended(self, question: Question, answer: HttpAnswer | TransportError) -> Attempt:
        """What came of it. A token that SEEK refused is dropped."""
        if isinstance(answer, TransportError):
            self._show(question, answer.code)
            fault = Fault.TIMEOUT if answer.timed_out else Fault.TRANSPORT
            return Attempt(Outage(fault, answer.code), question.request_id, 1)
        self._show(question, answer)
        now_s = self.clock.wall_ms() / 1_000
        read = read_answer(answer, now_s, self.options.retry_after_cap_s)
        verdict = judge(read, self.options.policy)
        if isinstance(verdict, Unauthenticated):
            self.bearers.invalidate(question.bearer)
        return Attempt(verdict, question.request_id, 1)

    def _question(self, bodies: Sequence[bytes], bearer: str) -> Question:
        request_id = self.new_id()
        return Question(request_id, self._headers(bearer, request_id), _body(bodies), bearer)

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

    def _show(self, question: Question, answer: HttpAnswer | str) -> None:
        if self.watch is not None:
            _, headers, body, bearer = question
            self.watch(signals_exchange(headers, body, answer, bearer))


class Asked(NamedTuple):
    """An attempt that is under way."""

    client: SeekClient
    question: Question
    post: Post

    def advance(self) -> Attempt | None:
        """None when it has to wait. Not called again after an attempt."""
        try:
            answer = self.post.advance()
        except TransportError as error:
            return self.client.ended(self.question, error)
        return None if answer is None else self.client.ended(self.question, answer)
