"""What leaves next: oldest first, a subject at a time, and nothing lost on the way (P3)."""

from __future__ import annotations

from consumer.delivery.dispatcher import Dispatcher
from consumer.delivery.lanes import Isolation
from tests.unit.delivery_samples import Publisher, lane, offsets
from tests.unit.dispatcher_driver import anything, dispatcher, halved, resent, taken


def test_a_lone_parcel_leaves_at_once() -> None:
    assert offsets(dispatcher("a").take_ready()) == [0]


def test_a_batch_takes_the_oldest_up_to_its_size() -> None:
    it = dispatcher("a", "b", "c", size=2)
    assert offsets(it.take_ready()) == [0, 1]
    assert offsets(it.take_ready()) == [2]
    assert it.take_ready() is None


def test_parcels_of_one_subject_may_share_a_batch_in_their_order() -> None:
    assert offsets(dispatcher("a", "b", "a").take_ready()) == [0, 1, 2]


def test_a_parcel_waits_while_its_subject_is_in_flight_and_others_pass() -> None:
    it = dispatcher("a", "a", "b", size=1)
    first = taken(it)
    assert offsets(it.take_ready()) == [2]
    assert it.take_ready() is None
    it.settle(first)
    assert offsets(it.take_ready()) == [1]


def test_parcels_behind_a_lock_go_before_those_that_came_later() -> None:
    it = dispatcher("a", "a", "b", size=1)
    first = taken(it)
    taken(it)
    it.add(Publisher(offset=9).parcel("c"))
    it.settle(first)
    assert offsets(it.take_ready()) == [1]


def test_a_sealed_batch_is_sent_again_as_it_is() -> None:
    it = dispatcher("a", "b")
    batch = taken(it)
    it.seal(batch)
    assert resent(it) is batch
    assert not it.sealed


def test_subjects_of_a_sealed_batch_stay_locked() -> None:
    it = dispatcher("a", "a", size=1)
    it.seal(taken(it))
    assert it.take_ready() is None


def test_sealed_batches_leave_in_their_order_but_for_those_put_first() -> None:
    it = dispatcher("a", "b", "c", size=1)
    one, two, three = taken(it), taken(it), taken(it)
    it.seal(one)
    it.seal(two)
    it.seal_first(three)
    assert [resent(it), resent(it), resent(it)] == [three, one, two]


def test_a_sealed_batch_waits_for_its_time_and_lets_others_pass() -> None:
    it = dispatcher("a", "b", size=1)
    late, other = taken(it), taken(it)
    late.not_before_s = 10.0
    it.seal(late)
    it.seal(other)
    assert resent(it, 9.0) is other
    assert it.take_sealed(9.0, anything) is None
    assert resent(it, 10.0) is late


def test_a_sealed_batch_that_is_not_wanted_stays() -> None:
    it = dispatcher("a")
    it.seal(taken(it))
    assert it.take_sealed(0.0, lambda batch: batch.failures > 0) is None
    assert len(it.sealed) == 1


def test_parts_of_a_batch_take_over_its_locks_and_its_past() -> None:
    it = dispatcher("a", "b", "a", "b")
    batch = taken(it)
    batch.attempts, batch.failures, batch.acceptances_seen = 3, 2, 7
    batch.isolation = Isolation(40)
    it.add(Publisher(offset=9).parcel("b"))

    left, right = halved(it, batch)

    assert (offsets(left), offsets(right)) == ([0, 2], [1, 3])
    assert [resent(it), resent(it)] == [left, right]
    for part in (left, right):
        assert (part.attempts, part.failures, part.acceptances_seen) == (3, 2, 7)
        assert part.isolation is batch.isolation
    it.settle(left)
    assert it.take_ready() is None
    it.settle(right)
    assert offsets(it.take_ready()) == [9]


def test_the_second_part_of_one_subject_waits_until_the_first_is_settled() -> None:
    it = dispatcher("a", "a")
    halved(it, taken(it))
    first = resent(it)
    assert offsets(first) == [0]
    assert it.take_sealed(0.0, anything) is None
    it.add(Publisher(offset=9).parcel("a"))
    assert it.take_ready() is None

    it.settle(first)

    second = resent(it)
    assert offsets(second) == [1]
    it.settle(second)
    assert offsets(it.take_ready()) == [9]


def test_each_part_counts_the_requests_that_carried_it() -> None:
    it = dispatcher("a", "a")
    whole = taken(it)
    whole.attempts = 2
    halved(it, whole)
    first = resent(it)
    first.attempts += 5
    it.settle(first)
    assert resent(it).attempts == 2


def test_hirers_set_apart_travel_in_batches_of_their_own() -> None:
    it, publisher = Dispatcher(100, apart={"bad", "worse"}), Publisher()
    for hirer in ("bad", "good", "worse", "bad"):
        it.add(publisher.parcel(hirer=hirer))
    assert offsets(it.take_ready()) == [1]
    assert not it.idle
    apart = it.take_apart()
    assert offsets(apart) == [0, 3]
    assert apart is not None
    assert apart.apart
    assert offsets(it.take_apart()) == [2]
    assert it.take_apart() is None
    assert it.idle


def test_a_batch_apart_is_of_one_topic() -> None:
    """So that the flood guard knows whose refusals it counts."""
    it = Dispatcher(100, apart={"bad"})
    for topic in ("moves", "closings", "moves"):
        it.add(Publisher(lane(topic)).parcel(f"{topic}-{it.ready}", hirer="bad"))
    assert it.take_ready() is None
    sizes = [len(batch.parcels) for batch in (it.take_apart(), it.take_apart()) if batch]
    assert sizes == [2, 1]


def test_a_batch_apart_takes_no_more_than_its_size() -> None:
    it, publisher = Dispatcher(2, apart={"bad"}), Publisher()
    for _ in range(3):
        it.add(publisher.parcel(hirer="bad"))
    assert it.take_ready() is None
    assert offsets(it.take_apart()) == [0, 1]
    assert offsets(it.take_apart()) == [2]


def test_a_parcel_set_apart_locks_its_subject() -> None:
    it, publisher = Dispatcher(100, apart={"bad"}), Publisher()
    it.add(publisher.parcel("a", hirer="bad"))
    it.add(publisher.parcel("a", hirer="good"))
    assert it.take_ready() is None
    batch = it.take_apart()
    assert batch is not None
    it.settle(batch)
    assert offsets(it.take_ready()) == [1]


def test_a_subject_already_in_the_batch_is_not_torn_apart() -> None:
    it, publisher = Dispatcher(100, apart={"bad"}), Publisher()
    it.add(publisher.parcel("a", hirer="good"))
    it.add(publisher.parcel("a", hirer="bad"))
    assert offsets(it.take_ready()) == [0, 1]
