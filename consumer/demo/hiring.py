"""The story of one position, from its approval to its last application: pure and seeded.

Closing a position moves all its open applications to a final status, so one act of a
recruiter becomes 1 + N changes (contract 2.2). Times are those of the ATS, in milliseconds
since the epoch.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random
from typing import Final

from consumer.demo.hirers import Hirer

SECOND_MS: Final = 1_000
HOUR_MS: Final = 3_600 * SECOND_MS
DAY_MS: Final = 24 * HOUR_MS
_BASE62: Final = string.ascii_letters + string.digits


class Origin(Enum):
    """Where an application came from, which decides what SEEK is told of it."""

    EXTERNAL = auto()
    OPTIMISED_APPLY = auto()
    ELSEWHERE = auto()


@dataclass(slots=True)
class Position:
    hirer: Hirer
    hirer_id: str
    position_id: str
    ad_ids: tuple[str, ...]
    opens_at_ms: int
    closes_at_ms: int


@dataclass(slots=True)
class Application:
    position: Position
    application_id: str
    origin: Origin
    token: str | None
    profile_id: str | None
    applied_at_ms: int
    visits: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """(status, since when), in order."""


@dataclass(slots=True)
class Story:
    position: Position
    filled: bool
    applications: list[Application]


def position_story(draw: Random, hirer: Hirer, hirer_id: str, opens_at_ms: int) -> Story:
    """The life of one position, from opening to closing some weeks later."""
    position = Position(
        hirer=hirer,
        hirer_id=hirer_id,
        position_id=f"pos-{text(draw, 8)}",
        ad_ids=_ads(draw),
        opens_at_ms=opens_at_ms,
        closes_at_ms=opens_at_ms + draw.randint(14, 30) * DAY_MS,
    )
    applications = [_application(draw, position) for _ in range(draw.randint(4, 14))]
    for application in applications:
        _walk(draw, application)
    winner = _close(draw, position, applications)
    return Story(position, winner is not None, applications)


def text(draw: Random, length: int) -> str:
    """Letters and digits, as ids are made of."""
    return "".join(draw.choices(_BASE62, k=length))


def _ads(draw: Random) -> tuple[str, ...]:
    """One position in eight was never advertised on SEEK; some are in two places."""
    count = draw.choice((0, 1, 1, 1, 1, 1, 1, 2))
    return tuple(f"seekAnz:positionProfile:jobAd:{text(draw, 9)}" for _ in range(count))


def _application(draw: Random, position: Position) -> Application:
    origin = draw.choices(tuple(Origin), weights=(45, 26, 29))[0]
    if not position.ad_ids:
        origin = Origin.ELSEWHERE
    token = f"global-{text(draw, 22)}"
    profile_id = f"seekAnz:candidateProfile:apply:{text(draw, 22)}"
    return Application(
        position=position,
        application_id=f"app-{text(draw, 10)}",
        origin=origin,
        token=token if origin is Origin.EXTERNAL else None,
        profile_id=profile_id if origin is Origin.OPTIMISED_APPLY else None,
        applied_at_ms=position.opens_at_ms + draw.randint(HOUR_MS, 12 * DAY_MS),
    )


def _walk(draw: Random, application: Application) -> None:
    """From the first status towards an offer, until somebody says no or the position closes."""
    process = application.position.hirer.applications
    at_ms = application.applied_at_ms + draw.randint(SECOND_MS, 30 * SECOND_MS)
    for status in process.running:
        application.visits.append((status, at_ms))
        at_ms += draw.randint(HOUR_MS, 4 * DAY_MS)
        if at_ms >= application.position.closes_at_ms:
            return
        if draw.random() < _CHANCE_OF_A_NO:
            application.visits.append((draw.choice(process.lost), at_ms))
            return


_CHANCE_OF_A_NO: Final = 0.22  # A step; leaves one in four or five in the race for an offer.


def _close(draw: Random, position: Position, applications: list[Application]) -> Application | None:
    """The one hired, if any; all others that were still open are told no, in one go."""
    process = position.hirer.applications
    still_open = [each for each in applications if each.visits[-1][0] not in process.lost]
    winner = max(still_open, key=lambda each: len(each.visits), default=None)
    for number, application in enumerate(still_open, start=1):
        status = process.won if application is winner else draw.choice(process.lost)
        # One recruiter's click, carried out by the ATS a moment apart.
        application.visits.append((status, position.closes_at_ms + 40 * number))
    return winner
