"""When a fault holds: counts, times, chance and what it must find."""

from __future__ import annotations

import pytest

from consumer.sandbox.fault_box import FaultBox, Plan
from consumer.sandbox.fault_kinds import (
    Cut,
    ExpiresIn,
    Fault,
    Match,
    Quota,
    Refuse,
    Revoke,
    Rotate,
    Slow,
    Status,
    Swallow,
)
from tests.unit.sandbox_signals import JOB_AD, moved, moved_within_seek, opened

DOWN = Status(status=503)


def box(*faults: Fault) -> FaultBox:
    """Set at second 100."""
    it = FaultBox()
    it.set(faults, 100.0)
    return it


def ask(it: FaultBox, *signals: dict[str, object], now_s: float = 100.0) -> Plan:
    return it.plan("graphql", signals, now_s)


def held(it: FaultBox, times: list[float]) -> list[bool]:
    return [ask(it, now_s=now_s).decisive is not None for now_s in times]


def test_a_fault_without_conditions_holds_until_it_is_taken_away() -> None:
    it = box(DOWN)

    assert held(it, [100.0, 5000.0]) == [True, True]
    it.set([], 5000.0)
    assert held(it, [5000.0]) == [False]


def test_a_fault_holds_for_so_many_requests() -> None:
    assert held(box(Status(status=503, requests=2)), [100.0] * 4) == [True, True, False, False]


def test_a_fault_lets_the_first_pass() -> None:
    it = box(Status(status=503, skip=2, requests=1))

    assert held(it, [100.0] * 4) == [False, False, True, False]


def test_a_fault_holds_for_so_many_seconds() -> None:
    it = box(Status(status=503, after_s=10, seconds=5))

    assert held(it, [109.9, 110.0, 114.9, 115.0]) == [False, True, True, False]


def test_chance_is_the_same_for_the_same_seed() -> None:
    fault = Status(status=503, probability=0.3, seed=7)
    first, second = (held(box(fault), [100.0] * 200) for _ in range(2))

    assert first == second
    assert 30 < sum(first) < 90


@pytest.mark.parametrize(
    ("match", "found"),
    [
        (Match(token="bad-1"), [0]),  # noqa: S106 -- made up
        (Match(token="bad-*"), [0, 1]),  # noqa: S106 -- made up
        (Match(profile_id="app"), [2]),
        (Match(position_id=JOB_AD), [3]),
        (Match(label="view"), [0, 1, 2]),
        (Match(label="Offer"), [1]),
        (Match(token="bad-*", label="Offer"), [1]),  # noqa: S106 -- made up
        (Match(token="bad-1", label="Offer"), []),  # noqa: S106 -- made up
    ],
)
def test_signals_are_found_by_what_they_hold(match: Match, found: list[int]) -> None:
    signals = [
        moved("bad-1"),
        moved("bad-2", "Offer") | {"previous": moved()["current"]},
        moved_within_seek("app"),
        opened("other", JOB_AD),
    ]

    plan = ask(box(Refuse(match=match), Cut(match=match)), *signals)

    assert sorted(plan.refused) == found
    assert (plan.decisive is not None) is bool(found)


def test_input_of_any_type_matches_nothing_and_breaks_nothing() -> None:
    strange = {"token": 1, "positionProfileIds": {}, "current": {"status": [], "phase": "x"}}
    match = Match(token="*", label="")  # noqa: S106 -- a wildcard

    assert ask(box(Swallow(match=match)), strange).swallowed == set()


def test_the_first_of_two_faults_decides_and_the_other_does_not_count() -> None:
    it = box(Status(status=503, requests=1), Cut(requests=1))

    decided = [ask(it).decisive for _ in range(3)]

    assert [fault and fault.fault for fault in decided] == ["status", "cut", None]


def test_waits_add_up_beside_other_faults() -> None:
    plan = ask(box(Slow(delay_s=1), DOWN, Slow(delay_s=2), Slow(delay_s=4, after_acceptance=True)))

    assert (plan.wait_s, plan.wait_after_s, plan.decisive) == (3.0, 4.0, DOWN)


def test_a_quota_lets_through_its_rate_and_its_burst() -> None:
    it = box(Quota(per_s=2, burst=3))

    burst = held(it, [100.0] * 5)
    steady = held(it, [100.0 + n * 0.25 for n in range(1, 9)])

    assert burst == [False, False, False, True, True]
    assert steady == [True, False] * 4


def test_a_quota_saves_no_more_than_its_burst() -> None:
    it = box(Quota(per_s=100, burst=2))

    assert held(it, [100.0, 900.0, 900.0, 900.0]) == [False, False, False, True]


def test_faults_of_the_token_endpoint_leave_the_other_alone() -> None:
    it = box(Status(status=503, on="token"), ExpiresIn(expires_in_s=3, requests=1))

    assert ask(it).decisive is None
    asked = [it.plan("token", (), 100.0) for _ in range(2)]
    assert [plan.expires_in_s for plan in asked] == [3, None]
    assert all(plan.decisive is not None for plan in asked)


def test_actions_are_due_once_at_their_time() -> None:
    it = box(Revoke(), Rotate(client_secret="new", after_s=5))  # noqa: S106 -- made up

    due = [[(type(a), at) for a, at in it.due_actions(now)] for now in (100.0, 104.0, 106.0, 107.0)]

    assert due == [[(Revoke, 100.0)], [], [(Rotate, 105.0)], []]
