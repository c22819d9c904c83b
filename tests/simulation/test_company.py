"""A service with nothing but a sick record and what waits behind it finds out that SEEK is well."""

from __future__ import annotations

from collections import deque
from random import Random

import pytest

from consumer.delivery.limits import Limits, SickLimits
from consumer.delivery.records import TopicPartition
from tests.simulation.bounds import TAKE, Bounds
from tests.simulation.faults import Plan
from tests.simulation.invariants import Invariants
from tests.simulation.kafka import Broker
from tests.simulation.machine import Machine, Scene
from tests.simulation.records import Log, Nature, SimRecord, Writer
from tests.simulation.seek import FakeSeek
from tests.simulation.truth import Truth
from tests.simulation.world import World

PLACE = TopicPartition("applications", 0)
LIMITS = Limits(batch_size=10, exposed_per_partition=400, pending_per_partition=100)
TURNS = 3_000
"""Hours, where nothing happens."""


def scene_of(limits: Limits, sick: Nature, subjects: int, healthy: int = 900) -> Scene:
    """A log of one partition: a sick record, then many healthy ones, all there from the start.
    One in so many of them is of the sick one's subject, so waits for it."""
    rng, log = Random(1), Log(PLACE)
    world, writer = World(rng, Plan(rng, {})), Writer(rng, {PLACE: log}, {}, 1, gaps=False)
    writer.add(sick, "0", log)
    for number in range(healthy):
        writer.add(Nature.HEALTHY, str(number % subjects), log)
    truth = Truth(writer.logs)
    invariants = Invariants(world, truth, writer, limits)
    broker, seek = Broker(world, truth, invariants), FakeSeek(world, truth, invariants, "none")
    world.checks = [broker.check_sessions, invariants.check]
    bounds = Bounds(world, invariants)
    return Scene(world, writer, truth, invariants, bounds, broker, seek, limits)


def turned(scene: Scene, turns: int = TURNS) -> Machine:
    """Until all is settled; what must hold of memory and exposure is checked at each turn."""
    machine = Machine.started("p1", scene)
    for _ in range(turns):
        machine.pipeline.turn()
        scene.bounds.turned(machine.process, machine.pipeline)
        if not scene.truth.unsettled():
            break
    return machine


def buried(scene: Scene) -> list[SimRecord]:
    return list(scene.truth.letters)


@pytest.mark.parametrize("sick", [Nature.SICK_FAULT, Nature.SICK_CODE])
@pytest.mark.parametrize("subjects", [900, 3])
def test_a_sick_record_that_fills_the_bounds_of_the_only_partition_is_buried(
    sick: Nature, subjects: int
) -> None:
    """With 900 subjects it is exposure that fills, with three what waits for the sick one."""
    scene = scene_of(LIMITS, sick, subjects)
    turned(scene)
    assert scene.truth.unsettled() == []
    assert [record.nature for record in buried(scene)] == [sick]


def test_what_is_found_at_fault_is_told_and_so_is_a_code_that_nobody_knows() -> None:
    scene = scene_of(LIMITS, Nature.SICK_CODE, subjects=900)
    scene.world.trace = deque()
    turned(scene)
    told = {what for _, _, what in scene.world.trace}
    assert "BatchAtFault(fault=<Fault.UNKNOWN_CODE: 'unknown_code'>)" in told
    assert "UnknownCode(code='other', said='TEAPOT')" in told


def test_without_company_it_would_wait_for_ever() -> None:
    alone = Limits(batch_size=10, exposed_per_partition=400, sick=SickLimits(company_share=0.0))
    scene = scene_of(alone, Nature.SICK_FAULT, subjects=900)
    turned(scene)
    assert buried(scene) == []
    assert len(scene.truth.read) <= 400 + TAKE


def test_an_outage_that_begins_at_the_bound_buries_nothing_and_reads_little_more() -> None:
    scene = scene_of(LIMITS, Nature.STUCK_SILENT, subjects=900)
    turned(scene, turns=300)
    machine = scene.broker.processes[0]
    assert machine.alive
    scene.seek.down = True
    read = len(scene.truth.read)
    assert read < 400 + 200 + TAKE
    turned(scene)
    assert buried(scene) == []


def test_company_for_a_record_that_is_never_to_be_buried_ends_at_its_bound() -> None:
    """It makes SEEK answer null, which is no fault that can be held against it."""
    scene = scene_of(LIMITS, Nature.STUCK_SILENT, subjects=900)
    machine = turned(scene)
    (lane,) = machine.pipeline.partitions.lanes.values()
    assert buried(scene) == []
    read = lane.tracker.position - lane.tracker.mark
    assert 1.5 * 400 <= read <= 1.5 * 400 + LIMITS.batch_size + TAKE
