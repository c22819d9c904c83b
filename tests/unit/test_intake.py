"""Records become parcels, skips and poison; what cannot be read yet is parked in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from consumer.delivery.courier import Courier
from consumer.delivery.flood_guard import FloodGuard, Gate
from consumer.delivery.lanes import Lane
from consumer.delivery.limits import FloodLimits, Limits
from consumer.delivery.records import Offset
from consumer.domain.signals import Reason, Rejected, Signal, Skipped, SkipReason, TypeCode, Warn
from consumer.observed import SkippedRecords, TookIn, Warned
from consumer.pipeline.burial import Burial
from consumer.pipeline.intake import PARKED_A_TURN, RECORD_OVERHEAD, Intake
from consumer.pipeline.partitions import Partitions
from consumer.ports import Reading, Unresolved
from tests.unit.delivery_samples import PlainRecord, lane
from tests.unit.pipeline_doubles import ENVELOPE, Graveyard, Library, NotedTelemetry, ours

GARBAGE, STRANGE, SKIPPED, BLANK = b"garbage", b"strange", b"skipped", b"blank"
READINGS: dict[bytes | None, Reading] = {
    GARBAGE: Rejected(Reason.UNDECODABLE, "no Avro"),
    BLANK: Rejected(Reason.BLANK_TOKEN, "a blank token"),
    STRANGE: Unresolved(42, outage=False),
    SKIPPED: Skipped(SkipReason.NOT_FROM_SEEK),
    None: Skipped(SkipReason.TOMBSTONE),
}
LIMITS = Limits(flood=FloodLimits(window=20, at_least=5, probe_s=60.0))


@dataclass(slots=True)
class Desk:
    """An intake with all around it; values are what the records say."""

    lane: Lane = field(default_factory=lane)
    reader: Library = field(default_factory=lambda: Library(dict(READINGS)))
    topic: Graveyard = field(default_factory=Graveyard)
    telemetry: NotedTelemetry = field(default_factory=NotedTelemetry)
    now_s: float = 100.0
    partitions: Partitions = field(init=False)
    courier: Courier = field(init=False)
    guard: FloodGuard = field(init=False)
    it: Intake = field(init=False)

    def __post_init__(self) -> None:
        self.partitions = ours([self.lane], LIMITS)
        self.guard = FloodGuard(LIMITS.flood)
        self.courier = Courier.of(LIMITS, self.guard)
        self.it = Intake(
            self.reader,
            self.partitions,
            self.courier,
            Burial(self.topic, ENVELOPE, self.partitions, self.telemetry),
            self.guard,
            self.telemetry,
            LIMITS.flood.probe_s,
        )

    def take(self, *values: bytes | None, of: Lane | None = None) -> None:
        taken = of or self.lane
        begin = taken.tracker.position
        records = [PlainRecord(taken.place, begin + i, None, v) for i, v in enumerate(values)]
        self.it.take(records, self.now_s, 0)

    def turn(self, after_s: float = 0.0) -> None:
        self.now_s += after_s
        self.it.read_parked(self.now_s, 0)

    def sent(self) -> list[bytes]:
        """What the courier has got since the last time."""
        batch = self.courier.next_batch(self.now_s)
        return [] if batch is None else [parcel.signal.body for parcel in batch.parcels]


def test_a_signal_becomes_a_parcel_with_the_bytes_of_its_reading() -> None:
    it = Desk()
    it.reader.readings[b"1"] = Signal(
        TypeCode.APPLICATION_COMPLETE, "application:7", "acme", 99, b"{1}", ()
    )
    it.take(b"1")
    batch = it.courier.next_batch(it.now_s)
    assert batch is not None
    (parcel,) = batch.parcels
    assert (parcel.lane, parcel.offset, parcel.signal.subject) == (it.lane, 0, "application:7")
    assert (parcel.signal.type_code, parcel.signal.hirer_id, parcel.signal.occurred_at_ms) == (
        TypeCode.APPLICATION_COMPLETE,
        "acme",
        99,
    )
    assert (parcel.signal.body, parcel.size) == (b"{1}", RECORD_OVERHEAD + 1 + 3)
    assert it.partitions.pending == 1


def test_a_pending_record_weighs_what_its_signal_does_too() -> None:
    it = Desk()
    it.reader.readings[b"1"] = Signal(
        TypeCode.APPLICATION_COMPLETE, "a", None, 1, bytes(30_000), ()
    )
    it.take(b"1")
    assert it.partitions.pending_bytes == it.lane.pending_bytes == RECORD_OVERHEAD + 1 + 30_000
    batch = it.courier.next_batch(it.now_s)
    assert batch is not None
    it.partitions.settle_all(batch.parcels)
    assert it.partitions.pending_bytes == it.lane.pending_bytes == 0


def test_records_taken_in_are_counted_by_topic_with_their_size() -> None:
    it = Desk()
    it.take(b"12", None)
    assert it.telemetry.of(TookIn) == [TookIn("moves", 2, 2 * RECORD_OVERHEAD + 2)]


def test_a_skip_is_settled_and_counted_by_its_reason() -> None:
    it = Desk()
    it.take(SKIPPED, None, SKIPPED)
    assert it.lane.tracker.mark == 3
    assert it.partitions.pending_bytes == 0
    assert it.telemetry.of(SkippedRecords) == [
        SkippedRecords("moves", "not_from_seek", 2),
        SkippedRecords("moves", "tombstone", 1),
    ]


def test_a_warning_is_counted_and_the_signal_sent() -> None:
    it = Desk()
    warned = Signal(TypeCode.APPLICATION_COMPLETE, "a", None, 1, b"{1}", (Warn.FUTURE_TIME,))
    it.reader.readings[b"1"] = warned
    it.take(b"1", b"1")
    assert it.sent() == [b"{1}", b"{1}"]
    assert it.telemetry.of(Warned) == [Warned("future_time", 2)]


def test_counts_are_told_once() -> None:
    it = Desk()
    it.take(SKIPPED)
    it.turn()
    it.take(b"1")
    assert len(it.telemetry.of(SkippedRecords)) == 1


def test_poison_is_buried_with_its_stage_and_the_others_go_on() -> None:
    it = Desk()
    it.take(b"1", GARBAGE, b"2", BLANK)
    assert it.sent() == [b"1", b"2"]
    stages = [dict(letter.headers)["__dlq.errors.stage"] for _, letter in it.topic.written]
    assert stages == [b"decode", b"map"]
    assert list(it.lane.tracker.unsettled()) == [0, 1, 2, 3]


def test_what_an_earlier_owner_settled_is_not_sent_again() -> None:
    it = Desk()
    it.lane.remembered = {Offset(1)}
    it.take(b"1", b"2", b"3")
    assert it.sent() == [b"1", b"3"]
    assert list(it.lane.tracker.unsettled()) == [0, 2]


def test_records_of_a_partition_that_is_not_ours_are_left_to_its_owner() -> None:
    it = Desk()
    it.take(b"1", of=lane(partition=9))
    it.lane.open = False
    it.take(b"2")
    assert it.sent() == []
    assert it.telemetry.noted == []
    assert it.lane.tracker.position == 0


# -- Schemas that are not at hand ------------------------------------------------------------


def test_a_record_without_its_schema_is_parked_with_all_that_follow() -> None:
    it = Desk()
    it.take(b"1", STRANGE, b"2")
    it.take(b"3")
    assert it.sent() == [b"1"]
    assert it.it.unresolved == {"moves": Unresolved(42, outage=False)}
    assert it.partitions.pending == 4
    it.turn()
    assert it.sent() == []
    assert it.it.unresolved == {"moves": Unresolved(42, outage=False)}


def test_parked_records_are_read_in_order_when_the_schema_is_there() -> None:
    it = Desk()
    it.take(STRANGE, b"2", SKIPPED, GARBAGE, b"3")
    del it.reader.readings[STRANGE]
    it.turn()
    assert it.sent() == [STRANGE, b"2", b"3"]
    assert not it.lane.parked
    assert it.it.unresolved == {}
    assert len(it.topic.written) == 1


def test_a_turn_reads_so_many_parked_records_and_no_more() -> None:
    it = Desk()
    it.take(STRANGE, *[SKIPPED] * PARKED_A_TURN)
    it.reader.readings[STRANGE] = Skipped(SkipReason.IGNORED_TYPE)
    it.turn()
    assert len(it.lane.parked) == 1
    it.turn()
    assert not it.lane.parked


def test_another_partition_goes_on_while_one_is_parked() -> None:
    it, other = Desk(), lane(partition=1)
    it.partitions.lanes[other.place] = other
    it.take(STRANGE)
    it.take(b"1", of=other)
    assert it.sent() == [b"1"]


# -- Floods ----------------------------------------------------------------------------------


def flooded(poison: bytes = GARBAGE) -> Desk:
    """Five of a kind: four were buried, the fifth and a good one are parked."""
    it = Desk()
    it.take(*[poison] * 5, b"good")
    assert len(it.topic.written) == 4
    assert it.sent() == []
    return it


def test_a_flood_of_undecodable_records_is_parked_not_buried() -> None:
    it = flooded()
    assert it.it.held_topics == {"moves"}
    assert len(it.lane.parked) == 2
    it.take(b"another")
    it.turn(after_s=1.0)
    assert len(it.lane.parked) == 3
    assert it.sent() == []


def test_a_flood_at_the_map_stage_is_held_too() -> None:
    it = flooded(BLANK)
    assert it.guard.shut == {Gate("moves", "map")}


def test_another_topic_is_read_while_one_is_held() -> None:
    it, other = flooded(), lane("closings")
    it.partitions.lanes[other.place] = other
    it.take(b"1", of=other)
    assert it.sent() == [b"1"]


def test_a_flood_is_over_when_a_held_record_can_be_read() -> None:
    it = flooded()
    it.turn()
    it.reader.readings[GARBAGE] = Skipped(SkipReason.IGNORED_TYPE)
    it.turn(after_s=59.0)
    assert it.it.held_topics == {"moves"}
    it.turn(after_s=1.0)
    assert it.it.held_topics == set()
    assert it.sent() == [b"good"]
    assert not it.lane.parked


def test_held_records_are_tried_one_after_the_other() -> None:
    """The oldest may be the only one that is truly poison."""
    it = flooded()
    it.turn()
    it.reader.asked.clear()
    it.turn(after_s=60.0)
    assert it.reader.asked == [GARBAGE]
    assert it.it.flood_probes == {"moves": 1}
    it.turn(after_s=60.0)
    assert it.reader.asked[1] == b"good"
    assert it.it.held_topics == set()
    assert it.it.flood_probes == {}


def test_a_probe_that_now_fails_at_the_map_stage_opens_the_decode_stage() -> None:
    it = flooded()
    it.turn()
    it.reader.readings[GARBAGE] = Rejected(Reason.BLANK_LABEL, "a blank label")
    it.turn(after_s=60.0)
    assert it.it.held_topics == set()


def test_a_probe_whose_schema_is_not_at_hand_opens_nothing() -> None:
    it = flooded()
    it.turn()
    it.reader.readings[GARBAGE] = Unresolved(42, outage=True)
    it.turn(after_s=60.0)
    assert it.it.held_topics == {"moves"}


def test_with_nothing_left_to_try_records_may_come_and_the_next_poison_holds() -> None:
    """A rebalance took the partition whose records were held; another of the topic is ours."""
    it, other = flooded(), lane(partition=1)
    it.partitions.drop(it.lane)
    it.partitions.lanes[other.place] = other
    it.turn()
    it.turn(after_s=60.0)
    assert it.it.held_topics == set()
    it.take(GARBAGE, b"good", of=other)
    assert len(it.topic.written) == 4
    assert len(other.parked) == 2


def test_a_topic_that_is_not_ours_any_more_is_forgotten() -> None:
    it = Desk()
    it.take(STRANGE)
    it.it.forget_topic("moves")
    assert it.it.unresolved == {}


def test_a_row_of_all_kinds_is_taken_in_like_its_records_alone() -> None:
    it = Desk()

    it.take(b"one", SKIPPED, b"two", BLANK, b"three")

    assert it.sent() == [b"one", b"two", b"three"]
    assert it.telemetry.of(SkippedRecords) == [SkippedRecords("moves", "not_from_seek", 1)]
    assert len(it.topic.written) == 1
    assert it.lane.tracker.pending == 4  # The skip is settled; the letter is not confirmed yet.
