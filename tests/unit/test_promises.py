"""Promises that hold only when several parts agree, each in the smallest scene that shows it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from consumer.delivery.commit_memory import Identity, decode, encode
from consumer.delivery.courier import Courier
from consumer.delivery.dead_letter import Envelope, Failure
from consumer.delivery.dispatcher import Dispatcher
from consumer.delivery.flood_guard import FloodGuard
from consumer.delivery.landing import Poison
from consumer.delivery.lanes import Batch, Parcel
from consumer.delivery.limits import Limits
from consumer.delivery.records import Offset, OutgoingRecord, TopicPartition
from consumer.delivery.verdicts import Accepted, Fault, Outage, Refusal, Refused, Verdict
from consumer.domain.mapping import map_event
from consumer.domain.signals import Signal
from consumer.observed import Occurrence, Snapshot
from consumer.pipeline.burial import Burial
from consumer.pipeline.commits import Commits
from consumer.pipeline.partitions import Partitions
from consumer.ports import Buried, CommitAnswer, Mark, Polled
from consumer.ports import Fault as SourceFault
from tests.unit.delivery_samples import Publisher, lane, offsets, record
from tests.unit.mapping_samples import APPLICATION, COMPLETED, DAY_MS, LIVE, NOW_MS, POSITION
from tests.unit.pipeline_doubles import admitted

REFUSED = Refused(Refusal.BAD_USER_INPUT, "BAD_USER_INPUT", "")
FAULT = Outage(Fault.SERVER_FAULT, "INTERNAL_SERVER_ERROR")
MINUTE_S = 60.0


class Deaf:
    """Satisfies `Telemetry`."""

    def note(self, occurrence: Occurrence) -> None: ...
    def show(self, snapshot: Snapshot) -> None: ...


@dataclass(slots=True)
class DeadLetterTopic:
    """Satisfies `DeadLetters`; writes end when the test says so."""

    written: list[int] = field(default_factory=list[int])
    ended: list[Buried] = field(default_factory=list[Buried])

    def bury(self, ticket: int, letter: OutgoingRecord) -> None:
        assert letter.topic == "dlq"
        self.written.append(ticket)

    def reports(self, wait_s: float) -> Sequence[Buried]:
        assert wait_s >= 0.0
        ended, self.ended = self.ended, []
        return ended


@dataclass(slots=True)
class Told:
    """Satisfies `Source`; keeps what it was told to commit."""

    marks: dict[TopicPartition, Mark] = field(default_factory=dict[TopicPartition, Mark])

    def poll(self, wait_s: float) -> Polled:
        raise NotImplementedError(wait_s)

    def faults(self) -> Sequence[SourceFault]:
        return ()

    def commit(self, marks: Mapping[TopicPartition, Mark]) -> Collection[TopicPartition]:
        self.marks.update(marks)
        return set(marks)

    def commit_now(self, marks: Mapping[TopicPartition, Mark]) -> CommitAnswer:
        self.marks.update(marks)
        return CommitAnswer(marks.keys())

    def pause(self, partitions: Sequence[TopicPartition]) -> bool:
        raise NotImplementedError(partitions)

    def resume(self, partitions: Sequence[TopicPartition]) -> bool:
        raise NotImplementedError(partitions)


@dataclass(slots=True)
class Seek:
    """Answers whatever the courier sends, one request at a time; keeps what became of it."""

    courier: Courier
    answer: Callable[[Batch], Verdict]
    now_s: float = 0.0
    requests: int = 0
    accepted: list[Offset] = field(default_factory=list[Offset])
    poison: list[Poison] = field(default_factory=list[Poison])

    @property
    def buried(self) -> list[Offset]:
        return [poison.parcel.offset for poison in self.poison]

    def add(self, *parcels: Parcel) -> None:
        self.courier.add(parcels, self.now_s)

    def work(self, seconds: float = 0.0) -> None:
        """All that may be sent after so many seconds."""
        self.now_s += seconds
        while (batch := self.courier.next_batch(self.now_s)) is not None:
            self.requests += 1
            landing = self.courier.land(batch.number, self.answer(batch), self.now_s, 0.5)
            self.accepted += [parcel.offset for parcel in landing.accepted]
            self.poison += landing.poison


def seek(answer: Callable[[Batch], Verdict], batch_size: int = 100) -> Seek:
    limits = Limits(batch_size=batch_size)
    return Seek(Courier.of(limits, FloodGuard(limits.flood)), answer)


def unless(culprit: int, verdict: Verdict) -> Callable[[Batch], Verdict]:
    """Accepts what does not hold the culprit's offset."""
    return lambda batch: verdict if culprit in offsets(batch) else Accepted()


def two_settled_behind_a_stuck_record() -> tuple[Partitions, TopicPartition]:
    partitions, ours = Partitions(Limits(exposed_per_partition=2)), lane()
    partitions.lanes[ours.place] = ours
    admitted(ours, 3, size=100)
    for offset in (1, 2):
        partitions.settle(ours, Offset(offset), 100)
    return partitions, ours.place


def test_poison_is_settled_only_once_its_letter_is_confirmed() -> None:
    topic, partitions, ours = DeadLetterTopic(), Partitions(Limits()), lane()
    burial = Burial(topic, Envelope("dlq", "group", "retry", "1", ""), partitions, Deaf())
    admitted(ours, 1, size=100)

    burial.bury_record(ours, record(0), 100, Failure("send", "bad_user_input", ""))
    burial.collect(0.0, 0.5, 0.0)
    assert (ours.tracker.pending, ours.tracker.mark) == (1, 0)

    topic.ended = [Buried(1, "_MSG_TIMED_OUT")]
    burial.collect(MINUTE_S, 0.5, 0.0)
    assert (ours.tracker.pending, ours.tracker.mark) == (1, 0)

    burial.collect(2 * MINUTE_S, 0.5, 0.0)
    assert topic.written == [1, 1]
    topic.ended = [Buried(1, None)]
    burial.collect(2 * MINUTE_S, 0.5, 0.0)
    assert (ours.tracker.pending, ours.tracker.mark) == (0, 1)


def test_a_commit_says_the_mark_and_carries_what_is_settled_beyond_it() -> None:
    partitions, place = two_settled_behind_a_stuck_record()
    source = Told()
    Commits(source, partitions, Limits(), Deaf()).turn(10.0)
    assert source.marks == {place: Mark(Offset(0), Offset(3), (Offset(0),))}


def test_two_stuck_records_are_both_read_again_after_a_crash() -> None:
    stuck, others = [Offset(0), Offset(2)], {Offset(1), Offset(3)}
    text, _ = encode(Identity("", ""), Offset(0), Offset(4), stuck, 4096)
    assert decode(text, Identity("", ""), Offset(0)).settled == others


def test_a_partition_that_would_repeat_too_much_after_a_crash_is_paused() -> None:
    partitions, place = two_settled_behind_a_stuck_record()
    assert [it.place for it in partitions.to_pause((), enough=False)] == [place]


def test_parcels_that_waited_behind_a_lock_leave_in_their_order() -> None:
    it = Dispatcher(1)
    for parcel in Publisher().parcels("a", "a", "a"):
        it.add(parcel)
    first = it.take_ready()
    assert first is not None
    assert it.take_ready() is None
    it.settle(first)
    assert offsets(it.take_ready()) == [1]


def test_one_refused_record_in_a_hundred_is_buried_and_the_others_are_accepted() -> None:
    it = seek(unless(17, REFUSED))
    it.add(*Publisher().parcels(*map(str, range(100))))
    it.work()
    assert it.buried == [17]
    assert sorted(it.accepted) == [number for number in range(100) if number != 17]
    assert it.requests <= 15


def test_a_record_that_makes_seek_fail_does_not_stop_the_others() -> None:
    it = seek(unless(0, FAULT), batch_size=1)
    it.add(*Publisher().parcels("sick", "a", "b", "c"))
    for _ in range(5):
        it.work(MINUTE_S)
    assert it.accepted == [1, 2, 3]
    assert it.buried == []


def test_a_record_that_makes_seek_fail_for_long_while_others_pass_is_buried() -> None:
    it, publisher = seek(unless(0, FAULT)), Publisher()
    it.add(publisher.parcel())
    for _ in range(60):
        it.work(MINUTE_S)
        it.add(publisher.parcel())
    assert it.buried == [0]
    assert it.poison[0].reason == "server_fault"
    assert it.now_s > 15 * MINUTE_S


def test_a_topic_that_seek_refuses_whole_is_held_and_goes_on_once_one_passes() -> None:
    mended = False
    it = seek(lambda _: Accepted() if mended else REFUSED, batch_size=1)
    it.add(*Publisher().parcels(*map(str, range(80))))
    for _ in range(10):
        it.work(MINUTE_S)
    assert len(it.buried) == 49
    mended = True
    for _ in range(3):
        it.work(MINUTE_S)
    assert len(it.buried) == 49
    assert sorted(it.buried + it.accepted) == list(range(80))


def test_a_record_that_is_read_again_later_is_the_same_signal() -> None:
    for event in (APPLICATION, POSITION, COMPLETED):
        first, again = (map_event(event, LIVE, NOW_MS + later) for later in (0, DAY_MS))
        assert isinstance(first, Signal)
        assert isinstance(again, Signal)
        assert again.body == first.body
