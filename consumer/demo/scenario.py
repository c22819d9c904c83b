"""What goes wrong at SEEK during the demo, and when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from consumer.demo.stream import ESTRANGED_TOKEN, GARBLED_TOKEN
from consumer.sandbox.fault_kinds import Fault, Match, Refuse, Status

PUBLISHING_S: Final = 22.0
"""How long publishing takes: both spells fit in, with good weather before and after each."""

JOINING_S: Final = 20.0
"""Longest wait for the first assignment: a rebalance of the embedded Kafka takes 5 s here."""


class Spell(NamedTuple):
    """Seconds count from the moment that the consumer has its partitions."""

    after_s: float
    seconds: float
    told: str


AWAY: Final = Spell(
    5.0, 4.0, "SEEK is away (HTTP 503): nothing is sent but probes, nothing is lost"
)
THROTTLED: Final = Spell(13.0, 3.0, "SEEK throttles (HTTP 429, Retry-After 1): everyone waits")
SPELLS: Final = (AWAY, THROTTLED)
_AGAIN_S: Final = 60.0  # In a longer demo they come again: rarely enough to be told apart.


REFUSALS: Final[Sequence[Fault]] = (
    Refuse(match=Match(token=f"{GARBLED_TOKEN}*")),
    # Without a pointer, so that the consumer has to find it by halving the batch.
    Refuse(match=Match(token=f"{ESTRANGED_TOKEN}*"), code="FORBIDDEN", pointer=False),
)
"""What SEEK knows from the first request on."""


def faults(publishing_s: float = PUBLISHING_S) -> Sequence[Fault]:
    """For the sandbox, to be set when the seconds begin to count."""
    rounds = range(1 + int(publishing_s // _AGAIN_S))
    return (*REFUSALS, *(fault for each in rounds for fault in _spells(each * _AGAIN_S)))


def _spells(begin_s: float) -> Sequence[Fault]:
    away_s, throttled_s = begin_s + AWAY.after_s, begin_s + THROTTLED.after_s
    return (
        Status(status=503, after_s=away_s, seconds=AWAY.seconds),
        Status(status=429, retry_after_s=1.0, after_s=throttled_s, seconds=THROTTLED.seconds),
    )


def spell_at(seconds: float | None) -> Spell | None:
    """Which spell holds so many seconds in; None before the count has begun, too."""
    if seconds is None:
        return None
    into_s = seconds % _AGAIN_S
    return next((s for s in SPELLS if s.after_s <= into_s < s.after_s + s.seconds), None)
