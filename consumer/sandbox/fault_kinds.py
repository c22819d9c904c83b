"""What can be made to go wrong: one class a fault, as read from a fault script.

In a script a fault is a JSON object with camelCase names whose `fault` says which:
`{"fault": "status", "status": 503, "requests": 5}`. Conditions may be combined; a
fault without any holds for every request until it is taken away.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Seconds: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
HttpStatusCode: TypeAlias = Annotated[int, Field(ge=200, le=599)]


class _Model(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class Match(_Model):
    """A signal that has all of these. `*` and `?` are wildcards, but not in `label`."""

    token: str | None = None
    profile_id: str | None = None
    """`candidateApplicationProfileId`."""
    position_id: str | None = None
    """Any of `positionProfileIds`."""
    label: str | None = None
    """A part of any status or phase label."""


class _Conditions(_Model):
    match: Match | None = None
    """Holds for requests with at least one such signal (record faults: for those signals)."""
    after_s: Seconds = 0.0
    """Counted from when the fault was set."""
    seconds: Seconds | None = None
    """How long it lasts, from `afterS` on."""
    skip: int = Field(default=0, ge=0)
    """Lets the first so many pass that would have met it."""
    requests: int | None = Field(default=None, ge=0)
    """At most so many times."""
    probability: float = Field(default=1.0, ge=0, le=1)
    seed: int = 0


class _Elsewhere(_Conditions):
    on: Literal["graphql", "token"] = "graphql"
    """Which endpoint."""


class _Decisive(_Elsewhere):
    """Takes the place of the answer; of several that hold, the first in the list decides."""

    stored: bool = False
    """Whether the signals are accepted and journaled before the answer goes wrong."""


class _RetryAfter(_Decisive):
    retry_after_s: Seconds | None = None
    """Adds a `Retry-After` header."""
    retry_after_as: Literal["seconds", "date"] = "seconds"


class Status(_RetryAfter):
    """Answers with this HTTP status and a body that is no GraphQL answer."""

    fault: Literal["status"] = "status"
    status: HttpStatusCode
    body: str = "html"
    """`html`, `json`, `empty`, or the text itself."""


class Code(_RetryAfter):
    """Answers with a GraphQL error of this code."""

    fault: Literal["code"] = "code"
    code: str
    message: str = "Scripted by the sandbox"
    status: HttpStatusCode = 200
    data: Literal["field", "null", "absent"] = "field"
    """`{"sendSignals": null}`, `null`, or no `data` at all."""


class Slow(_Elsewhere):
    """Waits. Several add up, and they combine with any other fault."""

    fault: Literal["slow"] = "slow"
    delay_s: Seconds
    after_acceptance: bool = False
    """Whether the signals are stored before the wait, or after it."""


class Stall(_Decisive):
    """Never answers; ends when the client gives up."""

    fault: Literal["stall"] = "stall"


class Cut(_Decisive):
    """Closes the connection without an answer."""

    fault: Literal["cut"] = "cut"


class LostAnswer(_Decisive):
    """Accepts and journals, then closes the connection without an answer."""

    fault: Literal["lostAnswer"] = "lostAnswer"
    stored: bool = True


class Truncated(_Decisive):
    """Sends the first half of the answer's JSON as if it were all."""

    fault: Literal["truncated"] = "truncated"
    stored: bool = True


class Silence(_Decisive):
    """`data: {"sendSignals": null}` or `false`, without errors."""

    fault: Literal["silence"] = "silence"
    value: Literal[False] | None = None


class Empty(_Decisive):
    """HTTP 200 with no body."""

    fault: Literal["empty"] = "empty"


class Huge(_Decisive):
    """The right answer with this many bytes of padding in `extensions`."""

    fault: Literal["huge"] = "huge"
    size_bytes: int = Field(default=5_000_000, ge=0, le=500_000_000)
    stored: bool = True


class Quota(_RetryAfter):
    """So many requests a second, by a token bucket; those above are throttled."""

    fault: Literal["quota"] = "quota"
    per_s: float = Field(gt=0, allow_inf_nan=False)
    burst: float = Field(default=1.0, ge=1, allow_inf_nan=False)
    code: str | None = None
    """A GraphQL code to throttle with; without one it is a bare HTTP status."""
    status: HttpStatusCode | None = None
    """Default: 429 without a code, 200 with one."""


class _Record(_Conditions):
    match: Match  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues] -- required here


class Refuse(_Record):
    """The signals that match are refused, as if their data were at fault."""

    fault: Literal["refuse"] = "refuse"
    code: str = "BAD_USER_INPUT"
    pointer: bool = True
    """Whether the message points at the signal."""


class Swallow(_Record):
    """The signals that match are taken for stale: answered as accepted, kept nowhere."""

    fault: Literal["swallow"] = "swallow"


class Revoke(_Model):
    """Every bearer that was issued until then is invalid from then on."""

    fault: Literal["revoke"] = "revoke"
    after_s: Seconds = 0.0


class Rotate(_Model):
    """The client secret is replaced; the old one is refused. Bearers stay valid."""

    fault: Literal["rotate"] = "rotate"
    client_secret: str = Field(min_length=1, repr=False)
    after_s: Seconds = 0.0


class ExpiresIn(_Conditions):
    """Bearers are issued with this lifetime."""

    fault: Literal["expiresIn"] = "expiresIn"
    expires_in_s: int = Field(ge=0)


Decisive: TypeAlias = (
    Status | Code | Stall | Cut | LostAnswer | Truncated | Silence | Empty | Huge | Quota
)
Conditional: TypeAlias = Decisive | Slow | Refuse | Swallow | ExpiresIn
Action: TypeAlias = Revoke | Rotate
Fault: TypeAlias = Conditional | Action
