"""A topic of which SEEK refuses all is held, and the others flow on (P5, P8)."""

from __future__ import annotations

from random import Random

import pytest

from consumer.delivery.limits import Limits
from consumer.delivery.records import TopicPartition
from tests.simulation.bounds import Bounds
from tests.simulation.faults import Plan
from tests.simulation.invariants import Invariants
from tests.simulation.kafka import Broker
from tests.simulation.machine import Machine, Scene
from tests.simulation.records import Log, Nature, Writer
from tests.simulation.seek import FakeSeek
from tests.simulation.truth import Truth
from tests.simulation.world import World

REFUSED = [TopicPartition("applications", number) for number in range(6)]
"""As many partitions as fill the bound in all, with each at its own."""
FLOWING = [TopicPartition(topic, 0) for topic in ("positions", "completed", "retry")]
LIMITS = Limits(batch_size=10, pending_records=400, pending_per_partition=100)
BACKLOG, ROUNDS, A_ROUND = 200, 30, 20


def flooded() -> Scene:
    """All records of one topic are refused, and many lie there already."""
    rng, logs = Random(1), {place: Log(place) for place in (*REFUSED, *FLOWING)}
    world, writer = World(rng, Plan(rng, {})), Writer(rng, logs, {}, 1, gaps=False)
    for log in [logs[place] for place in REFUSED]:
        for _ in range(BACKLOG):
            writer.add(Nature.HEALTHY, f"{log.place}:{log.end}", log)
    truth = Truth(writer.logs)
    invariants = Invariants(world, truth, writer, LIMITS)
    seek = FakeSeek(world, truth, invariants, REFUSED[0].topic, flooding=True)
    broker = Broker(world, truth, invariants)
    world.checks = [broker.check_sessions, invariants.check]
    bounds = Bounds(world, invariants)
    return Scene(world, writer, truth, invariants, bounds, broker, seek, LIMITS)


def turned(scene: Scene, machine: Machine, turns: int) -> None:
    """What must hold of memory is checked at each turn."""
    for _ in range(turns):
        machine.pipeline.turn()
        scene.bounds.turned(machine.process, machine.pipeline)


def filled(scene: Scene) -> Machine:
    machine = Machine.started("p1", scene)
    turned(scene, machine, 400)
    assert machine.telemetry.snapshot is not None
    assert [flood.topic for flood in machine.telemetry.snapshot.floods] == [REFUSED[0].topic]
    return machine


@pytest.mark.parametrize("flowing", [FLOWING[:1], FLOWING], ids=len)
def test_others_flow_while_a_topic_with_a_backlog_is_refused(
    flowing: list[TopicPartition],
) -> None:
    scene = flooded()
    machine = filled(scene)
    for _ in range(ROUNDS):
        for place in flowing:
            for _ in range(A_ROUND):
                log = scene.writer.logs[place]
                scene.writer.add(Nature.HEALTHY, f"{place}:{log.end}", log)
        turned(scene, machine, 15)
        waiting = [r for r in scene.truth.unsettled() if r.topic() != REFUSED[0].topic]
        assert len(waiting) < A_ROUND * len(flowing)
    assert len(scene.truth.letters) < LIMITS.flood.at_least


def test_what_was_refused_is_accepted_once_the_cause_is_mended() -> None:
    scene = flooded()
    machine = filled(scene)
    scene.seek.flooding = False
    turned(scene, machine, 1_500)
    buried = len(scene.truth.letters)
    assert scene.truth.unsettled() == []
    assert len(scene.truth.accepted) == len(REFUSED) * BACKLOG - buried
