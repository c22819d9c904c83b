"""Everything that the sandbox can do wrong, as entries of its fault script. Pure.

Left out is what would make good records poison by SEEK's own rules (`BAD_USER_INPUT`,
`FORBIDDEN` or 413 for everything): burying is the right answer to that. Faults that are held
against a record when others pass (5xx, unknown codes) hold for every request, never for a
drawn share: with the short times of these runs a healthy record could look sick.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, NamedTuple, TypeAlias

from consumer.demo.stream import ESTRANGED_TOKEN, GARBLED_TOKEN
from tests.faults.chaos.spans import INSTANT, Span

Entry: TypeAlias = Mapping[str, object]
Script: TypeAlias = Sequence[Entry]

SICK_TOKEN: Final = "global-SICK"  # noqa: S105 -- no secret: how the made-up tokens begin
ALWAYS: Final[Script] = (
    {"fault": "status", "status": 500, "match": {"token": f"{SICK_TOKEN}*"}},
    {"fault": "refuse", "match": {"token": f"{GARBLED_TOKEN}*"}},
    {"fault": "refuse", "code": "FORBIDDEN", "match": {"token": f"{ESTRANGED_TOKEN}*"}},
    {"fault": "refuse", "code": "FORBIDDEN", "match": {"profileId": "*ESTRANGED*"}},
    {"fault": "refuse", "code": "FORBIDDEN", "match": {"positionId": "*ESTRANGED*"}},
)
"""On for the whole run: what the stream counts on SEEK to fail at, and to refuse. Goes before
all others: of those that decide an answer the first does."""


class SandboxFault(NamedTuple):
    lasts: Span
    entry: Callable[[Random], Entry]

    def script(self, draw: Random) -> Script:
        return [self.entry(draw)]


def _status(draw: Random) -> Entry:
    return {
        "fault": "status",
        "status": draw.choice([408, 500, 502, 503, 504]),
        "body": draw.choice(["html", "json", "empty", "not JSON at all"]),
    }


def _code(draw: Random) -> Entry:
    return {
        "fault": "code",
        "code": draw.choice(["INTERNAL_SERVER_ERROR", "SOMETHING_NEW", "UNAUTHENTICATED"]),
        "status": draw.choice([200, 400, 500]),
        "data": draw.choice(["field", "null", "absent"]),
    }


def _quota(draw: Random) -> Entry:
    per_s, after_s = round(draw.uniform(3.0, 12.0), 1), draw.choice([None, 1.0])
    told = {} if after_s is None else {"retryAfterS": after_s, "retryAfterAs": _form(draw)}
    return {"fault": "quota", "perS": per_s, "burst": 3.0, **told}


def _form(draw: Random) -> str:
    return draw.choice(["seconds", "date"])


def _seldom(fault: str, **more: object) -> Callable[[Random], Entry]:
    """For a share of the requests; SEEK has the signals or not, as the fault's own rule is."""

    def entry(draw: Random) -> Entry:
        share = {"probability": round(draw.uniform(0.1, 0.5), 2), "seed": draw.randrange(1000)}
        return {"fault": fault, **share, **more}

    return entry


SANDBOX_FAULTS: Final[Mapping[str, SandboxFault]] = {
    "status": SandboxFault(Span(1.0, 4.0), _status),
    "code": SandboxFault(Span(1.0, 4.0), _code),
    "silence": SandboxFault(
        Span(1.0, 3.0),
        lambda draw: {
            "fault": "silence",
            "value": draw.choice([None, False]),
            "stored": draw.random() < 0.3,
        },
    ),
    "slow": SandboxFault(
        Span(3.0, 8.0),
        lambda draw: {"fault": "slow", "delayS": round(draw.uniform(0.1, 1.0), 2)},
    ),
    # Longer than the 3 s that a request may take: SEEK has the signals, nobody waits any more.
    "slow-beyond": SandboxFault(Span(2.0, 5.0), _seldom("slow", delayS=4.0)),
    "slow-after": SandboxFault(Span(2.0, 5.0), _seldom("slow", delayS=4.0, afterAcceptance=True)),
    "stall": SandboxFault(Span(2.0, 5.0), _seldom("stall")),
    "stall-stored": SandboxFault(Span(2.0, 5.0), _seldom("stall", stored=True)),
    "cut": SandboxFault(Span(2.0, 6.0), _seldom("cut")),
    "lostAnswer": SandboxFault(Span(2.0, 6.0), _seldom("lostAnswer")),
    "truncated": SandboxFault(Span(2.0, 6.0), _seldom("truncated")),
    "empty": SandboxFault(Span(2.0, 6.0), _seldom("empty")),
    "huge": SandboxFault(
        Span(1.0, 2.0),
        lambda draw: {"fault": "huge", "requests": 2, "sizeBytes": draw.randint(1, 20) * 1_000_000},
    ),
    "quota": SandboxFault(Span(3.0, 8.0), _quota),
    "swallow": SandboxFault(
        Span(2.0, 6.0), lambda _: {"fault": "swallow", "match": {"label": "Interview"}}
    ),
    "revoke": SandboxFault(INSTANT, lambda _: {"fault": "revoke"}),
    "expiresIn": SandboxFault(
        Span(4.0, 10.0), lambda draw: {"fault": "expiresIn", "expiresInS": draw.randint(1, 5)}
    ),
    "token-away": SandboxFault(
        Span(1.0, 4.0), lambda draw: {**_status(draw), "status": 503, "on": "token"}
    ),
    "token-stall": SandboxFault(Span(1.0, 4.0), lambda _: {"fault": "stall", "on": "token"}),
}
