"""Marks are committed in time, one commit after the other, and only for what is ours."""

from __future__ import annotations

from dataclasses import dataclass, field

from consumer.delivery.lanes import Lane
from consumer.delivery.limits import Limits
from consumer.delivery.records import Offset
from consumer.observed import CommitConfirmed, CommitRefused
from consumer.pipeline.commits import PATIENCE_S, Commits
from consumer.pipeline.partitions import Partitions
from consumer.ports import CommitAnswer, Mark
from tests.unit.delivery_samples import lane
from tests.unit.pipeline_doubles import CommitsOnly, NotedTelemetry, admitted, ours, settled

LIMITS = Limits(commit_every_s=0.25, commit_after=10)


@dataclass(slots=True)
class Office:
    """Commits with all around them; `turn` comes so many seconds after the last."""

    lane: Lane = field(default_factory=lane)
    source: CommitsOnly = field(default_factory=CommitsOnly)
    telemetry: NotedTelemetry = field(default_factory=NotedTelemetry)
    now_s: float = 100.0
    partitions: Partitions = field(init=False)
    it: Commits = field(init=False)

    def __post_init__(self) -> None:
        self.partitions = ours([self.lane], LIMITS)
        self.it = Commits(self.source, self.partitions, LIMITS, self.telemetry)

    def settle(self, *offsets: int) -> None:
        admitted(self.lane, max(offsets) + 1 - self.lane.tracker.position)
        settled(self.partitions, self.lane, *offsets)

    def turn(self, after_s: float = 0.25) -> None:
        self.now_s += after_s
        self.it.turn(self.now_s)

    def answer(self, error: str | None = None) -> None:
        """Of the broker, to the last commit."""
        taken = {place: mark.offset for place, mark in self.source.sent[-1].items()}
        self.it.answered({} if error else taken, error)

    @property
    def offsets(self) -> list[int]:
        return [mark.offset for marks in self.source.sent for mark in marks.values()]


def test_the_low_water_mark_is_committed_with_what_is_unsettled_beyond_it() -> None:
    it = Office()
    it.settle(0, 2, 4)
    it.turn()
    assert it.source.sent == [{it.lane.place: Mark(Offset(1), Offset(5), (Offset(1), Offset(3)))}]


def test_with_nothing_new_nothing_is_committed() -> None:
    it = Office()
    admitted(it.lane, 3)
    it.turn()
    assert it.source.sent == []


def test_an_answer_confirms_the_mark() -> None:
    it = Office()
    it.settle(0, 1)
    it.turn()
    assert it.lane.tracker.committed == 0
    it.answer()
    assert (it.lane.tracker.committed, it.lane.tracker.exposed) == (2, 0)
    assert it.telemetry.of(CommitConfirmed) == [CommitConfirmed(1)]
    it.turn()
    assert len(it.source.sent) == 1


def test_commits_keep_their_distance() -> None:
    it = Office()
    it.settle(0)
    it.turn()
    it.answer()
    it.settle(1)
    it.turn(after_s=0.2)
    assert it.offsets == [1]
    it.turn(after_s=0.05)
    assert it.offsets == [1, 2]


def test_many_settled_are_committed_sooner() -> None:
    it = Office()
    it.settle(0)
    it.turn()
    it.answer()
    it.settle(*range(1, 10))
    it.turn(after_s=0.01)
    assert it.offsets == [1]
    it.settle(10)
    it.turn(after_s=0.01)
    assert it.offsets == [1, 11]


def test_one_commit_is_under_way_at_a_time() -> None:
    it = Office()
    it.settle(0)
    it.turn()
    it.settle(*range(1, 20))
    it.turn(after_s=PATIENCE_S - 1.0)
    assert it.offsets == [1]
    it.answer()
    it.turn()
    assert it.offsets == [1, 20]


def test_a_commit_that_is_never_answered_is_repeated_at_last() -> None:
    it = Office()
    it.settle(0)
    it.turn()
    it.turn(after_s=PATIENCE_S)
    assert it.offsets == [1, 1]


def test_a_refused_commit_is_repeated() -> None:
    it = Office()
    it.settle(0)
    it.turn()
    it.answer(error="REBALANCE_IN_PROGRESS")
    assert it.lane.tracker.committed == 0
    assert it.telemetry.of(CommitRefused) == [CommitRefused("REBALANCE_IN_PROGRESS")]
    assert it.telemetry.of(CommitConfirmed) == []
    it.turn()
    assert it.offsets == [1, 1]


def test_a_commit_refused_for_some_partitions_is_confirmed_for_the_others() -> None:
    it, other = Office(), lane(partition=1)
    it.partitions.lanes[other.place] = other
    it.settle(0)
    admitted(other, 1)
    settled(it.partitions, other, 0)
    it.turn()
    it.it.answered({other.place: Offset(1)}, "UNKNOWN_TOPIC_OR_PART")
    assert (other.tracker.committed, it.lane.tracker.committed) == (1, 0)


def test_an_answer_for_a_partition_that_left_is_ignored() -> None:
    it = Office()
    it.settle(0)
    it.turn()
    it.partitions.drop(it.lane)
    it.answer()
    assert it.lane.tracker.committed == 0
    assert it.telemetry.noted == []


def test_an_answer_for_a_partition_that_left_and_came_back_is_ignored() -> None:
    it = Office()
    it.settle(0)
    it.turn()
    it.partitions.drop(it.lane)
    back = lane()
    it.partitions.lanes[back.place] = back
    it.answer()
    assert back.tracker.committed == 0


def test_a_late_answer_to_an_earlier_commit_confirms_no_other_mark() -> None:
    it = Office()
    it.settle(0)
    it.turn()
    it.settle(1)
    it.turn(after_s=PATIENCE_S)
    it.it.answered({it.lane.place: Offset(1)}, None)
    assert it.lane.tracker.committed == 0
    it.turn()
    it.answer()
    assert it.lane.tracker.committed == 2


def test_what_is_carried_beyond_the_mark_is_exposed_no_more() -> None:
    it = Office()
    it.settle(1, 2)
    it.turn()
    it.answer()
    assert (it.lane.tracker.committed, it.lane.tracker.exposed) == (0, 0)


def test_what_did_not_fit_stays_exposed_and_is_offered_again() -> None:
    it = Office(source=CommitsOnly(carries=False))
    it.settle(0, 2, 3)
    it.turn()
    it.answer()
    assert (it.lane.tracker.committed, it.lane.tracker.exposed) == (1, 2)
    it.turn()
    assert it.offsets == [1, 1]


def test_records_settled_while_a_commit_was_under_way_are_exposed() -> None:
    it = Office()
    it.settle(0)
    it.turn()
    it.settle(1)
    it.answer()
    assert it.lane.tracker.exposed == 1


def test_on_leaving_the_commit_is_synchronous() -> None:
    it = Office()
    it.settle(0, 2)
    assert it.it.now([it.lane]).code is None
    assert it.source.sent_now == [{it.lane.place: Mark(Offset(1), Offset(3), (Offset(1),))}]
    assert it.lane.tracker.committed == 1
    assert it.telemetry.of(CommitConfirmed) == [CommitConfirmed(1)]


def test_a_refused_last_commit_confirms_nothing() -> None:
    it = Office(source=CommitsOnly(takes=False))
    it.settle(0)
    assert it.it.now([it.lane]) == CommitAnswer((), "refused")
    assert it.lane.tracker.committed == 0
    assert it.telemetry.of(CommitRefused) == [CommitRefused("refused")]


def test_what_the_broker_took_is_confirmed_though_another_topic_was_refused() -> None:
    it = Office(source=CommitsOnly(refuses=frozenset({"deleted"})))
    other = lane("deleted")
    it.partitions.lanes[other.place] = other
    it.settle(0)
    admitted(other, 1)
    settled(it.partitions, other, 0)
    answer = it.it.now([it.lane, other])
    assert (answer.code, answer.final) == ("unknown_topic", True)
    assert (it.lane.tracker.committed, other.tracker.committed) == (1, 0)
    assert it.telemetry.of(CommitConfirmed) == [CommitConfirmed(1)]
    assert it.telemetry.of(CommitRefused) == [CommitRefused("unknown_topic")]


def test_with_nothing_to_say_the_last_commit_is_not_made() -> None:
    it = Office()
    assert it.it.now([]).code is None
    assert it.source.sent_now == []
