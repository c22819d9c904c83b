"""What is pending is counted, and bounded in all and for each partition (P5)."""

from __future__ import annotations

from collections.abc import Collection

from consumer.delivery.lanes import Lane
from consumer.delivery.limits import Limits
from consumer.observed import PauseReason
from consumer.pipeline.partitions import Partitions
from tests.unit.delivery_samples import lane, record
from tests.unit.pipeline_doubles import admitted, ours, settled

LIMITS = Limits(
    batch_size=10,
    pending_records=100,
    pending_bytes=1_000,
    pending_per_partition=40,
    exposed_per_partition=60,
)


def turned(
    it: Partitions, held: Collection[str] = (), *, enough: bool = False
) -> tuple[list[Lane], list[Lane]]:
    """What is paused and resumed in one turn."""
    paused, resumed = it.to_pause(held, enough=enough), it.to_resume(held, enough=enough)
    for changed in (*paused, *resumed):
        changed.paused = not changed.paused
    return paused, resumed


def confirmed(it: Lane) -> None:
    """The broker has the mark."""
    it.tracker.confirm_commit(it.tracker.mark, it.tracker.settled)


def test_records_and_bytes_are_pending_until_they_are_settled() -> None:
    one, two = lane(partition=0), lane(partition=1)
    it = ours([one, two])
    admitted(one, 3, size=10)
    admitted(two, 1, size=5)
    assert (it.pending, it.pending_bytes) == (4, 35)
    settled(it, one, 1, size=10)
    assert (it.pending, it.pending_bytes, it.settled) == (3, 25, 1)
    assert (one.tracker.mark, one.pending_bytes) == (0, 20)


def test_a_partition_that_left_takes_what_is_pending_along() -> None:
    one, two = lane(partition=0), lane(partition=1)
    it = ours([one, two])
    admitted(one, 3, size=10)
    admitted(two, 1, size=5)
    it.drop(one)
    assert (it.pending, it.pending_bytes) == (1, 5)
    assert it.of_topic("moves") == [two]
    assert not one.open


def test_nothing_is_settled_for_a_partition_that_left() -> None:
    one = lane()
    it = ours([one])
    admitted(one, 1, size=10)
    it.drop(one)
    settled(it, one, 0, size=10)
    assert (it.settled, it.pending_bytes, one.tracker.mark) == (0, 0, 0)


def test_a_partition_pauses_at_its_bound_and_resumes_at_half_of_it() -> None:
    one, two = lane(partition=0), lane(partition=1)
    it = ours([one, two], LIMITS)
    admitted(one, 39)
    assert turned(it) == ([], [])
    admitted(one, 1)
    assert turned(it) == ([one], [])
    settled(it, one, *range(20))
    confirmed(one)
    assert turned(it) == ([], [])
    settled(it, one, 20)
    assert turned(it) == ([], [one])


def test_a_partition_of_large_records_pauses_at_its_share_of_the_bytes() -> None:
    """Else one stuck partition would fill the memory that all share."""
    one, two = lane(partition=0), lane(partition=1)
    it = ours([one, two], LIMITS)
    admitted(one, 4, size=100)
    assert turned(it) == ([one], [])
    settled(it, one, 0, 1, size=100)
    assert turned(it) == ([], [])
    settled(it, one, 2, size=100)
    assert turned(it) == ([], [one])


def test_one_stuck_record_pauses_its_partition_before_too_much_is_read_past_it() -> None:
    one, two = lane(partition=0), lane(partition=1)
    it = ours([one, two], LIMITS)
    admitted(one, 30)
    settled(it, one, *range(1, 30))
    admitted(one, 29)
    assert turned(it) == ([], [])
    admitted(one, 1)
    assert turned(it) == ([one], [])
    assert one.waits_for == PauseReason.EXPOSED
    settled(it, one, *range(30, 60))
    assert turned(it) == ([], [])
    settled(it, one, 0)
    confirmed(one)
    assert turned(it) == ([], [one])


def test_what_is_pending_past_a_stuck_record_counts_as_exposed_since_it_may_be_accepted() -> None:
    one = lane()
    it = ours([one], LIMITS)
    admitted(one, 35)
    settled(it, one, *range(1, 35))
    admitted(one, 25)
    assert turned(it) == ([one], [])


def test_what_no_commit_has_confirmed_is_exposed_and_pauses_its_partition() -> None:
    """While the coordinator is away, everything accepted would be sent again after a crash."""
    one = lane()
    it = ours([one], LIMITS)
    admitted(one, 35)
    settled(it, one, *range(35))
    admitted(one, 24)
    settled(it, one, *range(35, 59))
    assert turned(it) == ([], [])
    admitted(one, 1)
    assert turned(it) == ([one], [])
    assert one.waits_for == PauseReason.EXPOSED
    confirmed(one)
    assert turned(it) == ([], [one])


def test_a_partition_at_its_bound_may_be_invited_for_one_batch_more() -> None:
    one = lane()
    it = ours([one], LIMITS)
    admitted(one, 40)
    assert turned(it) == ([one], [])
    it.invite()
    assert turned(it) == ([], [one])
    admitted(one, LIMITS.batch_size)
    assert turned(it) == ([one], [])


def test_invitations_end_at_half_as_much_again_as_the_bound() -> None:
    one = lane()
    it = ours([one], LIMITS)
    admitted(one, 40)
    for _ in range(100):
        turned(it)
        it.invite()
        if not one.paused:
            admitted(one, 1)
    assert one.tracker.pending <= 1.5 * 40 + LIMITS.batch_size


def test_only_partitions_at_their_own_bounds_are_invited() -> None:
    """Not those of a held topic, nor those that wait for a schema."""
    held, unread, going = lane("held"), lane("unread"), lane("going")
    it = ours([held, unread, going], LIMITS)
    unread.parked.append(record(0))
    turned(it, ["held"])
    it.invite()
    assert turned(it, ["held"]) == ([], [])
    assert (held.invited_to, unread.invited_to, going.invited_to) == (0, 0, 0)


def test_nobody_is_invited_while_all_is_full() -> None:
    lanes = [lane(partition=number) for number in range(4)]
    it = ours(lanes, LIMITS)
    for some in lanes:
        admitted(some, 25)
    turned(it)
    it.invite()
    assert turned(it) == ([], [])


def test_an_invitation_does_not_wait_for_half_of_the_bound_in_all() -> None:
    lanes = [lane(partition=number) for number in range(4)]
    it = ours(lanes, LIMITS)
    for some in lanes:
        admitted(some, 25)
    turned(it)
    settled(it, lanes[0], *range(10))
    assert turned(it) == ([], [])
    it.invite()
    assert turned(it) == ([], [lanes[0]])


def test_all_pause_when_records_fill_the_bound_and_resume_at_half_of_it() -> None:
    lanes = [lane(partition=number) for number in range(4)]
    it = ours(lanes, LIMITS)
    for some in lanes:
        admitted(some, 25)
    assert turned(it) == (lanes, [])
    for some in lanes:
        settled(it, some, *range(12))
    assert turned(it) == ([], [])
    for some in lanes:
        settled(it, some, 12)
    assert turned(it) == ([], lanes)


def test_all_pause_when_bytes_fill_the_bound() -> None:
    lanes = [lane(partition=number) for number in range(4)]
    it = ours(lanes, LIMITS)
    for some in lanes:
        admitted(some, 1, size=250)
    assert turned(it) == (lanes, [])


def test_a_partition_that_comes_while_all_is_full_is_paused_too() -> None:
    lanes = [lane(partition=number) for number in range(4)]
    it = ours(lanes, LIMITS)
    for some in lanes:
        admitted(some, 25)
    turned(it)
    late = lane(partition=9)
    it.lanes[late.place] = late
    assert turned(it) == ([late], [])


def test_all_pause_while_there_is_enough_to_send() -> None:
    lanes = [lane(partition=number) for number in range(2)]
    it = ours(lanes, LIMITS)
    assert turned(it, enough=True) == (lanes, [])
    assert {some.waits_for for some in lanes} == {PauseReason.HOLD}
    assert turned(it, enough=True) == ([], [])
    assert turned(it) == ([], lanes)


def test_a_held_topic_is_paused_and_others_are_not() -> None:
    moves, closings = lane("moves"), lane("closings")
    it = ours([moves, closings], LIMITS)
    assert turned(it, ["moves"]) == ([moves], [])
    assert (moves.waits_for, closings.waits_for) == (PauseReason.TOPIC_HELD, "")
    assert turned(it, ["moves"]) == ([], [])
    assert turned(it) == ([], [moves])


def test_a_partition_with_parked_records_waits_until_they_are_read() -> None:
    one = lane()
    it = ours([one], LIMITS)
    one.parked.append(record(0))
    assert turned(it) == ([one], [])
    assert one.waits_for == PauseReason.UNREAD
    one.parked.clear()
    assert turned(it) == ([], [one])
    assert one.waits_for == ""


def test_a_topic_that_stands_still_leaves_room_to_others() -> None:
    """Three quarters of the bound fill up with it, the last quarter is the other topic's."""
    stuck = [lane("stuck", number) for number in range(3)]
    flowing = lane("flowing")
    it = ours([*stuck, flowing], LIMITS)
    for some in stuck:
        admitted(some, 25)
    assert turned(it) == (stuck, [])
    assert {some.waits_for for some in stuck} == {PauseReason.ALL_PENDING}
    admitted(flowing, 24)
    assert turned(it) == ([], [])
    admitted(flowing, 1)
    assert turned(it) == ([flowing], [])
    assert it.pending == LIMITS.pending_records
    settled(it, flowing, *range(13))
    confirmed(flowing)
    assert turned(it) == ([], [flowing])


def test_bytes_of_a_topic_that_stands_still_leave_room_to_others_too() -> None:
    stuck = [lane("stuck", number) for number in range(3)]
    flowing = lane("flowing")
    it = ours([*stuck, flowing], LIMITS)
    for some in stuck:
        admitted(some, 1, size=250)
    admitted(flowing, 1, size=240)
    assert turned(it) == (stuck, [])
    admitted(flowing, 1, size=10)
    assert turned(it) == ([flowing], [])
    assert it.pending_bytes == LIMITS.pending_bytes


def test_however_many_topics_stand_still_all_keep_within_the_bound() -> None:
    lanes = [lane(f"topic-{number}") for number in range(10)]
    it = ours(lanes, LIMITS)
    while going := [some for some in lanes if not some.paused]:
        admitted(going[0], 1)
        turned(it)
    assert it.pending <= LIMITS.pending_records
    assert all(some.tracker.pending >= 5 for some in lanes)
