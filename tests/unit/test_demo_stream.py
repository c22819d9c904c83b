"""The demo's stream is believable, repeatable, and says what is to become of each record."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import fastavro
import fastavro.validation
import pytest
from fastavro.types import Schema

from consumer.delivery.verdicts import Refusal
from consumer.demo.expectations import (
    CutShort,
    DemoEvent,
    Expectation,
    Kind,
    SignalKey,
    ToBeAccepted,
    ToBeBuried,
    ToBeSkipped,
    signal_key,
)
from consumer.demo.hirers import CAFE, HIRERS, HOSPITAL, Hirer
from consumer.demo.stream import DEFAULT_EVENTS, FEWEST_EVENTS, believable_stream
from consumer.domain.signals import Reason, SkipReason

NOW_MS = 1_780_000_000_000
SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
SEEDS = range(8)


def stream(seed: int = 1, events: int = DEFAULT_EVENTS) -> list[DemoEvent]:
    return believable_stream(seed=seed, events=events, now_ms=NOW_MS)


def reason(expectation: Expectation) -> str:
    return "accepted" if isinstance(expectation, ToBeAccepted) else str(expectation.reason)


def fields(event: DemoEvent) -> dict[str, object]:
    assert isinstance(event.value, dict)
    return event.value


def current(event: DemoEvent) -> dict[str, object]:
    state = fields(event)["current"]
    assert isinstance(state, dict)
    return state


def told(events: list[DemoEvent]) -> Iterator[DemoEvent]:
    """Without the odd ones."""
    return (
        event
        for event in events
        if isinstance(event.value, dict) and not isinstance(event.expectation, ToBeBuried)
    )


def test_the_same_seed_gives_the_same_stream() -> None:
    assert stream(seed=7) == stream(seed=7)


def test_another_seed_gives_another_stream() -> None:
    assert stream(seed=7) != stream(seed=8)


@pytest.mark.parametrize("events", [FEWEST_EVENTS, 777, DEFAULT_EVENTS])
def test_it_is_as_long_as_asked(events: int) -> None:
    assert len(stream(events=events)) == events


def test_too_short_a_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 200"):
        stream(events=FEWEST_EVENTS - 1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("events", [FEWEST_EVENTS, DEFAULT_EVENTS])
def test_every_fate_occurs_whatever_the_seed(seed: int, events: int) -> None:
    fates = {reason(event.expectation) for event in stream(seed, events)}

    assert fates >= {
        "accepted",
        SkipReason.NOT_FROM_SEEK,
        SkipReason.TOMBSTONE,
        Reason.BAD_FRAMING,
        Reason.NO_BYTES,
        Reason.UNDECODABLE,
        Reason.BLANK_SUBJECT,
        Reason.TOKEN_WHITESPACE,
        Reason.WRONG_ENVIRONMENT,
        Refusal.BAD_USER_INPUT,
        Refusal.FORBIDDEN,
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_most_of_it_is_ordinary(seed: int) -> None:
    """Else the flood guard would rightly stop burying."""
    fates = Counter(type(event.expectation) for event in stream(seed))

    assert fates[ToBeBuried] < 0.05 * DEFAULT_EVENTS
    assert fates[ToBeAccepted] > 0.5 * DEFAULT_EVENTS


def test_as_much_of_it_is_odd_as_is_asked_for() -> None:
    told = believable_stream(seed=1, events=3_000, now_ms=NOW_MS, odd_one_in=15)
    poison = sum(isinstance(event.expectation, ToBeBuried) for event in told)

    assert poison == pytest.approx(3_000 / 15 * 10 / 13, abs=2)  # The others are tombstones.


def test_all_kinds_and_all_hirers_take_part() -> None:
    ordinary = list(told(stream()))

    assert {event.kind for event in ordinary} == set(Kind)
    assert len({fields(event)["hirerId"] for event in ordinary}) == len(HIRERS)


def test_each_subject_moves_forward_in_time() -> None:
    since: dict[str, list[int]] = defaultdict(list)
    for event in told(stream()):
        published_at_ms = fields(event)["occurredAt"]
        assert isinstance(published_at_ms, int)
        since[event.key].append(published_at_ms)

    assert all(times == sorted(times) for times in since.values())
    assert max(max(times) for times in since.values()) == NOW_MS


def test_no_time_of_it_lies_in_the_future_or_before_the_epoch() -> None:
    for event in told(stream()):
        published_at_ms = fields(event)["occurredAt"]
        assert isinstance(published_at_ms, int)
        assert 0 < published_at_ms <= NOW_MS


def test_a_position_that_closes_ends_all_its_open_applications() -> None:
    """One act of a recruiter, 1 + N events (contract 2.2)."""
    applications: dict[tuple[object, ...], dict[str, object]] = defaultdict(dict)
    closed: list[tuple[object, ...]] = []
    for event in told(stream(events=4_000)):
        match fields(event), event.kind:
            case {"positionProfileIds": [*ads]}, Kind.APPLICATION_STATUS_CHANGED if ads:
                applications[tuple(ads)][event.key] = current(event)["success"]
            case {"positionProfileIds": [*closing]}, Kind.POSITION_STATUS_CHANGED if closing:
                if current(event)["success"] is not None:
                    closed.append(tuple(closing))
            case _:
                pass
    fan_out = closed[:-1]  # The stream may end amid the last one.

    assert len(fan_out) >= 5
    for place in fan_out:
        outcomes = list(applications[place].values())
        assert None not in outcomes
        assert outcomes.count(True) <= 1


def test_every_value_fits_its_schema() -> None:
    schemas: dict[Kind, Schema] = {
        kind: fastavro.parse_schema(json.loads((SCHEMAS / kind / "v1.avsc").read_text()))
        for kind in Kind
    }

    for event in stream():
        value = event.value.fields if isinstance(event.value, CutShort) else event.value
        if isinstance(value, dict):
            assert fastavro.validation.validate(
                value, schemas[event.kind], raise_errors=True, strict=True
            )


def test_what_seek_is_to_be_told_is_unmistakable() -> None:
    """No two accepted events look the same in the journal."""
    keys = [
        event.expectation.signal
        for event in stream(events=5_000)
        if isinstance(event.expectation, ToBeAccepted)
    ]

    assert len(keys) == len(set(keys))


def test_only_what_seek_has_to_do_with_is_to_be_accepted() -> None:
    for event in told(stream()):
        identified = any(
            fields(event).get(name) for name in ("seekToken", "candidateApplicationProfileId")
        )
        advertised = bool(fields(event).get("positionProfileIds"))
        concerns = advertised if event.kind is Kind.POSITION_STATUS_CHANGED else identified
        assert isinstance(event.expectation, ToBeAccepted if concerns else ToBeSkipped)


@pytest.mark.parametrize("hirer", HIRERS, ids=lambda hirer: hirer.name)
def test_a_process_can_end_both_ways_and_be_under_way(hirer: Hirer) -> None:
    for process in (hirer.applications, hirer.positions):
        outcomes = {process.state(status, 0)["success"] for _, status in process.steps}
        assert outcomes == {True, False, None}


def test_a_state_carries_phase_place_and_success() -> None:
    assert HOSPITAL.state("Contract signed", 5) == {
        "status": {"label": "Contract signed", "index": 10, "total": 12},
        "phase": {"label": "Hired", "index": 6, "total": 7},
        "success": True,
        "timestamp": 5,
    }


def test_a_flat_process_has_no_phase() -> None:
    assert CAFE.state("Declined", None) == {
        "status": {"label": "Declined", "index": 5, "total": 5},
        "phase": None,
        "success": False,
        "timestamp": None,
    }


@pytest.mark.parametrize(
    ("signal", "key"),
    [
        (
            {
                "typeCode": "ApplicationStatusUpdate",
                "token": "global-1",
                "positionProfileIds": ["ad"],
                "current": {
                    "status": {"label": "New", "index": 1, "total": 2},
                    "timestamp": "2026-05-28T20:26:40.123Z",
                },
            },
            SignalKey("ApplicationStatusUpdate", "global-1", "New", NOW_MS + 123),
        ),
        (
            {
                "typeCode": "ApplicationStatusUpdate",
                "candidateApplicationProfileId": "profile",
                "token": "global-1",
                "current": {"status": {"label": "New"}, "timestamp": "2026-05-28T20:26:40Z"},
            },
            SignalKey("ApplicationStatusUpdate", "profile", "New", NOW_MS),
        ),
        (
            {
                "typeCode": "PositionStatusUpdate",
                "positionProfileIds": ["b", "a"],
                "current": {"status": {"label": "Open"}, "timestamp": "2026-05-28T20:26:40Z"},
            },
            SignalKey("PositionStatusUpdate", "a,b", "Open", NOW_MS),
        ),
        (
            {
                "typeCode": "ApplicationComplete",
                "token": "global-1",
                "timestamp": "2026-05-28T20:26:40Z",
            },
            SignalKey("ApplicationComplete", "global-1", "", NOW_MS),
        ),
    ],
)
def test_a_journaled_signal_is_known_by_its_content(
    signal: dict[str, object], key: SignalKey
) -> None:
    assert signal_key(signal) == key


def test_what_is_no_signal_is_not_taken_for_one() -> None:
    with pytest.raises(ValueError, match="no signal"):
        signal_key({"typeCode": "ApplicationStatusUpdate"})
