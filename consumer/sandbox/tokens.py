"""Who gets a bearer, and what a bearer is good for. Pure, but for the bearers' names."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.json_values import JsonObject, as_text

BEARERS_KEPT: Final = 10_000
"""So that an expired one can still be told from an unknown one."""


class Bearer(NamedTuple):
    """What a bearer stands for. Times are monotonic seconds."""

    playground: bool
    issued_at_s: float
    expires_at_s: float


class TokenAnswer(NamedTuple):
    status: int
    body: dict[str, object]


@dataclass(slots=True)
class Tokens:
    """The bearers that were issued, and the secret that is asked for now."""

    config: SandboxConfig
    client_secret: str = field(repr=False)
    _bearers: dict[str, Bearer] = field(default_factory=dict[str, Bearer], repr=False)

    def issue(self, asked: JsonObject, now_s: float, expires_in_s: int) -> TokenAnswer:
        """`asked`: audience, client_id, client_secret, grant_type (contract 3)."""
        if as_text(asked.get("grant_type")) != "client_credentials":
            text = "grant_type must be client_credentials"
            return _refusal(400, "unsupported_grant_type", text)
        if not self._knows(asked):
            return _refusal(401, "access_denied", "Unauthorized")
        audience = asked.get("audience")
        playground = audience == self.config.playground_audience
        live = audience == self.config.live_audience and not self.config.playground
        if not (playground or live):
            text = "The audience is not one that this client may ask for"
            return _refusal(403, "access_denied", text)
        bearer = self._new(Bearer(playground, now_s, now_s + expires_in_s))
        body: dict[str, object] = {"access_token": bearer, "expires_in": expires_in_s}
        return TokenAnswer(200, body | {"token_type": "Bearer"})

    def judge(self, header: str | None, now_s: float) -> Bearer | str:
        """The bearer of an `Authorization` header, or the message of its UNAUTHENTICATED."""
        if header is None:
            return "Authorization header missing"
        scheme, _, value = header.partition(" ")
        bearer = self._bearers.get(value) if scheme.lower() == "bearer" else None
        if bearer is None:
            return "Partner token is not valid"
        return bearer if now_s < bearer.expires_at_s else "Partner token is expired"

    def revoke(self, until_s: float) -> None:
        """Forget every bearer issued up to then."""
        kept = {k: bearer for k, bearer in self._bearers.items() if bearer.issued_at_s > until_s}
        self._bearers = kept

    def rotate(self, client_secret: str) -> None:
        self.client_secret = client_secret

    def _knows(self, asked: JsonObject) -> bool:
        given = (as_text(asked.get("client_id")), as_text(asked.get("client_secret")))
        wanted = (self.config.client_id, self.client_secret)
        return all(_same(g or "", w) for g, w in zip(given, wanted, strict=True))

    def _new(self, bearer: Bearer) -> str:
        name = secrets.token_urlsafe(32)
        self._bearers[name] = bearer
        if len(self._bearers) > BEARERS_KEPT:
            del self._bearers[next(iter(self._bearers))]
        return name


def fingerprint(header: str | None) -> str:
    """Tells bearers apart in the request log without giving one away."""
    value = (header or "").partition(" ")[2]
    return hashlib.sha256(value.encode()).hexdigest()[:12] if value else ""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _refusal(status: int, error: str, text: str) -> TokenAnswer:
    return TokenAnswer(status, {"error": error, "error_description": text})
