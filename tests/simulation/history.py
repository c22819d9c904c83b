"""The course of one history: hostile, then calm, then the end, where all must be right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, log2
from random import Random
from typing import Final

from consumer.delivery.limits import FloodLimits, Limits, PacerLimits
from consumer.delivery.records import TopicPartition
from tests.simulation.bounds import Bounds
from tests.simulation.faults import Hazard
from tests.simulation.invariants import Invariants
from tests.simulation.kafka import Broker
from tests.simulation.machine import Machine, Scene
from tests.simulation.records import CLASSES, SICK, SKIPS, STUCK, Log, Nature, SimRecord, Writer
from tests.simulation.seek import FakeSeek
from tests.simulation.truth import Truth
from tests.simulation.world import Crashed, World, ensure

CALM_TURNS: Final = 3_000
"""By then all is right; fifteen minutes for a sick record take about a hundred."""
LONG_OUTAGES: Final = 0.15
"""Of histories: half an hour takes a few hundred turns."""
FLOODS: Final = 0.1
FLOOD_RECORDS: Final = 80
FLOOD_TURNS: Final = 250
LOOK_EVERY: Final = 8
"""Turns from one look at what is left to the next: a look costs as much as a turn."""
LAST_TURNS: Final = 100
FEW_TURNS: Final = 10
"""So that the last snapshot is of the time after."""
TRICKLE_S: Final = 45.0
"""A sick record is known by others passing: while there is one, others come."""
TRICKLE: Final = TopicPartition("trickle", 0)


@dataclass(slots=True, eq=False)
class History:
    seed: int
    scene: Scene
    most_processes: int
    last_act: Callable[[History], None]
    """Before the calm."""
    machines: list[Machine] = field(default_factory=list[Machine])
    _started: int = 0
    _trickled_at_s: float = 0.0

    @classmethod
    def of(cls, seed: int, *, verbose: bool = False) -> History:
        world = World.of(seed, verbose=verbose)
        writer = Writer.drawn(world.rng)
        last_act = _last_act(world.rng, writer)
        limits = _limits(world.rng, writer)
        truth = Truth(writer.logs | {TRICKLE: Log(TRICKLE)})
        invariants = Invariants(world, truth, writer, limits)
        broker = Broker(world, truth, invariants)
        topic = world.rng.choice([place.topic for place in writer.logs])
        seek = FakeSeek(world, truth, invariants, topic)
        world.checks = [broker.check_sessions, invariants.check]
        scene = Scene(
            world, writer, truth, invariants, Bounds(world, invariants), broker, seek, limits
        )
        return cls(seed, scene, 1 if _is_slow(writer) else world.rng.choice((1, 1, 2)), last_act)

    def run(self) -> Counter[Hazard]:
        """Raises `Violation`, or whatever the pipeline raised that it should not."""
        world, writer = self.scene.world, self.scene.writer
        left = world.rng.choice((40, 60, 90, 140, 240))
        for _ in range(world.rng.randint(60, 180)):
            if left and world.rng.random() < 0.2:
                some = min(left, world.rng.randint(1, 40))
                writer.write(some)
                left -= some
            self._misfortunes()
            self._turn(world.rng.choice(self._alive()))
        writer.write(left)
        self.last_act(self)
        self._calm_down()
        self._end()
        return world.plan.tally

    # -- Hostile ---------------------------------------------------------------------------------

    def _alive(self) -> list[Machine]:
        self.machines = [machine for machine in self.machines if machine.process.alive]
        while len(self.machines) < self.most_processes:
            self._started += 1
            self.machines.append(Machine.started(f"p{self._started}", self.scene))
        return self.machines

    def _misfortunes(self) -> None:
        world, broker = self.scene.world, self.scene.broker
        plan = world.plan
        plan.begin_spells(world.now_s)
        machine = world.rng.choice(self._alive())
        owned = list(machine.process.tenures)
        if owned and plan.strikes(Hazard.REVOKED):
            self._count_in_flight(machine, Hazard.REVOKED_IN_FLIGHT)
            broker.ask_back(machine.process, world.rng.sample(owned, _some(world.rng, owned)))
        if owned and plan.strikes(Hazard.LOST):
            self._count_in_flight(machine, Hazard.LOST_IN_FLIGHT)
            broker.expel(machine.process)
        if plan.strikes(Hazard.WALL_CLOCK_JUMP):
            world.wall_shift_ms += world.rng.choice((-3_600_000, 60_000, 86_400_000))
        if plan.strikes(Hazard.STOPPED):
            self._stop(machine)

    def _turn(self, machine: Machine) -> None:
        try:
            machine.pipeline.turn()
        except Crashed:
            self._died(machine)
        else:
            self.scene.bounds.turned(machine.process, machine.pipeline)

    def _stop(self, machine: Machine) -> None:
        """SIGTERM: drain, commit, leave the group."""
        process = machine.process
        for tenure in process.tenures.values():
            tenure.open = False
        process.may_idle = False
        try:
            machine.pipeline.drain()
        except Crashed:
            self._died(machine)
            return
        process.alive = False
        owned = [p for p, owner in self.scene.broker.owners.items() if owner is process]
        self.scene.broker.release(owned, 0.0)
        _end(machine)

    def _died(self, machine: Machine) -> None:
        plan, process = self.scene.world.plan, machine.process
        self._count_in_flight(machine, Hazard.CRASH_IN_FLIGHT)
        if any(tenure.uncommitted_since_s for tenure in process.tenures.values()):
            plan.met(Hazard.CRASH_BEFORE_COMMIT)
        if machine.letters.reports_lost:
            plan.met(Hazard.LETTER_WRITTEN_THEN_CRASH)
        process.alive = False
        self.scene.broker.died(process)
        _end(machine)

    def _count_in_flight(self, machine: Machine, hazard: Hazard) -> None:
        if machine.senders.flying:
            self.scene.world.plan.met(hazard)

    def go_on(self) -> None:
        """Nothing but what has been."""

    def long_outage(self) -> None:
        """However long SEEK is away, nothing becomes poison by waiting (P6)."""
        world, seek = self.scene.world, self.scene.seek
        world.tell("world", "SEEK is down for long")
        world.plan.calm = seek.down = True
        until_s = world.now_s + 2 * self.scene.limits.sick.after_s
        while world.now_s < until_s:
            self._turn(world.rng.choice(self._alive()))
        seek.down = False

    def flood(self) -> None:
        """SEEK refuses all of one topic: that is held, not buried, until it is mended (P8)."""
        world, seek, writer = self.scene.world, self.scene.seek, self.scene.writer
        world.tell("world", f"SEEK refuses all of {seek.flooded_topic}")
        world.plan.calm = seek.flooding = True
        logs = [log for place, log in writer.logs.items() if place.topic == seek.flooded_topic]
        for number in range(FLOOD_RECORDS):
            writer.add(
                Nature.HEALTHY, f"{seek.flooded_topic}:flooded-{number}", world.rng.choice(logs)
            )
        for _ in range(FLOOD_TURNS):
            self._turn(world.rng.choice(self._alive()))
        for _ in range(CALM_TURNS):
            if not self._of_other_topics():
                break
            self._turn(world.rng.choice(self._alive()))
        others = self._of_other_topics()
        ensure(not others, "P8 other topics flow during a flood", *others[:20])
        seek.flooding = False

    def _of_other_topics(self) -> list[SimRecord]:
        flooded = self.scene.seek.flooded_topic
        return [record for record in self.scene.truth.unsettled() if record.topic() != flooded]

    # -- Calm ------------------------------------------------------------------------------------

    def _calm_down(self) -> None:
        """No more faults; stuck records are cured once all that can pass has passed (P7)."""
        world, seek, truth = self.scene.world, self.scene.seek, self.scene.truth
        world.tell("world", "calms down")
        world.plan.calm = True
        for turn in range(CALM_TURNS):
            self._trickle()
            self._turn(self._alive()[turn % self.most_processes])
            if turn % LOOK_EVERY != 0:
                continue
            if seek.cured:
                if self._all_committed():
                    return
            elif not self._unsettled_others():
                world.tell("world", "cures the stuck")
                seek.cured = True
        waiting = truth.unsettled() if seek.cured else self._unsettled_others()
        marks = self.scene.invariants.committed
        ensure(False, "P6 P7 all is settled in the end", *(waiting[:20] or marks.items()))  # noqa: FBT003 -- not a flag: never true here

    def _trickle(self) -> None:
        world, truth = self.scene.world, self.scene.truth
        if world.now_s - self._trickled_at_s < TRICKLE_S or not truth.unsettled():
            return
        self._trickled_at_s = world.now_s
        log = truth.logs[TRICKLE]
        self.scene.writer.add(Nature.HEALTHY, str(log.end), log)

    def _unsettled_others(self) -> list[SimRecord]:
        """Records that no stuck one may stop: of other subjects, and of partitions in which
        those that wait behind it do not reach the partition's bound."""
        truth = self.scene.truth
        unsettled = truth.unsettled()
        stuck = [record for record in unsettled if record.nature in STUCK]
        behind = {(record.place, record.subject) for record in stuck}
        waiting = Counter(r.place for r in unsettled if (r.place, r.subject) in behind)
        waiting[TRICKLE] = CALM_TURNS  # It goes on as long as any other waits.
        most = self.scene.limits.pending_per_partition / 2
        return [
            record
            for record in unsettled
            if (record.place, record.subject) not in behind and waiting[record.place] < most
        ]

    def _all_committed(self) -> bool:
        truth, committed = self.scene.truth, self.scene.invariants.committed
        return not truth.unsettled() and all(
            committed.get(place) == log.end for place, log in truth.logs.items() if log.records
        )

    # -- The end ---------------------------------------------------------------------------------

    def _end(self) -> None:
        for log in self.scene.truth.logs.values():  # What a last hold waits for, if there is one.
            self.scene.writer.add(Nature.HEALTHY, f"{log.place}:last", log)
        quiet = 0
        for _ in range(LAST_TURNS):
            for machine in self._alive():
                self._turn(machine)
            quiet += self._all_committed()
            if quiet == FEW_TURNS:
                break
        ensure(self._all_committed(), "all is committed in the end", "but for the last records")
        for machine in self._alive():
            snapshot = machine.telemetry.snapshot
            assert snapshot is not None
            idle = snapshot.pending_records == snapshot.pending_bytes == snapshot.in_flight == 0
            ensure(idle, "nothing is pending in the end", snapshot)
            ensure(not snapshot.holds, "all holds are released", *snapshot.holds)
            drained = machine.pipeline.drain()
            ensure(drained, "a drain of nothing ends in time", machine.process)
        for record in self.scene.truth.everything():
            self._ended_well(record)
        self._searched_cheaply()

    def _ended_well(self, record: SimRecord) -> None:
        truth = self.scene.truth
        sent, buried = truth.accepted[record] > 0, truth.letters[record] > 0
        said = record, "accepted:", truth.accepted[record], "letters:", truth.letters[record]
        if record.nature in CLASSES:
            ensure(buried and not sent, "P7 poison is buried, and only so", *said)
        elif record.nature in SKIPS:
            ensure(not buried and not sent, "a skip is neither", *said)
        elif record not in truth.charges:
            ensure(sent and not buried, "P6 P7 good records are accepted", *said)

    def _searched_cheaply(self) -> None:
        """Refused requests come from searching: at most two a halving, for each time that a
        culprit was read."""
        truth = self.scene.truth
        halvings = 2 * ceil(log2(self.scene.limits.batch_size + 1)) + 2
        read = sum(times for record, times in truth.read.items() if record in truth.charges)
        allowed = read * halvings + self.scene.invariants.size_refusals
        few = truth.refusals <= allowed
        ensure(few, "P7 extra requests", truth.refusals, "refused, allowed:", allowed)


def _limits(rng: Random, writer: Writer) -> Limits:
    """Small, so that every bound is met; wide where a stuck record may fill what is bounded."""
    wide = any(writer.natures[nature] for nature in STUCK)
    return Limits(
        batch_size=rng.choice((1, 4, 10, 30)),
        linger_s=rng.choice((0.0, 0.0, 0.3)),
        pending_records=400 if wide else rng.choice((40, 100, 400)),
        pending_bytes=64 * 1024 * 1024 if wide else rng.choice((40_000, 1_000_000)),
        pending_per_partition=rng.choice((15, 30)),
        exposed_per_partition=10_000 if wide else rng.choice((20, 10_000)),
        commit_after=rng.choice((20, 1_000)),
        isolation_requests=rng.choice((3, 40)),
        commit_metadata_bytes=rng.choice((4_096, 4_096, 60, 64, 68, 76)),
        pacer=PacerLimits(rate_max_per_s=rng.choice((None, None, 20.0))),
        flood=FloodLimits(window=20, at_least=10),
    )


def _last_act(rng: Random, writer: Writer) -> Callable[[History], None]:
    if _is_slow(writer):
        return History.go_on
    act = rng.choices(
        (History.long_outage, History.flood, History.go_on),
        (LONG_OUTAGES, FLOODS, 1.0 - LONG_OUTAGES - FLOODS),
    )[0]
    if act is History.flood:
        # It fails closed: where all that is left to try is poison, only people can end it.
        writer.natures |= {n: 0.0 for n, (stage, _) in CLASSES.items() if stage == "send"}
    return act


def _is_slow(writer: Writer) -> bool:
    """With records that wait for long: others have to pass through the same process, or it
    cannot tell a sick record from an outage."""
    return any(writer.natures[nature] for nature in (*SICK, *STUCK))


def _some(rng: Random, owned: list[TopicPartition]) -> int:
    return rng.randint(1, len(owned))


def _end(machine: Machine) -> None:
    for tenure in machine.process.tenures.values():
        tenure.open, tenure.ended = False, True
    machine.process.tenures.clear()
