"""A topic that is held, a partition that is given up: what waits, and what leaves the batches."""

from __future__ import annotations

from consumer.delivery.dispatcher import Dispatcher
from tests.unit.delivery_samples import Publisher, close, lane, offsets
from tests.unit.dispatcher_driver import anything, dispatcher, halved, resent, taken


def test_a_held_topic_waits_and_others_pass() -> None:
    it = Dispatcher(100)
    it.add(Publisher(lane("moves")).parcel())
    it.add(Publisher(lane("closings"), offset=5).parcel())
    it.hold("moves")
    assert offsets(it.take_ready()) == [5]
    assert it.idle
    assert it.shelves("moves")
    assert not it.shelves("closings")


def test_a_released_topic_goes_first_and_in_its_order() -> None:
    it = dispatcher("a", "b", "c")
    it.hold("moves")
    assert it.take_ready() is None
    it.release("moves")
    it.add(Publisher(offset=9).parcel("d"))
    assert offsets(it.take_ready()) == [0, 1, 2, 9]


def test_the_release_of_a_topic_that_is_not_held_changes_nothing() -> None:
    it = dispatcher("a", "b")
    it.release("moves")
    assert offsets(it.take_ready()) == [0, 1]


def test_the_oldest_parcel_of_a_held_topic_is_probed_alone() -> None:
    it = dispatcher("a", "b")
    it.hold("moves")
    it.take_ready()
    assert it.probe_shelf("moves")
    assert offsets(resent(it)) == [0]
    assert it.take_sealed(0.0, anything) is None


def test_a_held_topic_with_nothing_on_its_shelf_cannot_be_probed() -> None:
    it = Dispatcher(100)
    it.hold("moves")
    assert not it.probe_shelf("moves")


def test_a_parcel_whose_subject_is_locked_is_not_probed() -> None:
    it = dispatcher("a", "a", size=1)
    taken(it)
    it.hold("moves")
    assert not it.probe_shelf("moves")
    assert it.shelves("moves")


def test_a_parcel_from_behind_a_lock_is_not_overtaken_on_the_shelf() -> None:
    """1 waits behind 0 when the topic is held; 2 is shelved before 0 is settled."""
    publisher = Publisher()
    it = dispatcher("a", "a", size=1, it=publisher)
    first = taken(it)
    assert it.take_ready() is None
    it.hold("moves")
    it.add(publisher.parcel("a"))
    assert it.take_ready() is None
    it.settle(first)
    assert it.take_ready() is None

    assert it.probe_shelf("moves")
    assert offsets(resent(it)) == [1]


def test_a_parcel_on_the_shelf_is_not_overtaken_while_one_before_it_is_probed() -> None:
    publisher = Publisher()
    it = dispatcher("a", "a", it=publisher)
    it.hold("moves")
    it.take_ready()
    it.probe_shelf("moves")
    probe = resent(it)
    it.add(publisher.parcel("a"))
    assert it.take_ready() is None

    it.release("moves")
    it.settle(probe)

    assert offsets(it.take_ready()) == [1, 2]


def test_a_partition_given_up_leaves_sealed_batches() -> None:
    mine, lost = Publisher(lane(partition=0)), Publisher(lane(partition=1), offset=50)
    it = Dispatcher(100)
    for parcel in (mine.parcel("a"), lost.parcel("b"), lost.parcel("c")):
        it.add(parcel)
    it.seal(taken(it))
    close(lost.lane)
    it.forget(lost.lane)
    assert offsets(resent(it)) == [0]


def test_a_batch_that_lands_after_its_partition_was_given_up_is_not_sealed() -> None:
    publisher = Publisher()
    it = dispatcher("a", "a", size=1, it=publisher)
    batch = taken(it)
    close(publisher.lane)
    it.forget(publisher.lane)
    it.seal(batch)
    assert it.idle
    it.add(Publisher(lane(), offset=9).parcel("a"))
    assert offsets(it.take_ready()) == [9]


def test_subjects_of_a_partition_given_up_are_unlocked_for_others() -> None:
    """Sealed, set apart, behind a lock and on a shelf: no lock outlives its parcels."""
    lost, mine = Publisher(lane(partition=1)), Publisher(lane(partition=0), offset=50)
    it = Dispatcher(1, apart={"bad"})
    it.add(lost.parcel("sealed"))
    it.seal(taken(it))
    it.add(lost.parcel("sealed"))
    it.add(lost.parcel("apart", hirer="bad"))
    assert it.take_ready() is None
    for subject in ("sealed", "apart"):
        it.add(mine.parcel(subject))
    assert it.take_ready() is None

    close(lost.lane)
    it.forget(lost.lane)

    left = [offsets(taken(it)), offsets(taken(it))]
    assert sorted(left) == [[50], [51]]
    assert it.idle


def test_a_shelf_forgets_a_partition_given_up() -> None:
    publisher = Publisher()
    it = dispatcher("a", it=publisher)
    it.hold("moves")
    it.take_ready()
    close(publisher.lane)
    it.forget(publisher.lane)
    assert not it.probe_shelf("moves")
    assert not it.shelves("moves")


def test_a_chain_goes_on_without_the_parts_of_a_partition_given_up() -> None:
    mine, lost = Publisher(lane(partition=0)), Publisher(lane(partition=1), offset=50)
    it = Dispatcher(100)
    for parcel in (lost.parcel("a"), mine.parcel("a"), mine.parcel("a")):
        it.add(parcel)
    halved(it, taken(it))
    close(lost.lane)
    it.forget(lost.lane)
    assert offsets(resent(it)) == [0, 1]
