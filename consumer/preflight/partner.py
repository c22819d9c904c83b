"""Asks SEEK for a token and for its version: the credentials, the way there, the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, cast

import orjson

from consumer.adapters.seek.token import FetchesTokens
from consumer.adapters.seek.token_endpoint import Token
from consumer.adapters.seek.transport import HttpAnswer, Transport, TransportError
from consumer.delivery.verdicts import Outage, Unauthenticated
from consumer.ports import Clock
from consumer.preflight.findings import Finding, fault, ok, warning

WAIT_S: Final = 10.0
_QUESTION: Final = b'{"query":"query { version }"}'
_SKEW_S: Final = 30.0
"""Warnings about times in the future begin at five minutes; NTP keeps far below one second."""
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Partner:
    """SEEK, as the service would reach it. Nothing here raises."""

    tokens: FetchesTokens
    signals: Transport
    clock: Clock
    user_agent: str
    plays: str
    """`live` or `the Playground`."""

    def findings(self) -> Iterator[Finding]:
        fetched = self.tokens.fetch()
        if not isinstance(fetched, Token):
            yield _no_token(fetched)
            return
        lasts_s = (fetched.expires_at_ms - self.clock.wall_ms()) / 1000
        yield ok("token", f"granted for {self.plays}, lasts {lasts_s / 60:.0f} min")
        yield from self._version(fetched.bearer)

    def _version(self, bearer: str) -> Iterator[Finding]:
        headers = [
            (b"Content-Type", b"application/json"),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", self.user_agent.encode()),
            (b"Authorization", b"Bearer " + bearer.encode()),
        ]
        try:
            answer = self.signals.post(_QUESTION, headers, WAIT_S)
        except TransportError as error:
            do = "check SEEK_ENDPOINT, the network and SEEK_SSL_CA_LOCATION"
            yield fault("seek", f"does not answer: {error.code}", do)
            return
        version = _version_in(answer)
        if version is None:
            do = "check SEEK_ENDPOINT: it is the GraphQL address, as in https://graphql.seek.com/graphql"
            yield fault("seek", f"does not tell its version: HTTP {answer.status}", do)
        else:
            yield ok("seek", f"GraphQL answers, version {version}")
        yield from _skew(answer, self.clock.wall_ms() / 1000)


def _no_token(refused: Unauthenticated | Outage) -> Finding:
    if isinstance(refused, Unauthenticated):
        do = "check SEEK_CLIENT_ID, SEEK_CLIENT_SECRET and SEEK_AUDIENCE"
        return fault("token", refused.trouble, do)
    do = "check SEEK_TOKEN_URL, the network and SEEK_SSL_CA_LOCATION"
    return fault("token", f"the token endpoint does not answer: {refused.code}", do)


def _version_in(answer: HttpAnswer) -> str | None:
    if answer.status != _OK:
        return None
    try:
        body: object = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    data = cast("dict[str, object]", body).get("data") if isinstance(body, dict) else None
    found = cast("dict[str, object]", data).get("version") if isinstance(data, dict) else None
    return found[:40] if isinstance(found, str) and found.isprintable() else None


def _skew(answer: HttpAnswer, now_s: float) -> Iterator[Finding]:
    try:
        theirs_s = parsedate_to_datetime(answer.header(b"date") or "").timestamp()
    except ValueError:
        yield warning("clock", "SEEK's answer has no date to compare with", "see that NTP runs")
        return
    skew_s = now_s - theirs_s
    if abs(skew_s) > _SKEW_S:
        ahead = "ahead of" if skew_s > 0 else "behind"
        said = f"this machine is {abs(skew_s):.0f} s {ahead} SEEK"
        yield warning("clock", said, "see that NTP runs: times are judged by this clock")
    else:
        yield ok("clock", "agrees with SEEK's")
