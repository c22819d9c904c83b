"""A record is settled when the broker has its dead letter, not before, and none is dropped."""

from __future__ import annotations

from dataclasses import dataclass, field

from consumer.delivery.dead_letter import Failure, unwrap
from consumer.delivery.lanes import Lane
from consumer.delivery.records import TopicPartition
from consumer.observed import DeadLettered, DeadLetterRefused
from consumer.pipeline.burial import Burial
from consumer.pipeline.partitions import Partitions
from tests.unit.delivery_samples import PlainRecord, lane
from tests.unit.pipeline_doubles import ENVELOPE, Graveyard, NotedTelemetry, admitted, ours

FAILURE = Failure("send", "bad_user_input", "no such token")
ALMOST_ONE = 0.999_999


@dataclass(slots=True)
class Funeral:
    """A burial with all around it; its clock is `now_s`."""

    lane: Lane = field(default_factory=lane)
    topic: Graveyard = field(default_factory=Graveyard)
    telemetry: NotedTelemetry = field(default_factory=NotedTelemetry)
    now_s: float = 100.0
    partitions: Partitions = field(init=False)
    it: Burial = field(init=False)

    def __post_init__(self) -> None:
        self.partitions = ours([self.lane])
        self.it = Burial(self.topic, ENVELOPE, self.partitions, self.telemetry)

    def bury(self, count: int = 1) -> None:
        for _ in range(count):
            offset = self.lane.tracker.position
            admitted(self.lane, 1, size=10)
            record = PlainRecord(self.lane.place, offset, header_list=[("trace", b"1")])
            self.it.bury_record(self.lane, record, 10, FAILURE)

    def collect(self, after_s: float = 0.0) -> None:
        self.now_s += after_s
        self.it.collect(self.now_s, ALMOST_ONE, 0.0)

    @property
    def mark(self) -> int:
        return self.lane.tracker.mark


def test_a_record_is_settled_when_its_letter_is_confirmed_and_not_before() -> None:
    it = Funeral()
    it.bury()
    it.collect()
    assert it.mark == 0
    assert it.it.owes(it.lane)

    it.topic.confirm(1)
    it.collect()

    assert it.mark == 1
    assert not it.it.owes(it.lane)
    assert it.telemetry.of(DeadLettered) == [
        DeadLettered(TopicPartition("moves", 0), 0, "send", "bad_user_input")
    ]


def test_a_burial_is_busy_while_a_letter_is_not_confirmed() -> None:
    it = Funeral()
    busy = [it.it.busy]
    it.bury()
    busy.append(it.it.busy)
    it.topic.confirm(1)
    it.collect()
    busy.append(it.it.busy)
    assert busy == [False, True, False]


def test_letters_that_wait_for_a_topic_to_be_writable_keep_nobody_busy() -> None:
    """The loop would turn five times as often for as long as the topic is away."""
    it = Funeral()
    it.bury(2)
    it.topic.refuse(1, 2)
    it.collect()
    assert not it.it.busy
    it.collect(60.0)
    assert it.it.busy


def test_a_refused_write_settles_nothing_and_is_repeated() -> None:
    it = Funeral()
    it.bury()
    it.topic.refuse(1)
    it.collect()
    assert it.mark == 0
    assert it.it.trouble == "NOT_NOW"
    assert it.telemetry.of(DeadLetterRefused) == [DeadLetterRefused("NOT_NOW")]
    assert it.topic.tickets == [1]

    it.collect(after_s=1.0)
    assert it.topic.tickets == [1, 1]
    it.topic.confirm(1)
    it.collect()

    assert it.mark == 1
    assert it.it.trouble == ""


def test_a_refused_write_is_repeated_for_ever_at_growing_distances() -> None:
    it = Funeral()
    it.bury()
    repeated: list[float] = []
    for _ in range(8):
        before, began_s = len(it.topic.written), it.now_s
        it.topic.refuse(1)
        it.collect()
        while len(it.topic.written) == before:
            it.collect(after_s=0.5)
        repeated.append(it.now_s - began_s)
    assert repeated == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert it.mark == 0


def test_while_the_topic_is_away_one_letter_is_tried_and_the_others_wait() -> None:
    it = Funeral()
    it.bury(3)
    it.topic.refuse(1, 2, 3)
    it.collect()
    it.bury()
    assert it.topic.tickets == [1, 2, 3]
    it.collect(after_s=30.0)
    it.collect(after_s=1.0)
    assert it.topic.tickets == [1, 2, 3, 1]

    it.topic.confirm(1)
    it.collect()

    assert it.topic.tickets == [1, 2, 3, 1, 2, 3, 4]
    it.topic.confirm(2, 3, 4)
    it.collect()
    assert it.mark == 4


def test_many_letters_refused_at_once_are_one_failure() -> None:
    it = Funeral()
    it.bury(20)
    it.topic.refuse(*range(1, 21))
    it.collect()
    it.collect(after_s=1.0)
    assert len(it.topic.tickets) == 21


def test_a_letter_tried_in_vain_lets_the_others_be_tried_before_it_again() -> None:
    it = Funeral()
    it.bury(2)
    it.topic.refuse(1, 2)
    it.collect()
    it.collect(after_s=30.0)
    it.topic.refuse(1)
    it.collect()
    it.collect(after_s=30.0)
    assert it.topic.tickets == [1, 2, 1, 2]


def test_a_letter_too_large_is_written_without_its_value() -> None:
    it = Funeral()
    it.bury()
    it.topic.refuse(1, too_large=True)
    it.collect()
    _, pointer = it.topic.written[-1]
    assert (pointer.key, pointer.value) == (b"key", None)
    assert it.it.trouble == ""
    it.topic.confirm(1)
    it.collect()
    assert it.mark == 1
    assert [letter.pointer for letter in it.telemetry.of(DeadLettered)] == [True]


def test_a_letter_too_large_for_its_key_and_headers_says_where_the_record_is() -> None:
    it = Funeral()
    it.bury()
    for _ in range(2):
        it.topic.refuse(1, too_large=True)
        it.collect()
    _, smallest = it.topic.written[-1]
    letter = unwrap(smallest.headers)
    assert (smallest.key, smallest.value) == (None, None)
    assert letter is not None
    assert (letter.origin.offset, letter.headers, letter.is_pointer) == (0, [], True)


def test_a_topic_that_takes_not_even_the_smallest_letter_is_one_that_is_away() -> None:
    it = Funeral()
    it.bury()
    for _ in range(3):
        it.topic.refuse(1, too_large=True)
        it.collect()
    assert it.it.trouble == "NOT_NOW"
    it.collect(after_s=30.0)
    assert it.topic.tickets == [1, 1, 1, 1]
    assert it.mark == 0


def test_a_letter_of_a_partition_that_left_settles_nothing() -> None:
    it = Funeral()
    it.bury()
    it.partitions.drop(it.lane)
    it.it.forget(it.lane)
    it.topic.confirm(1)
    it.collect()
    assert it.mark == 0
    assert it.telemetry.noted == []
    assert not it.it.busy


def refused_on_two_partitions() -> tuple[Funeral, Lane]:
    """A letter each, the first to be tried again first; the lane of the first."""
    it, other = Funeral(), lane(partition=1)
    it.bury()
    first, it.lane = it.lane, other
    it.partitions.lanes[other.place] = other
    it.bury()
    it.topic.refuse(1, 2)
    it.collect()
    return it, first


def test_letters_of_a_partition_that_left_are_not_repeated_and_others_are() -> None:
    it, gone = refused_on_two_partitions()
    it.partitions.drop(gone)
    it.it.forget(gone)
    assert it.it.trouble == "NOT_NOW"
    it.collect(after_s=30.0)
    assert it.topic.tickets == [1, 2, 2]


def test_with_the_last_letter_the_trouble_is_gone() -> None:
    it = Funeral()
    it.bury()
    it.topic.refuse(1)
    it.collect()
    it.it.forget(it.lane)
    assert it.it.trouble == ""
    it.bury()
    assert it.topic.tickets == [1, 2]


def test_a_probe_whose_partition_left_is_followed_by_another() -> None:
    it, gone = refused_on_two_partitions()
    it.collect(after_s=30.0)
    it.it.forget(gone)
    it.topic.refuse(1)
    it.collect(after_s=30.0)
    assert it.topic.tickets == [1, 2, 1, 2]
