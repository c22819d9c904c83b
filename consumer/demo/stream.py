"""A believable stream of status events, the same for the same seed: pure.

Mostly hirers hiring, in the order in which their ATS publishes it; in between what a topic
also carries in real life: tombstones, broken bytes, events with a fault in them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from consumer.delivery.verdicts import Refusal
from consumer.demo.expectations import (
    CutShort,
    DemoEvent,
    Kind,
    ToBeBuried,
    ToBeSkipped,
    Value,
)
from consumer.demo.happenings import Happening, happenings
from consumer.demo.hirers import HIRERS
from consumer.demo.hiring import DAY_MS, position_story, text
from consumer.domain.signals import Reason, SkipReason

DEFAULT_EVENTS: Final = 2_400  # Above the 2,000 promised, and about half a minute at demo speed.
FEWEST_EVENTS: Final = 200  # Below, the odd records would outweigh the ordinary ones.

GARBLED_TOKEN: Final = "global-GARBLED"  # noqa: S105 -- no secret: SEEK is to refuse what begins so
"""How the tokens begin that the ATS garbled. Nothing is wrong with them but that SEEK never
issued them, so only SEEK can refuse them."""

ESTRANGED_TOKEN: Final = "global-ESTRANGED"  # noqa: S105 -- no secret: as above
"""How the tokens begin of ads that were posted under a relationship that has ended since."""

_ODD_SHARE: Final = 60  # One record in so many is odd: rare, yet each sort shows up.
_EVENTS_A_POSITION: Final = 30  # Measured: 45 on average; fewer asked for leaves some to spare.
_SPARE_POSITIONS: Final = 6  # The mean of a few positions may be far off.
_OPENINGS_MS: Final = 40 * DAY_MS  # So that some positions close while others open.


def believable_stream(
    *, seed: int, events: int, now_ms: int, odd_one_in: int = _ODD_SHARE
) -> list[DemoEvent]:
    """Exactly `events` events; the last ordinary one is published at `now_ms` (ATS time).

    One in `odd_one_in` is no ordinary one: a tombstone, or poison. Raises `ValueError` below
    `FEWEST_EVENTS`.
    """
    if events < FEWEST_EVENTS:
        msg = f"a believable stream takes at least {FEWEST_EVENTS} events, not {events}"
        raise ValueError(msg)
    odd = max(len(_ODD_SORTS), events // odd_one_in)
    ordinary = _told(seed, events - odd, 0)
    # No draw depends on the time, so told again from a later day it is the same stream.
    ordinary = _told(seed, events - odd, now_ms - ordinary[-1].at_ms)
    draw = Random(seed)  # noqa: S311 -- see _told
    return _woven(draw, [event for _, event in ordinary], odd)


def _told(seed: int, events: int, begin_ms: int) -> list[Happening]:
    """The first `events` events of hirers whose first position opens at `begin_ms`."""
    draw = Random(seed)  # noqa: S311 -- made-up people need no secrets, but the same seed each time
    positions = events // _EVENTS_A_POSITION + _SPARE_POSITIONS
    hirer_ids = [f"seekAnz:organization:seek:{text(draw, 8)}" for _ in HIRERS]
    told: list[Happening] = []
    for number in range(positions):
        which = number % len(HIRERS)
        opens_at_ms = begin_ms + number * _OPENINGS_MS // positions + draw.randrange(DAY_MS)
        story = position_story(draw, HIRERS[which], hirer_ids[which], opens_at_ms)
        told += happenings(draw, story)
    told.sort(key=lambda happening: happening.at_ms)  # Stable: a subject's own order is kept.
    return told[:events]


def _woven(draw: Random, ordinary: Sequence[DemoEvent], odd: int) -> list[DemoEvent]:
    """`odd` records at drawn places, none before the event that it is made from."""
    models = [
        place
        for place, event in enumerate(ordinary)
        if event.kind is Kind.APPLICATION_STATUS_CHANGED
    ]
    places = sorted(draw.sample(range(models[0] + 1, len(ordinary)), odd))
    stream: list[DemoEvent] = []
    taken = 0
    for number, place in enumerate(places):
        stream += ordinary[taken:place]
        taken = place
        sort = _ODD_SORTS[number % len(_ODD_SORTS)]
        stream.append(sort(draw, ordinary[models[draw.randrange(bisect_left(models, place))]]))
    return stream + list(ordinary[taken:])


def _tombstone(_: Random, like: DemoEvent) -> DemoEvent:
    """A candidate's data is erased: compaction forgets the key."""
    return like._replace(value=None, expectation=ToBeSkipped(SkipReason.TOMBSTONE))


def _garbage(draw: Random, like: DemoEvent) -> DemoEvent:
    return _poison(like, b"{" + draw.randbytes(40), Reason.BAD_FRAMING)


def _other_magic(draw: Random, like: DemoEvent) -> DemoEvent:
    """Framed, but not by Confluent's serializer, whose first byte is 0."""
    return _poison(like, b"\x01\x00\x00\x00\x01" + draw.randbytes(60), Reason.BAD_FRAMING)


def _nothing(_: Random, like: DemoEvent) -> DemoEvent:
    return _poison(like, b"", Reason.NO_BYTES)


def _cut_short(_: Random, like: DemoEvent) -> DemoEvent:
    return _poison(like, CutShort(_fields(like)), Reason.UNDECODABLE)


def _blank_subject(_: Random, like: DemoEvent) -> DemoEvent:
    return _poison(like, _fields(like) | {"applicationId": " "}, Reason.BLANK_SUBJECT)


def _token_with_a_space(draw: Random, like: DemoEvent) -> DemoEvent:
    """Copied from a mail, with the space that followed it."""
    return _poison(like, _with_token(like, f"global-{text(draw, 22)} "), Reason.TOKEN_WHITESPACE)


def _playground_token(draw: Random, like: DemoEvent) -> DemoEvent:
    """Somebody tested on the live topic."""
    token = f"globalPublicTest-{text(draw, 22)}"
    return _poison(like, _with_token(like, token), Reason.WRONG_ENVIRONMENT)


def _garbled_token(draw: Random, like: DemoEvent) -> DemoEvent:
    token = f"{GARBLED_TOKEN}-{text(draw, 14)}"
    return _poison(like, _with_token(like, token), Refusal.BAD_USER_INPUT)


def _estranged_token(draw: Random, like: DemoEvent) -> DemoEvent:
    token = f"{ESTRANGED_TOKEN}-{text(draw, 12)}"
    return _poison(like, _with_token(like, token), Refusal.FORBIDDEN)


def _with_token(like: DemoEvent, token: str) -> dict[str, object]:
    return _fields(like) | {
        "seekToken": token,
        "seekTokenIssuedAt": None,
        "candidateApplicationProfileId": None,
    }


def _poison(like: DemoEvent, value: Value, reason: Reason | Refusal) -> DemoEvent:
    return like._replace(value=value, expectation=ToBeBuried(reason))


def _fields(event: DemoEvent) -> dict[str, object]:
    """Of an ordinary event; those always have fields."""
    if not isinstance(event.value, dict):
        raise TypeError(event.kind)
    return event.value


_ODD_SORTS: Final[Sequence[Callable[[Random, DemoEvent], DemoEvent]]] = (
    _tombstone,
    _garbled_token,
    _garbage,
    _tombstone,
    _cut_short,
    _token_with_a_space,
    _garbled_token,
    _tombstone,
    _other_magic,
    _blank_subject,
    _nothing,
    _playground_token,
    _estranged_token,
)
