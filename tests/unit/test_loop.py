"""What the loop does when Kafka is not sure of us, or will not do as it is told (P4, P5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from consumer.delivery.lease import Lease
from consumer.delivery.limits import Limits
from consumer.delivery.records import Offset, TopicPartition
from consumer.delivery.verdicts import Accepted
from consumer.observed import HoldReason, Snapshot
from consumer.pipeline import Parts, Pipeline
from consumer.pipeline.loop import AT_ONCE
from consumer.ports import Landed, Polled, Request, Start
from tests.unit.delivery_samples import TOPIC, PlainRecord
from tests.unit.pipeline_doubles import ENVELOPE, CommitsOnly, Graveyard, Library, NotedTelemetry
from tests.unit.seek_doubles import FakeClock

MOVES, CLOSED = TopicPartition(TOPIC, 0), TopicPartition("closed", 0)
LIMITS = Limits(batch_size=1, pending_per_partition=4)


@dataclass(slots=True)
class Kafka(CommitsOnly):
    arriving: list[PlainRecord] = field(default_factory=list[PlainRecord])
    switched: list[tuple[str, Sequence[TopicPartition]]] = field(
        default_factory=list[tuple[str, Sequence[TopicPartition]]]
    )

    def poll(self, wait_s: float) -> Polled:
        assert wait_s >= 0.0
        arrived, self.arriving = self.arriving, []
        return Polled(arrived)

    def pause(self, partitions: Sequence[TopicPartition]) -> bool:
        self.switched.append(("pause", partitions))
        return self.switches


@dataclass(slots=True)
class Line:
    """Senders that land what the test says, when it says so."""

    reader: Library = field(default_factory=Library)
    submitted: list[Request] = field(default_factory=list[Request])
    read_before: list[int] = field(default_factory=list[int])
    """How many records had been read when each was submitted."""
    landing: list[Landed] = field(default_factory=list[Landed])

    def submit(self, request: Request) -> None:
        self.submitted.append(request)
        self.read_before.append(len(self.reader.asked))

    def landed(self, wait_s: float) -> Sequence[Landed]:
        assert wait_s >= 0.0
        landed, self.landing = self.landing, []
        return landed

    def accept_all(self) -> None:
        self.landing = [Landed(request.batch_id, Accepted()) for request in self.submitted]


@dataclass(slots=True)
class Shown(NotedTelemetry):
    last: Snapshot | None = None

    def show(self, snapshot: Snapshot) -> None:
        self.last = snapshot


@dataclass(slots=True)
class Rig:
    kafka: Kafka = field(default_factory=Kafka)
    line: Line = field(default_factory=Line)
    clock: FakeClock = field(default_factory=FakeClock)
    telemetry: Shown = field(default_factory=Shown)
    lease: Lease = field(default_factory=lambda: Lease(LIMITS.lease_s))
    it: Pipeline = field(init=False)

    def __post_init__(self) -> None:
        parts = Parts(
            source=self.kafka,
            reader=self.line.reader,
            senders=self.line,
            dead_letters=Graveyard(),
            clock=self.clock,
            telemetry=self.telemetry,
            lease=self.lease,
            envelope=ENVELOPE,
        )
        self.it = Pipeline(parts, LIMITS)
        self.it.assigned({place: Start(Offset(0)) for place in (MOVES, CLOSED)})
        self.turn()

    def turn(self, after_s: float = 0.05) -> None:
        self.clock.pass_s(after_s)
        self.it.turn()

    def read(self, place: TopicPartition, *offsets: int) -> None:
        self.kafka.arriving += [
            PlainRecord(place, offset, value_bytes=f"{place}:{offset}".encode())
            for offset in offsets
        ]
        self.turn()

    def stand_still(self) -> None:
        """For longer than the lease; then one turn more, so that anything might be sent."""
        self.turn(LIMITS.lease_s + 1.0)

    def holds(self) -> Mapping[HoldReason, str]:
        assert self.telemetry.last is not None
        return {hold.reason: hold.detail for hold in self.telemetry.last.holds}


def test_after_a_standstill_nothing_is_sent_before_kafka_takes_a_commit() -> None:
    rig = Rig(Kafka(takes=False))
    rig.kafka.arriving.append(PlainRecord(MOVES, 0))
    rig.stand_still()
    rig.turn()
    assert rig.line.submitted == []
    assert not rig.lease.held(rig.clock.monotonic_s())
    rig.kafka.takes = True
    rig.turn(1.0)
    assert len(rig.line.submitted) == 1
    assert rig.lease.held(rig.clock.monotonic_s())


def test_the_proof_is_tried_again_each_second_not_each_turn() -> None:
    rig = Rig(Kafka(takes=False))
    rig.stand_still()
    for _ in range(19):
        rig.turn()
    assert len(rig.kafka.sent_now) == 1
    rig.turn()
    rig.turn()
    assert len(rig.kafka.sent_now) == 2


def test_that_kafka_is_not_sure_of_us_is_told_as_a_hold_and_ends() -> None:
    rig = Rig(Kafka(takes=False))
    rig.stand_still()
    assert rig.holds()[HoldReason.KAFKA].startswith("refused: ")
    rig.kafka.takes = True
    rig.turn(1.0)
    rig.turn(0.5)
    assert rig.holds() == {}


def test_one_topics_refused_commit_does_not_put_the_membership_in_doubt() -> None:
    """Nothing of any partition would be sent until somebody mends that topic."""
    rig = Rig(Kafka(refuses=frozenset({CLOSED.topic})))
    rig.kafka.arriving.append(PlainRecord(MOVES, 0))
    rig.stand_still()
    assert len(rig.line.submitted) == 1
    assert rig.holds() == {}


def test_leaving_does_not_wait_for_what_is_refused_for_good() -> None:
    rig = Rig(Kafka(refuses=frozenset({CLOSED.topic})))
    rig.read(MOVES, 0)
    rig.read(CLOSED, 0)
    rig.line.accept_all()
    assert rig.it.drain()
    assert [set(marks) for marks in rig.kafka.sent_now] == [{MOVES, CLOSED}]


def test_what_lands_after_its_partition_was_lost_is_neither_settled_nor_committed() -> None:
    rig = Rig()
    rig.read(MOVES, 0)
    rig.it.lost([MOVES])
    rig.line.accept_all()
    rig.turn(1.0)
    assert rig.it.partitions.settled == 0
    assert [place for marks in rig.kafka.sent for place in marks] == []


def test_nothing_is_sent_of_a_partition_that_was_lost() -> None:
    rig = Rig()
    rig.read(MOVES, *range(4))
    sent = len(rig.line.submitted)
    rig.it.lost([MOVES])
    rig.line.accept_all()
    rig.turn()
    rig.turn()
    assert len(rig.line.submitted) == sent


def test_a_pause_that_the_client_refused_is_asked_for_again() -> None:
    """Else the partition would be read without a bound: the loop would believe it paused."""
    rig = Rig(Kafka(switches=False))
    rig.read(MOVES, *range(6))
    rig.turn()
    assert rig.kafka.switched == [("pause", [MOVES]), ("pause", [MOVES])]
    rig.kafka.switches = True
    rig.turn()
    rig.turn()
    assert len(rig.kafka.switched) == 3


def test_what_has_landed_frees_its_place_before_all_records_are_taken_in() -> None:
    rig = Rig()
    rig.read(MOVES, 0, 1)
    assert len(rig.line.submitted) == 2
    rig.line.accept_all()
    rig.read(MOVES, *range(2, 2 + 5 * AT_ONCE))
    first = 2 + 2 * AT_ONCE
    assert rig.line.read_before == [2, 2, first, first]
