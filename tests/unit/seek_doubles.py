"""A clock, a far side and tokens for tests of the SEEK client that need no network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson

from consumer.adapters.seek.transport import HttpAnswer, RawHeaders, TransportError
from consumer.delivery.verdicts import Outage, Unauthenticated


@dataclass
class FakeClock:
    now_s: float = 1_000.0
    wall_s: float = 1_767_960_000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def wall_ms(self) -> int:
        return int(self.wall_s * 1_000)

    def jitter(self) -> float:
        return 0.5

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
        self.wall_s += seconds


@dataclass
class Posted:
    body: bytes
    headers: RawHeaders
    total_s: float

    def header(self, name: str) -> str:
        values = [value for key, value in self.headers if key == name.encode()]
        assert len(values) == 1, f"{len(values)} headers {name}"
        return values[0].decode()


@dataclass
class FakeTransport:
    """Gives the scripted replies one after another; a reply may be a failure."""

    replies: list[HttpAnswer | TransportError]
    posted: list[Posted] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    """What happens while the far side thinks."""
    is_open: bool = False
    """A connection is at hand."""

    def post(self, body: bytes, headers: RawHeaders, total_s: float) -> HttpAnswer:
        self.posted.append(Posted(body, headers, total_s))
        self.meanwhile()
        reply = self.replies.pop(0)
        if isinstance(reply, TransportError):
            raise reply
        return reply

    def begin(self, body: bytes, headers: RawHeaders, total_s: float) -> FakePost | None:
        return FakePost(self, body, headers, total_s) if self.is_open else None


@dataclass
class FakePost:
    """Has to wait once, then comes to what `post` would have come to."""

    transport: FakeTransport
    body: bytes
    headers: RawHeaders
    total_s: float
    waited: bool = False
    wants: int = 1
    over_by_s: float = float("inf")

    def fileno(self) -> int:
        raise NotImplementedError

    def advance(self) -> HttpAnswer | None:
        if self.waited:
            return self.transport.post(self.body, self.headers, self.total_s)
        self.waited = True
        return None


@dataclass
class FakeBearers:
    outcomes: list[str | Unauthenticated | Outage]
    invalidated: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def get(self) -> str | Unauthenticated | Outage:
        self.meanwhile()
        return self.outcomes.pop(0)

    def at_hand(self) -> str | None:
        outcome = self.outcomes[0] if self.outcomes else None
        return outcome if isinstance(outcome, str) else None

    def invalidate(self, bearer: str) -> None:
        self.invalidated.append(bearer)


def reply(
    value: object, status: int = 200, headers: Sequence[tuple[bytes, bytes]] = ()
) -> HttpAnswer:
    return HttpAnswer(status, headers, orjson.dumps(value))


def token_reply(bearer: str, life_s: object = 1_800) -> HttpAnswer:
    return reply({"access_token": bearer, "expires_in": life_s, "token_type": "Bearer"})
