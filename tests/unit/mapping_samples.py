"""Events in the core's own types, and what the mapping makes of them."""

from __future__ import annotations

import json
from typing import Any

from consumer.domain.events import (
    ApplicationCompleted,
    ApplicationStatusChanged,
    Event,
    PositionStatusChanged,
    State,
)
from consumer.domain.mapping import MappingPolicy, map_event
from consumer.domain.signals import Mapped, Reason, Rejected, Signal
from consumer.domain.standings import Step, standing

JAN_1_MS = 1_577_836_800_000
JAN_2_MS = 1_577_923_200_000
NOW_MS = JAN_2_MS + 3_600_000
DAY_MS = 86_400_000
LIVE = MappingPolicy(playground=False)
PLAYGROUND = MappingPolicy(playground=True)


def state_of(
    status: Step,
    phase: Step | None,
    success: bool | None,  # noqa: FBT001 -- as the domain has it
    timestamp_ms: int | None,
) -> State:
    return standing(status, phase, success), timestamp_ms


def changed(it: State, **fields: Any) -> State:  # noqa: ANN401 -- as `_replace` takes them
    held = {"status", "phase", "success"}
    parts = {name: getattr(it[0], name) for name in held} | {"timestamp_ms": it[1]}
    return state_of(**parts | fields)


CURRENT = state_of(Step("Interview", 3, 6), Step("Shortlist", 2, 3), None, JAN_2_MS)
PREVIOUS = state_of(Step("Review", 2, 6), Step("Shortlist", 2, 3), None, JAN_1_MS)
APPLICATION = ApplicationStatusChanged(
    "event-1",
    "app-1",
    "hirer-1",
    JAN_2_MS + 250,
    "token-1",
    None,
    None,
    ["ad-1"],
    CURRENT,
    PREVIOUS,
)
POSITION = PositionStatusChanged(
    "event-2", "pos-1", None, JAN_2_MS + 250, ["ad-1", "ad-2"], CURRENT, PREVIOUS
)
COMPLETED = ApplicationCompleted(
    "event-3", "app-1", "hirer-1", JAN_2_MS + 250, "token-1", None, JAN_2_MS
)


def mapped(event: Event, policy: MappingPolicy = LIVE) -> Mapped:
    return map_event(event, policy, NOW_MS)


def signal(event: Event, policy: MappingPolicy = LIVE) -> Signal:
    result = mapped(event, policy)
    assert isinstance(result, Signal)
    return result


def fields(it: Signal) -> dict[str, Any]:
    """What SEEK gets."""
    told: dict[str, Any] = json.loads(it.body)
    return told


def reason(event: Event, policy: MappingPolicy = LIVE) -> Reason | None:
    result = mapped(event, policy)
    return result.reason if isinstance(result, Rejected) else None


def with_current(**fields: Any) -> ApplicationStatusChanged:  # noqa: ANN401 -- as `_replace` takes them
    return APPLICATION._replace(current=changed(CURRENT, **fields))
