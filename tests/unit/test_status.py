"""What is shown says what is the matter, and shows nothing of a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from consumer.delivery.flood_guard import FloodGuard
from consumer.delivery.lanes import Lane
from consumer.delivery.limits import FloodLimits, Limits
from consumer.delivery.records import TopicPartition
from consumer.delivery.verdicts import Fault, Outage, Throttled, Verdict
from consumer.domain.signals import Reason, Rejected
from consumer.observed import Flood, HoldReason, PauseReason, Snapshot
from consumer.pipeline.burial import Burial
from consumer.pipeline.holds import HoldKey
from consumer.pipeline.intake import Intake
from consumer.pipeline.partitions import Partitions
from consumer.pipeline.status import Status
from consumer.ports import Fault as SourceFault
from consumer.ports import Unresolved
from tests.unit.courier_driver import BAD, BROKEN, FORBIDDEN, NO_ACCESS, SLOW, Driver
from tests.unit.delivery_samples import record
from tests.unit.pipeline_doubles import (
    ENVELOPE,
    CommitsOnly,
    Graveyard,
    Library,
    NotedTelemetry,
    admitted,
    ours,
)

FLOOD = FloodLimits(window=20, at_least=5)
NINE_MS = 1_769_850_000_000
"""2026-01-31, 9:00 UTC."""
SEEK = HoldKey(HoldReason.SEEK, None)


@dataclass(slots=True)
class Faulty(CommitsOnly):
    told: Sequence[SourceFault] = ()

    def faults(self) -> Sequence[SourceFault]:
        return self.told


@dataclass(slots=True)
class Shown:
    """All that is read for it, and the courier's driver."""

    driver: Driver = field(default_factory=lambda: Driver(Limits(batch_size=1, flood=FLOOD)))
    source: Faulty = field(default_factory=Faulty)
    library: Library = field(default_factory=Library)
    partitions: Partitions = field(init=False)
    intake: Intake = field(init=False)
    burial: Burial = field(init=False)
    it: Status = field(init=False)

    def __post_init__(self) -> None:
        telemetry, courier, guard = NotedTelemetry(), self.driver.it, self.driver.guard
        self.partitions = ours([self.lane], self.driver.limits)
        self.burial = Burial(Graveyard(), ENVELOPE, self.partitions, telemetry)
        self.intake = Intake(
            self.library, self.partitions, courier, self.burial, guard, telemetry, 60.0
        )
        self.it = Status(courier, self.partitions, self.intake, self.burial, guard, self.source)

    @property
    def lane(self) -> Lane:
        return self.driver.publisher.lane

    @property
    def guard(self) -> FloodGuard:
        return self.driver.guard

    def exchange(self, *verdicts: Verdict) -> None:
        for verdict in verdicts:
            self.driver.add(None)
            self.driver.exchange(verdict)

    def holds(self, after_s: float = 0.0) -> dict[HoldKey, str]:
        self.driver.now_s += after_s
        return self.it.holds(self.driver.now_s, NINE_MS)

    def snapshot(self) -> Snapshot:
        return self.it.snapshot(self.driver.now_s, (), member=True)


def test_nothing_is_held_when_all_is_well() -> None:
    assert Shown().holds() == {}


def test_an_outage_says_what_seek_said() -> None:
    it = Shown()
    it.exchange(BROKEN)
    assert it.holds() == {SEEK: "server_fault: INTERNAL_SERVER_ERROR"}


def test_a_code_of_seeks_that_is_none_is_not_shown() -> None:
    it = Shown()
    it.exchange(Outage(Fault.UNKNOWN_CODE, "Jane Citizen <jane@example.com>"))
    assert it.holds() == {SEEK: "unknown_code: a code of 31 characters"}


def test_refused_credentials_are_a_hold_of_their_own() -> None:
    it = Shown()
    it.exchange(NO_ACCESS)
    it.driver.exchange(NO_ACCESS)
    (hold,) = it.holds()
    assert hold == HoldKey(HoldReason.AUTH, None)


def test_throttling_for_long_is_a_hold_with_its_end() -> None:
    it = Shown()
    it.exchange(Throttled(retry_after_s=90.0))
    assert it.holds(after_s=30.0) == {SEEK: "throttled, until 2026-01-31 09:01:00 UTC"}
    assert it.holds(after_s=60.0) == {}


@pytest.mark.parametrize("wait_s", [None, 4.0])
def test_throttling_for_a_moment_is_no_hold(wait_s: float | None) -> None:
    it = Shown()
    it.exchange(Throttled(wait_s))
    assert it.holds() == {}


def test_a_service_without_partitions_holds_nothing_up() -> None:
    it = Shown()
    it.exchange(BROKEN)
    it.partitions.drop(it.lane)
    assert it.holds() == {}


def test_a_schema_that_is_waited_for_is_a_hold_with_what_the_registry_said() -> None:
    it = Shown()
    it.intake.unresolved = {"moves": Unresolved(7, outage=True, why="HTTP 503")}
    assert it.holds() == {HoldKey(HoldReason.REGISTRY, "moves"): "schema 7: HTTP 503"}


def test_a_schema_that_is_asked_for_the_first_time_is_no_news() -> None:
    it = Shown()
    it.intake.unresolved = {"moves": Unresolved(7, outage=False)}
    assert it.holds() == {}


def test_a_dead_letter_that_cannot_be_written_is_a_hold() -> None:
    it = Shown()
    it.burial.trouble = "TOPIC_AUTHORIZATION_FAILED"
    assert it.holds() == {HoldKey(HoldReason.DEAD_LETTERS, None): "TOPIC_AUTHORIZATION_FAILED"}


def test_faults_of_kafka_and_of_offsets_are_told_apart() -> None:
    it, everywhere = Shown(), TopicPartition("", -1)
    it.source.told = (
        SourceFault(everywhere, "brokers_down", about_offsets=False, detail="see to them"),
        SourceFault(it.lane.place, "offset_out_of_range", about_offsets=True, detail="decide"),
    )
    assert it.holds() == {
        HoldKey(HoldReason.KAFKA, None): "brokers_down: see to them",
        HoldKey(HoldReason.OFFSETS, "moves"): "offset_out_of_range: decide",
    }


def test_a_flood_at_seek_says_how_much_is_held_and_how_often_it_was_tried_in_vain() -> None:
    it = Shown()
    it.exchange(*[BAD] * 5)
    flood = HoldKey(HoldReason.FLOOD, "moves")
    assert it.holds() == {flood: "nearly all refused at send: 1 held, 0 tried since, none passed"}
    for _ in range(2):
        it.driver.now_s += 60.0
        it.driver.exchange(BAD)
    assert it.holds() == {flood: "nearly all refused at send: 1 held, 2 tried since, none passed"}
    assert it.snapshot().floods == (Flood("moves", "send", 1, 2),)


def test_a_flood_of_what_cannot_be_read_is_shown_alike() -> None:
    it = Shown()
    it.library.readings[b"value"] = Rejected(Reason.UNDECODABLE, "no Avro")
    it.intake.take([record(offset) for offset in range(7)], 100.0, 0)
    it.intake.read_parked(100.0, 0)
    it.intake.read_parked(160.0, 0)
    assert it.snapshot().floods == (Flood("moves", "decode", 3, 1),)


def test_the_snapshot_shows_how_the_service_paces_itself() -> None:
    it = Shown(Driver(Limits(batch_size=40, flood=FLOOD)))
    assert (it.snapshot().batch_size_limit, it.snapshot().rate_limit_per_s) == (40, None)
    it.driver.add_many(80)
    it.driver.exchange(Throttled())
    for _ in range(2):
        it.driver.pass_over()
        it.driver.exchange(SLOW)
    shown = it.snapshot()
    assert shown.rate_limit_per_s == it.driver.it.pacer.rate.limit_per_s
    assert shown.rate_limit_per_s is not None
    assert shown.batch_size_limit == 20
    assert shown.in_flight_limit < 2.5


def test_the_snapshot_counts_what_is_in_flight() -> None:
    it = Shown(Driver(Limits(batch_size=40, flood=FLOOD)))
    it.driver.add_many(30)
    batch = it.driver.send()
    shown = it.snapshot()
    assert (shown.in_flight, shown.in_flight_records) == (1, 30)
    assert shown.in_flight_bytes == sum(parcel.size for parcel in batch.parcels) > 0


def test_the_snapshot_says_how_long_throttling_stopped_all() -> None:
    it = Shown()
    it.exchange(Throttled(90.0))
    it.driver.now_s += 30.0
    assert it.snapshot().throttled_s == 30.0


def test_the_snapshot_counts_hirers_apart() -> None:
    it = Shown()
    for _ in range(3):
        it.driver.add(None, hirer="acme")
        it.driver.exchange(FORBIDDEN)
    assert it.snapshot().hirers_apart == 1


def test_a_paused_partition_says_what_it_waits_for() -> None:
    it = Shown()
    admitted(it.lane, 2_500)
    for lane in it.partitions.to_pause((), enough=False):
        lane.paused = True
    (status,) = it.snapshot().partitions
    assert (status.paused, status.waits_for) == (True, PauseReason.PENDING)
