"""What is published: believable chunks, a twentieth of it poison, each the same for its seed.

Beside what the demo's stream has: a hirer without a relationship, a record now and then that
makes SEEK fail whenever it is sent, and canaries, whose texts must show up nowhere but there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, cast

from consumer.demo.expectations import DemoEvent, Kind, ToBeAccepted, ToBeBuried
from consumer.demo.happenings import happenings
from consumer.demo.hirers import HIRERS
from consumer.demo.hiring import DAY_MS, Origin, Story, position_story
from consumer.demo.stream import ESTRANGED_TOKEN, believable_stream
from tests.faults.chaos.sandbox_faults import SICK_TOKEN

CHUNK: Final = 1_000
ODD_ONE_IN: Final = 15
"""Ten of thirteen odd ones are poison: 5 % of all."""
ESTRANGED_HIRER: Final = "seekAnz:organization:seek:ESTRANGED"
ESTRANGED_EVERY: Final = 3
"""Chunks. A position of that hirer has some 45 events."""
SICK_CHUNKS: Final = (1, 61, 121)
"""More than three at once would rightly count as an outage of SEEK's, and in a long run any number
of them can meet in one backlog."""
SICK: Final = ToBeBuried("server_fault")
CANARY_LABEL: Final = "Canary label 7f3c9e41"
CANARY_TOKEN: Final = "global-CANARY7f3c9e41d2"  # noqa: S105 -- no secret: made up
CANARIES: Final = (CANARY_LABEL, CANARY_TOKEN)


def chunk(seed: int, number: int, now_ms: int) -> list[DemoEvent]:
    """About a thousand events; no subject occurs in two chunks."""
    draw = Random(f"{seed} chunk {number}")
    events = believable_stream(
        seed=draw.getrandbits(48), events=CHUNK, now_ms=now_ms, odd_one_in=ODD_ONE_IN
    )
    _replace_a_completed(events, number, CANARY_TOKEN)
    _label_a_status(events)
    if number in SICK_CHUNKS:
        _replace_a_completed(events, number, SICK_TOKEN)
    if number % ESTRANGED_EVERY == 0:
        events = list(_merged(draw, events, _estranged(draw, now_ms)))
    return events


def _replace_a_completed(events: list[DemoEvent], number: int, token: str) -> None:
    """One application tells of its completion with a token that begins like that."""
    place = next(place for place, event in enumerate(events) if _is_plain_completed(event))
    event, whole = events[place], f"{token}-{number}"
    value = {**cast("dict[str, object]", event.value), "seekToken": whole}
    expected = cast("ToBeAccepted", event.expectation).signal._replace(identifier=whole)
    fate = SICK if token == SICK_TOKEN else ToBeAccepted(expected)
    events[place] = event._replace(value=value, expectation=fate)


def _is_plain_completed(event: DemoEvent) -> bool:
    return (
        event.kind is Kind.APPLICATION_COMPLETED
        and isinstance(event.expectation, ToBeAccepted)
        and not event.expectation.signal.identifier.startswith(CANARY_TOKEN)
    )


def _label_a_status(events: list[DemoEvent]) -> None:
    place = next(
        place
        for place, event in enumerate(events)
        if event.kind is Kind.APPLICATION_STATUS_CHANGED
        and isinstance(event.expectation, ToBeAccepted)
    )
    event = events[place]
    value = cast("dict[str, object]", event.value)
    current = cast("dict[str, object]", value["current"])
    status = {**cast("dict[str, object]", current["status"]), "label": CANARY_LABEL}
    labelled = {**value, "current": {**current, "status": status}}
    signal = cast("ToBeAccepted", event.expectation).signal._replace(label=CANARY_LABEL)
    events[place] = event._replace(value=labelled, expectation=ToBeAccepted(signal))


def _estranged(draw: Random, now_ms: int) -> list[DemoEvent]:
    """All of one position of a hirer whose relationship with SEEK has ended."""
    hirer = draw.choice(HIRERS)
    story = position_story(draw, hirer, ESTRANGED_HIRER, now_ms - 60 * DAY_MS)
    _estrange(story)
    told = sorted(happenings(draw, story), key=lambda happening: happening.at_ms)
    return [
        event._replace(expectation=ToBeBuried("forbidden"))
        if isinstance(event.expectation, ToBeAccepted)
        else event
        for _, event in told
    ]


def _estrange(story: Story) -> None:
    position = story.position
    position.ad_ids = tuple(f"{ad}ESTRANGED" for ad in position.ad_ids)
    for application in story.applications:
        match application.origin:
            case Origin.EXTERNAL:
                application.token = f"{ESTRANGED_TOKEN}-{application.application_id}"
            case Origin.OPTIMISED_APPLY:
                application.profile_id = f"{application.profile_id}ESTRANGED"
            case Origin.ELSEWHERE:
                pass


def _merged(
    draw: Random, one: Sequence[DemoEvent], other: Sequence[DemoEvent]
) -> Iterator[DemoEvent]:
    """Both, each in its order."""
    takes = [True] * len(one) + [False] * len(other)
    draw.shuffle(takes)
    left, right = iter(one), iter(other)
    for take in takes:
        yield next(left) if take else next(right)
