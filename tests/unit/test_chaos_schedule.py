"""The schedule of a chaos run: the same for a seed, with something of everything in it."""

from __future__ import annotations

from typing import get_args

import pytest

from consumer.demo.expectations import ToBeAccepted, ToBeBuried
from consumer.sandbox.fault_kinds import Fault
from consumer.sandbox.fault_script import parse_faults
from tests.faults.chaos.sandbox_faults import ALWAYS, SANDBOX_FAULTS, SICK_TOKEN
from tests.faults.chaos.schedule import COOL_DOWN_S, WARM_UP_S, Planned, plan
from tests.faults.chaos.stream import CANARIES, ESTRANGED_HIRER, chunk

SEEDS = range(30)
LONG_S = 1_200.0
NETWORK_KINDS = ("cut", "refuse", "stall", "drip", "delay")
NOW_MS = 1_780_000_000_000


def busy(faults: list[Planned]) -> int:
    """How many are on at once, at most."""
    return max(
        sum(other.begin_s <= fault.begin_s <= other.end_s for other in faults) for fault in faults
    )


def test_the_same_seed_gives_the_same_schedule() -> None:
    assert plan(7, 60, 3) == plan(7, 60, 3)
    assert plan(7, 60, 3) != plan(8, 60, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_leave_time_to_begin_and_to_end(seed: int) -> None:
    faults = plan(seed, 60, 3)

    assert all(fault.begin_s >= WARM_UP_S for fault in faults)
    assert all(fault.end_s <= 60 - COOL_DOWN_S for fault in faults)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_broker_at_a_time_and_several_faults_at_once(seed: int) -> None:
    faults = plan(seed, 120, 3)
    brokers = [fault for fault in faults if fault.kind.startswith("broker.")]

    assert len(brokers) >= 2
    assert busy(brokers) == 1
    assert busy(faults) >= 3


def test_a_long_run_has_every_kind() -> None:
    kinds = {fault.kind for fault in plan(1, LONG_S, 3)}
    network = {f"{a}.{k}" for a in ("seek", "kafka", "registry") for k in NETWORK_KINDS}

    assert network <= kinds
    assert {f"sandbox.{name}" for name in SANDBOX_FAULTS} <= kinds
    assert {"consumer.kill", "consumer.stop", "consumer.freeze"} <= kinds
    assert {"broker.kill", "broker.freeze"} <= kinds
    assert {"operator.rotate", "operator.partitions", "operator.join"} <= kinds


def test_a_freeze_can_outlast_the_session() -> None:
    freezes = [fault for fault in plan(1, LONG_S, 3) if fault.kind == "consumer.freeze"]

    assert {fault.lasts_s > 6.0 for fault in freezes} == {True, False}


def test_every_kind_of_sandbox_fault_takes_part() -> None:
    """All that the sandbox can do; a rotation is an act of the operator's."""
    kinds = {kind.model_fields["fault"].default for kind in get_args(Fault)}
    scripted = {
        entry["fault"]
        for fault in plan(1, LONG_S, 3)
        if fault.kind.startswith("sandbox.")
        for entry in fault.script
    }

    assert scripted | {entry["fault"] for entry in ALWAYS} | {"rotate"} == kinds


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sandbox_takes_every_script(seed: int) -> None:
    for fault in plan(seed, 300, 2):
        assert parse_faults([dict(entry) for entry in fault.script]) is not None
    assert parse_faults([dict(entry) for entry in ALWAYS])


def test_a_twentieth_of_the_stream_is_poison_beside_the_estranged_hirers() -> None:
    events = [event for number in range(6) for event in chunk(1, number, NOW_MS)]
    poison = [event for event in events if isinstance(event.expectation, ToBeBuried)]
    plain = [event for event in poison if "ESTRANGED" not in str(event.value)]

    assert 0.04 < len(plain) / len(events) < 0.06
    assert any(ESTRANGED_HIRER in str(event.value) for event in poison)
    assert any(SICK_TOKEN in str(event.value) for event in poison)


@pytest.mark.parametrize("canary", CANARIES)
def test_each_chunk_has_its_canaries_and_they_are_accepted(canary: str) -> None:
    sung = [event for event in chunk(1, 2, NOW_MS) if canary in str(event.value)]

    assert sung
    assert all(isinstance(event.expectation, ToBeAccepted) for event in sung)


def test_no_signal_occurs_twice() -> None:
    signals = [
        event.expectation.signal
        for number in range(12)
        for event in chunk(1, number, NOW_MS)
        if isinstance(event.expectation, ToBeAccepted)
    ]

    assert len(signals) == len(set(signals))
