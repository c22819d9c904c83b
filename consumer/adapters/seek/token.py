"""One partner token for all requests, cached for as long as its answer says (contract 3)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from consumer.adapters.seek.token_endpoint import Fetched, Token
from consumer.delivery.verdicts import Fault, Outage, Unauthenticated
from consumer.ports import Clock


class Bearers(Protocol):
    """Where a client has its tokens from. Called from many threads."""

    def get(self) -> str | Unauthenticated | Outage: ...
    def at_hand(self) -> str | None:
        """A token for which nothing has to be waited; None without one."""
        ...

    def invalidate(self, bearer: str) -> None: ...


class FetchesTokens(Protocol):
    def fetch(self) -> Fetched: ...


@dataclass(slots=True)
class PartnerToken:
    """Implements `Bearers`. Refreshes happen one at a time, on the thread that needs one;
    whoever else needs it waits for the same outcome, good or bad."""

    endpoint: FetchesTokens
    clock: Clock
    wait_s: float = 12.0
    """For another thread's refresh; a little more than a refresh may take."""
    _lock: Lock = field(default_factory=Lock, init=False)
    _token: Token | None = field(default=None, init=False)
    _refresh: Future[Fetched] | None = field(default=None, init=False)
    _refreshes: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("fetched", "refused", "outage"), 0), init=False
    )

    def get(self) -> str | Unauthenticated | Outage:
        """The cached bearer, or a new one; blocks while it is fetched."""
        with self._lock:
            bearer = self._cached()
            if bearer is not None:
                return bearer
            others = self._refresh
            mine: Future[Fetched] = Future()
            if others is None:
                self._refresh = mine
        fetched = self._lead(mine) if others is None else self._await(others)
        return fetched.bearer if isinstance(fetched, Token) else fetched

    def at_hand(self) -> str | None:
        with self._lock:
            return self._cached()

    def invalidate(self, bearer: str) -> None:
        """SEEK refused `bearer`. Does nothing when it has been replaced already, so that many
        refusals of one token lead to one refresh."""
        with self._lock:
            if self._token is not None and self._token.bearer == bearer:
                self._token = None

    @property
    def refreshes(self) -> Mapping[str, int]:
        """How often a token was asked for, by what it came to."""
        with self._lock:
            return dict(self._refreshes)

    @property
    def expires_at_ms(self) -> int | None:
        """When the cached token ends, wall time in milliseconds; None without one."""
        with self._lock:
            return None if self._token is None else self._token.expires_at_ms

    def _cached(self) -> str | None:
        token = self._token
        fresh = token is not None and self.clock.monotonic_s() < token.fresh_until_s
        return token.bearer if token is not None and fresh else None

    def _lead(self, refresh: Future[Fetched]) -> Fetched:
        """Whoever waits hears of the outcome, even when a defect of ours ended it."""
        fetched: Fetched = Outage(Fault.TOKEN_ENDPOINT, "REFRESH_FAILED")
        try:
            fetched = self.endpoint.fetch()
        finally:
            with self._lock:
                self._refresh = None
                self._token = fetched if isinstance(fetched, Token) else None
                self._refreshes[_outcome(fetched)] += 1
            refresh.set_result(fetched)
        return fetched

    def _await(self, refresh: Future[Fetched]) -> Fetched:
        try:
            return refresh.result(timeout=self.wait_s)
        except TimeoutError:
            return Outage(Fault.TOKEN_ENDPOINT, "TimeoutError")


def _outcome(fetched: Fetched) -> str:
    match fetched:
        case Token():
            return "fetched"
        case Unauthenticated():
            return "refused"
        case Outage():
            return "outage"
