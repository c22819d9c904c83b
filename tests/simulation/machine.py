"""One process: a pipeline, and the ports that join it to the world."""

from __future__ import annotations

from dataclasses import dataclass

from consumer.delivery.dead_letter import Envelope
from consumer.delivery.lease import Lease
from consumer.delivery.limits import Limits
from consumer.observed import Occurrence, Snapshot
from consumer.pipeline import Parts, Pipeline
from tests.simulation.bounds import Bounds
from tests.simulation.invariants import Invariants
from tests.simulation.kafka import Broker
from tests.simulation.ledger import Process
from tests.simulation.letters import FakeDeadLetters
from tests.simulation.reader import FakeReader
from tests.simulation.records import Writer
from tests.simulation.seek import FakeSeek
from tests.simulation.senders import FakeSenders
from tests.simulation.source import FakeSource
from tests.simulation.truth import Truth
from tests.simulation.world import World

ENVELOPE = Envelope("seek-signals.dlq", "seek-signals", "seek-signals.retry", "1.0", "abc")


@dataclass(slots=True, eq=False)
class FakeClock:
    world: World

    def monotonic_s(self) -> float:
        return self.world.now_s

    def wall_ms(self) -> int:
        return 1_700_000_000_000 + int(self.world.now_s * 1_000) + self.world.wall_shift_ms

    def jitter(self) -> float:
        return self.world.rng.random()


@dataclass(slots=True, eq=False)
class FakeTelemetry:
    process: Process
    world: World
    bounds: Bounds
    snapshot: Snapshot | None = None

    def note(self, occurrence: Occurrence) -> None:
        self.world.step(self.process.name, str(occurrence))

    def show(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.bounds.shown(self.process, snapshot)


@dataclass(slots=True, eq=False)
class Scene:
    """What all processes of a history share."""

    world: World
    writer: Writer
    truth: Truth
    invariants: Invariants
    bounds: Bounds
    broker: Broker
    seek: FakeSeek
    limits: Limits


@dataclass(slots=True, eq=False)
class Machine:
    process: Process
    pipeline: Pipeline
    senders: FakeSenders
    letters: FakeDeadLetters
    telemetry: FakeTelemetry

    @classmethod
    def started(cls, name: str, scene: Scene) -> Machine:
        world, checks, limits = scene.world, scene.invariants, scene.limits
        process, lease = Process(name), Lease(limits.lease_s)
        source = FakeSource(process, world, scene.broker, checks, limits.commit_metadata_bytes)
        senders = FakeSenders(process, world, scene.seek, checks, lease)
        letters = FakeDeadLetters(process, world, scene.truth, checks)
        telemetry = FakeTelemetry(process, world, scene.bounds)
        parts = Parts(
            source=source,
            reader=FakeReader(name, world, scene.writer),
            senders=senders,
            dead_letters=letters,
            clock=FakeClock(world),
            telemetry=telemetry,
            lease=lease,
            envelope=ENVELOPE,
        )
        pipeline = Pipeline(parts, limits)
        source.owner = pipeline
        scene.broker.processes.append(process)
        return cls(process, pipeline, senders, letters, telemetry)
