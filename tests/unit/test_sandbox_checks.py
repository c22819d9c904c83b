"""What the sandbox refuses beyond SEEK's types."""

from __future__ import annotations

import pytest

from consumer.sandbox.checks import belongs_elsewhere, message, problems
from tests.unit.sandbox_signals import (
    APPLICATION,
    JOB_AD,
    TOKEN,
    complete,
    moved,
    moved_within_seek,
    opened,
    state,
)

GOOD = [
    complete(),
    complete() | {"positionProfileIds": [JOB_AD]},
    moved(),
    moved() | {"positionProfileIds": JOB_AD},
    moved() | {"previous": state(), "candidateApplicationProfileId": None},
    moved_within_seek(),
    opened(),
    opened(JOB_AD, f"{JOB_AD}8"),
    opened() | {"positionProfileIds": JOB_AD},
]

BAD = {
    "an unknown type": (moved() | {"typeCode": "Hired"}, "typeCode"),
    "no token when complete": (complete() | {"token": None}, "token"),
    "an application id when complete": (
        complete() | {"candidateApplicationProfileId": APPLICATION},
        "candidateApplicationProfileId",
    ),
    "neither token nor application id": (moved() | {"token": None}, "token"),
    "both token and application id": (moved_within_seek() | {"token": TOKEN}, "token"),
    "a token with a space": (moved(f"{TOKEN} x"), "token"),
    "a token with a line end": (moved(f"{TOKEN}\n"), "token"),
    "an empty token": (complete(""), "token"),
    "an application id of blanks": (moved_within_seek("  "), "candidateApplicationProfileId"),
    "no ads": (opened() | {"positionProfileIds": []}, "positionProfileIds"),
    "a lone ad with a space": (opened() | {"positionProfileIds": "a b"}, "positionProfileIds"),
    "a second ad that is empty": (opened(JOB_AD, ""), "positionProfileIds/1"),
    "a position with a token": (opened() | {"token": TOKEN}, "token"),
    "an application that reached no state": (moved() | {"current": None}, "current"),
    "a position that reached no state": (opened() | {"current": None}, "current"),
}


@pytest.mark.parametrize("signal", GOOD)
def test_what_the_contract_describes_is_taken(signal: dict[str, object]) -> None:
    assert problems("sendSignal", [signal]) == []


@pytest.mark.parametrize(("signal", "field"), BAD.values(), ids=BAD)
def test_the_field_at_fault_is_named(signal: dict[str, object], field: str) -> None:
    (problem,) = problems("sendSignals", [moved(), signal])

    assert (problem.index, problem.field, problem.code) == (1, field, "BAD_USER_INPUT")


@pytest.mark.parametrize(("size", "refused"), [(0, True), (1, False), (100, False), (101, True)])
def test_a_batch_has_1_to_100_signals(size: int, refused: bool) -> None:  # noqa: FBT001 -- a column
    assert bool(problems("sendSignals", [moved()] * size)) is refused


def test_each_bad_signal_of_a_batch_is_found() -> None:
    found = problems("sendSignals", [moved("a b"), moved(), opened() | {"current": None}])

    assert [problem.index for problem in found] == [0, 2]


def test_a_message_points_into_the_variables() -> None:
    (lone,) = problems("sendSignal", [moved("a b")])
    (fourth,) = problems("sendSignals", [moved(), moved(), moved(), moved("a b")])

    assert message(lone, "sendSignal", pointed=True) == "/input/token: Is not valid"
    assert message(fourth, "sendSignals", pointed=True) == "/input/signals/3/token: Is not valid"
    assert message(fourth, "sendSignals", pointed=False) == "Is not valid"


def test_a_batch_that_is_too_large_is_pointed_at_whole() -> None:
    (problem,) = problems("sendSignals", [moved()] * 101)

    told = message(problem, "sendSignals", pointed=True)
    assert told == "/input/signals: Must not have more than 100 items"


@pytest.mark.parametrize(
    "signal",
    [
        moved("globalPublicTest-WfRFAhG25YC8ADe3QvxAVz"),
        moved_within_seek("seekAnzPublicTest:candidateProfile:apply:1"),
        opened(JOB_AD, "seekAnzPublicTest:positionProfile:jobAd:1") | {"current": None},
    ],
)
def test_one_identifier_of_the_playground_spoils_a_live_batch(signal: dict[str, object]) -> None:
    assert belongs_elsewhere([moved(), signal], playground=False)
    assert not belongs_elsewhere([moved()], playground=False)


def test_a_live_identifier_spoils_a_playground_batch() -> None:
    assert belongs_elsewhere([moved()], playground=True)
    assert not belongs_elsewhere([moved("globalPublicTest-1")], playground=True)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, None),
        ({"schemeId": "seekAnz"}, "schemeId"),
        ({"token": "a b"}, "token"),
        ({"typeCode": "PositionStatusUpdate"}, "typeCode"),
    ],
)
def test_the_predecessor_takes_completed_applications_only(
    change: dict[str, object], refused: str | None
) -> None:
    signal = complete() | {"schemeId": "global"} | change

    found = [problem.field for problem in problems("sendApplicationSignal", [signal])]
    assert found == ([] if refused is None else [refused])
