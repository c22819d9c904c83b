"""What a request to SEEK can come to; `judging` has the table that decides it (design 4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

_WORDS = re.compile(r"[\w ,.:()-]{1,120}", re.ASCII)


class Refusal(StrEnum):
    """Refusals of a record; the dead letter's class at stage `send`."""

    BAD_USER_INPUT = "bad_user_input"
    FORBIDDEN = "forbidden"
    REQUEST_TOO_LARGE = "request_too_large"


class Fault(StrEnum):
    """Outage-shaped failures: they say nothing about a record until others pass."""

    SERVER_FAULT = "server_fault"
    """`INTERNAL_SERVER_ERROR`, HTTP 408 or 5xx."""
    UNKNOWN_CODE = "unknown_code"
    TIMEOUT = "timeout"
    TRANSPORT = "transport"
    """No connection, a broken one, TLS, DNS."""
    UNREADABLE = "unreadable"
    """A body that is not a GraphQL answer."""
    NOT_TRUE = "not_true"
    """`data.sendSignals` is false or null without errors."""
    TOKEN_ENDPOINT = "token_endpoint"  # noqa: S105 -- a fault's code, no secret
    """No token could be had because the endpoint is away (not: refused)."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """SEEK accepted all signals of the request."""

    validated_only: bool = False
    """The Playground's FORBIDDEN: the input is valid, nothing is stored."""


@dataclass(frozen=True, slots=True)
class Refused:
    """At least one signal of the request is refused; none is known to be accepted."""

    refusal: Refusal
    code: str
    """SEEK's own code, or `HTTP 413`."""
    message: str
    """May quote the input: for the dead letter only."""
    culprits: frozenset[int] = field(default_factory=frozenset[int])
    """Indexes into the request, where SEEK's messages point at them."""


@dataclass(frozen=True, slots=True)
class Throttled:
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Unauthenticated:
    """The token, or the credentials for a token, were refused."""

    message: str = ""
    """The far side's words: never for a log."""
    trouble: str = "SEEK refuses the token that the credentials gave"
    """In words of ours, for operators: what was refused, or could not be read."""


@dataclass(frozen=True, slots=True)
class Outage:
    fault: Fault
    code: str
    """For metrics and logs: `HTTP 503`, a GraphQL code, or an exception's class name."""
    message: str = ""
    retry_after_s: float | None = None

    @property
    def plain_code(self) -> str:
        """For operators, who read it in logs. A code of SEEK's is a few words, anything else is
        not shown; all other codes are ours, and may say what is wrong about a certificate."""
        shown = self.fault is not Fault.UNKNOWN_CODE or _WORDS.fullmatch(self.code)
        return self.code if shown else f"a code of {len(self.code)} characters"


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The sender did not start the request: the lease had run out (P4)."""


Verdict: TypeAlias = Accepted | Refused | Throttled | Unauthenticated | Outage | NotStarted


@dataclass(frozen=True, slots=True)
class AnswerError:
    """One entry of a GraphQL answer's `errors`."""

    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, parsed as far as it could be."""

    status: int
    readable: bool
    """The body is a JSON object with `data`, `errors` or both, of the expected types."""
    errors: Sequence[AnswerError] = ()
    result: bool | None = None
    """`data.sendSignals`."""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    playground: bool = False
    """Whether the audience is the Playground's: FORBIDDEN means validated there."""
    silence_is_acceptance: bool = False
    """Count `null` and `false` without errors as accepted (contract 1.1 leaves it open)."""
    throttle_codes: frozenset[str] = frozenset()
    """Codes that mean throttled, beside those whose words say so (contract 4.2 leaves it open)."""
