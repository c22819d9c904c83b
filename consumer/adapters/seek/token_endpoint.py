"""Asks the token endpoint for a partner token (contract 3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import sleep
from typing import NamedTuple, TypeAlias, cast

import orjson
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_result,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from consumer.adapters.seek.answers import retry_after_s
from consumer.adapters.seek.credentials import (
    Credentials,
    CredentialsSource,
    CredentialsUnreadableError,
)
from consumer.adapters.seek.exchanges import WatchExchange, token_exchange
from consumer.adapters.seek.transport import HttpAnswer, RawHeaders, Transport, TransportError
from consumer.delivery.verdicts import Fault, Outage, Unauthenticated
from consumer.ports import Clock

_OK = 200
_REFUSED = frozenset({400, 401, 403})
_BLIPS = frozenset({408, 429, *range(500, 600)})
_LONGEST_LIFE_S = 30 * 86_400.0
"""A longer life than this is taken for this: any answer must fit a clock."""
_BEARER = re.compile(r"[\x21-\x7e]+")
"""Visible ASCII: what may stand in a header."""
_OAUTH_ERROR = re.compile(r"[a-z_]{1,40}")
"""RFC 6749's error codes; anything else from the endpoint stays out of messages."""


@dataclass(frozen=True, slots=True)
class TokenOptions:
    audience: str
    user_agent: str
    margin_s: float = 60.0
    """Contract 3: leave about one minute; of a token with a short life, a quarter of it."""
    attempts: int = 3
    attempt_s: float = 4.0
    total_s: float = 10.0
    """Half of what an attempt at SEEK may take, since a sender waits here before it."""
    retry_after_cap_s: float = 900.0


@dataclass(frozen=True, slots=True)
class Token:
    bearer: str = field(repr=False)
    fresh_until_s: float
    """Monotonic: its life less the margin."""
    expires_at_ms: int
    """Wall time, as the answer told it."""


Fetched: TypeAlias = Token | Unauthenticated | Outage


class _Try(NamedTuple):
    fetched: Fetched
    blip: bool = False
    """Another try at once may help."""


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """One fetch with a few quick tries, for a blip; a real outage is the pacer's to wait out."""

    transport: Transport
    credentials: CredentialsSource
    options: TokenOptions
    clock: Clock
    watch: WatchExchange | None = None
    """Sees each exchange, credentials masked. For development only."""
    sleep: Callable[[float], None] = sleep

    def fetch(self) -> Fetched:
        """Blocks for `options.total_s` at most, on the caller's thread.

        `Unauthenticated`: the endpoint refused the credentials, or they cannot be read.
        `Outage(TOKEN_ENDPOINT)`: the endpoint is away, or answers what is no token.
        """
        try:
            credentials = self.credentials.read()
        except CredentialsUnreadableError as error:
            return Unauthenticated(trouble=str(error))
        over_by_s = self.clock.monotonic_s() + self.options.total_s
        tries = Retrying(
            stop=stop_after_attempt(self.options.attempts)
            | stop_before_delay(self.options.total_s),
            wait=wait_random_exponential(multiplier=0.25, max=2),
            retry=retry_if_result(_is_blip),
            retry_error_callback=_last_try,
            sleep=self.sleep,
        )
        return tries(self._ask, credentials, over_by_s).fetched

    def _ask(self, credentials: Credentials, over_by_s: float) -> _Try:
        asked_s, asked_ms = self.clock.monotonic_s(), self.clock.wall_ms()
        body, headers = self._request(credentials)
        total_s = min(self.options.attempt_s, over_by_s - asked_s)
        try:
            answer = self.transport.post(body, headers, total_s)
        except TransportError as error:
            self._show(headers, body, error.code, credentials)
            return _Try(Outage(Fault.TOKEN_ENDPOINT, error.code), blip=True)
        self._show(headers, body, answer, credentials)
        if answer.status == _OK:
            return _Try(self._token(answer.body, asked_s, asked_ms))
        if answer.status in _REFUSED:
            return _Try(_refused(answer))
        return self._away(answer, asked_ms / 1_000)

    def _request(self, credentials: Credentials) -> tuple[bytes, RawHeaders]:
        fields = {
            "audience": self.options.audience,
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
            "grant_type": "client_credentials",
        }
        headers = [
            (b"Content-Type", b"application/json"),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", self.options.user_agent.encode()),
        ]
        return orjson.dumps(fields), headers

    def _token(self, body: bytes, asked_s: float, asked_ms: int) -> Token | Outage:
        """Life counts from before the question, so that a slow answer shortens it."""
        fields = _fields(body)
        bearer = _bearer(fields)
        life_s = _life_s(fields)
        if bearer is None or life_s is None:
            detail = "the token endpoint's answer has no usable access_token and expires_in"
            return Outage(Fault.TOKEN_ENDPOINT, "UNREADABLE", detail)
        fresh_s = life_s - min(self.options.margin_s, life_s / 4)
        return Token(bearer, asked_s + fresh_s, asked_ms + int(life_s * 1_000))

    def _away(self, answer: HttpAnswer, now_s: float) -> _Try:
        """Not a blip where the endpoint says itself when to come back."""
        wait_s = retry_after_s(answer, now_s, self.options.retry_after_cap_s)
        away = Outage(Fault.TOKEN_ENDPOINT, f"HTTP {answer.status}", retry_after_s=wait_s)
        return _Try(away, blip=wait_s is None and answer.status in _BLIPS)

    def _show(
        self, headers: RawHeaders, body: bytes, answer: HttpAnswer | str, credentials: Credentials
    ) -> None:
        if self.watch is not None:
            self.watch(token_exchange(headers, body, answer, [credentials.client_secret]))


def _is_blip(tried: _Try) -> bool:
    return tried.blip


def _last_try(state: RetryCallState) -> _Try:
    if state.outcome is None:  # tenacity's type allows it, its code does not
        return _Try(Outage(Fault.TOKEN_ENDPOINT, "NOT_TRIED"))
    return cast("_Try", state.outcome.result())


def _refused(answer: HttpAnswer) -> Unauthenticated:
    code = f"HTTP {answer.status}"
    error = _fields(answer.body).get("error")
    if isinstance(error, str) and _OAUTH_ERROR.fullmatch(error):
        code = f"{code}, {error}"
    return Unauthenticated(
        trouble=f"the token endpoint refused the credentials ({code}): "
        "check the client id, the client secret and the audience"
    )


def _bearer(fields: dict[str, object]) -> str | None:
    bearer, kind = fields.get("access_token"), fields.get("token_type", "Bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return None
    return bearer if isinstance(bearer, str) and _BEARER.fullmatch(bearer) else None


def _life_s(fields: dict[str, object]) -> float | None:
    """From every answer, never assumed (contract 3)."""
    life_s = fields.get("expires_in")
    if isinstance(life_s, bool) or not isinstance(life_s, int | float):
        return None
    return min(float(life_s), _LONGEST_LIFE_S) if life_s > 0 else None


def _fields(body: bytes) -> dict[str, object]:
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
