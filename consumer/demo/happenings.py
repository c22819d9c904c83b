"""A story, told as the events that an ATS publishes, with what is to become of each. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple
from uuid import UUID

from consumer.demo.expectations import (
    DemoEvent,
    Expectation,
    Kind,
    SignalKey,
    ToBeAccepted,
    ToBeSkipped,
    ad_ids_identifier,
)
from consumer.demo.hirers import Hirer, Process
from consumer.demo.hiring import HOUR_MS, Application, Origin, Position, Story
from consumer.domain.signals import SkipReason, TypeCode


class Happening(NamedTuple):
    at_ms: int
    """When the ATS publishes it."""
    event: DemoEvent


def happenings(draw: Random, story: Story) -> Iterator[Happening]:
    """Everything that a position and its applications give rise to; not sorted by time."""
    yield from _position_happenings(draw, story.position, filled=story.filled)
    for application in story.applications:
        yield from _application_happenings(draw, application)


def _position_happenings(draw: Random, position: Position, *, filled: bool) -> Iterator[Happening]:
    process = position.hirer.positions
    span_ms = position.closes_at_ms - position.opens_at_ms
    running = process.running
    visits = [
        (status, position.opens_at_ms + span_ms * number // len(running))
        for number, status in enumerate(running)
    ]
    visits.append((process.won if filled else process.lost[0], position.closes_at_ms))
    for number, (status, at_ms) in enumerate(visits):
        value = _changed(draw, position, at_ms) | {
            "positionId": position.position_id,
            "current": process.state(status, at_ms),
            "previous": _previous(draw, position.hirer, process, visits[:number]),
        }
        kind = Kind.POSITION_STATUS_CHANGED
        yield _happening(kind, position.position_id, value, _position_fate(position, status, at_ms))


def _application_happenings(draw: Random, application: Application) -> Iterator[Happening]:
    identity: dict[str, object] = {
        "applicationId": application.application_id,
        "seekToken": application.token,
        "seekTokenIssuedAt": application.token and application.applied_at_ms - HOUR_MS,
    }
    if application.origin is not Origin.OPTIMISED_APPLY:
        at_ms = application.applied_at_ms
        value = _changed(draw, application.position, at_ms) | identity | {"completedAt": at_ms}
        del value["positionProfileIds"]
        fate = _application_fate(application, TypeCode.APPLICATION_COMPLETE, "", at_ms)
        yield _happening(Kind.APPLICATION_COMPLETED, application.application_id, value, fate)
    hirer = application.position.hirer
    for number, (status, at_ms) in enumerate(application.visits):
        value = (
            _changed(draw, application.position, at_ms)
            | identity
            | {
                "candidateApplicationProfileId": application.profile_id,
                "current": hirer.applications.state(status, at_ms),
                "previous": _previous(draw, hirer, hirer.applications, application.visits[:number]),
            }
        )
        fate = _application_fate(application, TypeCode.APPLICATION_STATUS_UPDATE, status, at_ms)
        kind = Kind.APPLICATION_STATUS_CHANGED
        yield _happening(kind, application.application_id, value, fate)


def _happening(kind: Kind, key: str, value: dict[str, object], fate: Expectation) -> Happening:
    published_at_ms = value["occurredAt"]
    if not isinstance(published_at_ms, int):
        raise TypeError(published_at_ms)
    return Happening(published_at_ms, DemoEvent(kind, key, value, fate))


def _changed(draw: Random, position: Position, at_ms: int) -> dict[str, object]:
    return {
        "eventId": str(UUID(int=draw.getrandbits(128), version=4)),
        "hirerId": position.hirer_id,
        "occurredAt": at_ms + draw.randint(5, 35),
        "positionProfileIds": list(position.ad_ids),
    }


def _previous(
    draw: Random, hirer: Hirer, process: Process, visits: list[tuple[str, int]]
) -> dict[str, object] | None:
    if not visits or not hirer.tells_previous:
        return None
    status, at_ms = visits[-1]
    # An older ATS may know which state was left, and not since when it had held.
    return process.state(status, at_ms if draw.random() < _CHANCE_OF_A_KNOWN_TIME else None)


_CHANCE_OF_A_KNOWN_TIME: Final = 0.95


def _position_fate(position: Position, status: str, at_ms: int) -> Expectation:
    if not position.ad_ids:
        return ToBeSkipped(SkipReason.NOT_ADVERTISED)
    identifier = ad_ids_identifier(position.ad_ids)
    return ToBeAccepted(SignalKey(TypeCode.POSITION_STATUS_UPDATE, identifier, status, at_ms))


def _application_fate(
    application: Application, type_code: TypeCode, label: str, at_ms: int
) -> Expectation:
    identifier = application.profile_id or application.token
    if identifier is None:
        return ToBeSkipped(SkipReason.NOT_FROM_SEEK)
    return ToBeAccepted(SignalKey(type_code, identifier, label, at_ms))
