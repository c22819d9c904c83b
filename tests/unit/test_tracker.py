"""The mark is the lowest unsettled offset, whatever order records are settled in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.records import Offset
from consumer.delivery.tracker import OffsetTracker
from consumer.errors import BrokenInvariantError
from tests.unit.delivery_samples import record

gaps = st.lists(st.integers(0, 5), max_size=60)


def tracking(*offsets: int, start: int = 0) -> OffsetTracker:
    tracker = OffsetTracker(Offset(start))
    for offset in offsets:
        tracker.track(Offset(offset))
    return tracker


@given(start=st.integers(0, 1000), gaps=gaps, data=st.data())
def test_the_mark_is_the_lowest_unsettled_offset(
    start: int, gaps: list[int], data: st.DataObject
) -> None:
    tracker, unsettled = OffsetTracker(Offset(start)), list[Offset]()
    for gap in gaps:
        offset = Offset(tracker.position + gap)
        tracker.track(offset)
        unsettled.append(offset)

    for offset in data.draw(st.permutations(unsettled)):
        assert tracker.mark == min(unsettled)
        assert tracker.pending == len(unsettled)
        assert list(tracker.unsettled()) == unsettled
        tracker.settle(offset)
        unsettled.remove(offset)

    assert tracker.mark == tracker.position
    assert tracker.pending == 0
    assert tracker.settled == len(gaps)


def test_a_stuck_record_keeps_the_mark_below_all_that_are_settled() -> None:
    tracker = tracking(0, 1, 2, 3)
    for offset in (1, 2, 3):
        tracker.settle(Offset(offset))
    assert tracker.mark == 0
    assert tracker.beyond == 3


def test_a_gap_in_the_log_is_not_waited_for() -> None:
    tracker = tracking(5, 9, start=2)
    assert tracker.mark == 5
    tracker.settle(Offset(5))
    assert tracker.mark == 9
    tracker.settle(Offset(9))
    assert tracker.mark == 10


def test_the_end_of_the_log_moves_the_mark_of_an_idle_partition() -> None:
    tracker = tracking(0)
    tracker.pass_to(Offset(3))
    assert tracker.mark == 0
    tracker.settle(Offset(0))
    assert tracker.mark == 3


def test_an_end_that_lies_behind_moves_nothing_back() -> None:
    tracker = tracking(start=7)
    tracker.pass_to(Offset(3))
    assert tracker.position == 7


def test_an_offset_is_not_tracked_twice() -> None:
    with pytest.raises(BrokenInvariantError, match="position is already 5"):
        tracking(4, 4)


@pytest.mark.parametrize("row", [[7, 6], [6, 6], [4, 6]])
def test_a_row_out_of_order_is_not_tracked(row: list[int]) -> None:
    tracker = tracking(4)
    with pytest.raises(BrokenInvariantError, match="position is already 5"):
        tracker.track_all([Offset(it) for it in row], [None, None])
    assert tracker.pending == 1


def test_an_offset_is_not_settled_twice() -> None:
    tracker = tracking(4)
    tracker.settle(Offset(4))
    with pytest.raises(BrokenInvariantError, match="not pending"):
        tracker.settle(Offset(4))


def test_an_offset_that_was_never_tracked_is_not_settled() -> None:
    with pytest.raises(BrokenInvariantError, match="not pending"):
        tracking(4).settle(Offset(3))


def test_a_commit_is_not_confirmed_past_the_mark() -> None:
    tracker = tracking(0, 1)
    tracker.settle(Offset(1))
    with pytest.raises(BrokenInvariantError, match=r"commit of 2 outside 0\.\.0"):
        tracker.confirm_commit(Offset(2), 0)


def test_a_commit_is_not_confirmed_below_the_last() -> None:
    tracker = tracking(0, 1)
    tracker.settle(Offset(0))
    tracker.confirm_commit(Offset(1), 1)
    with pytest.raises(BrokenInvariantError, match=r"commit of 0 outside 1\.\.1"):
        tracker.confirm_commit(Offset(0), 0)


def test_what_no_confirmed_commit_covers_is_exposed() -> None:
    tracker = tracking(0, 1, 2)
    tracker.settle(Offset(0))
    tracker.settle(Offset(2))
    assert tracker.exposed == 2
    tracker.confirm_commit(Offset(1), 1)
    assert (tracker.committed, tracker.exposed) == (1, 1)


def test_a_commit_that_carries_less_exposes_again() -> None:
    """Its metadata replaces that of the last, which had the settled beyond the mark."""
    tracker = tracking(0, 1)
    tracker.settle(Offset(1))
    tracker.confirm_commit(Offset(0), 1)
    tracker.confirm_commit(Offset(0), 0)
    assert tracker.exposed == 1


def test_the_oldest_is_the_record_at_the_mark() -> None:
    tracker, first, second = OffsetTracker(Offset(4)), record(4), record(5)
    seen = [tracker.oldest]
    tracker.track(Offset(4), first)
    tracker.track(Offset(5), second)
    seen.append(tracker.oldest)
    for offset in (4, 5):
        tracker.settle(Offset(offset))
        seen.append(tracker.oldest)
    assert seen == [None, first, second, None]
