"""Hirers that travel apart, topics that are held, and partitions that are given up."""

from __future__ import annotations

from consumer.delivery.flood_guard import Gate
from consumer.delivery.lanes import Batch
from consumer.delivery.limits import FloodLimits, Limits
from consumer.delivery.verdicts import Refused, Verdict
from tests.unit.courier_driver import ACCEPTED, BAD, BROKEN, FORBIDDEN, NO_GUARD, Driver
from tests.unit.delivery_samples import Publisher, close, lane, offsets

GATE = Gate("moves", "send")
MINUTE = 60.0
FLOOD = FloodLimits(window=20, at_least=5)


def forbid(*hirers: str) -> Driver:
    """A driver whose SEEK has refused each of these hirers three times."""
    it = Driver(Limits(flood=NO_GUARD))
    for hirer in hirers * 3:
        it.add(None, hirer=hirer)
        it.exchange(FORBIDDEN)
    return it


def flooded(count: int = 6) -> Driver:
    """A driver whose topic is held: five refusals, of which four were buried."""
    it = Driver(Limits(batch_size=1, flood=FLOOD))
    it.add_many(count)
    for _ in range(5):
        it.exchange(BAD)
    return it


def probed(it: Driver, verdict: Verdict) -> list[int]:
    """What is probed after a minute; nothing else is sent with it."""
    it.pass_over(MINUTE)
    sent = offsets(it.exchange(verdict))
    if isinstance(verdict, Refused):
        assert it.is_quiet()
    return sent


# -- Hirers ----------------------------------------------------------------------------------


def test_a_hirer_travels_apart_after_three_refusals() -> None:
    it = forbid("bad")
    it.add(None, None, hirer="good")
    it.add(None, None, hirer="bad")
    batches = [it.send(), it.send()]
    assert sorted(offsets(batch) for batch in batches) == [[3, 4], [5, 6]]


def test_a_hirer_apart_is_buried_without_a_search() -> None:
    it = forbid("bad")
    it.buried.clear()
    it.add(None, None, None, hirer="bad")
    it.exchange(FORBIDDEN)
    assert [poison.parcel.offset for poison in it.buried] == [3, 4, 5]
    assert it.is_quiet()


def test_a_hirer_apart_rejoins_when_one_is_accepted() -> None:
    it = forbid("bad")
    it.add(None, hirer="bad")
    it.exchange(ACCEPTED)
    it.add(None, hirer="bad")
    it.add(None, hirer="good")
    assert offsets(it.send()) == [4, 5]


def test_bad_input_of_a_hirer_apart_is_searched_for() -> None:
    it = forbid("bad")
    it.buried.clear()
    it.add(None, None, hirer="bad")
    it.exchange(BAD)
    assert it.buried == []
    assert offsets(it.send()) == [3]


def test_a_hirer_that_rejoined_meanwhile_is_searched_not_buried_whole() -> None:
    it = forbid("bad")
    it.buried.clear()
    it.add(None, None, hirer="bad")
    apart = it.send()
    it.add(None, hirer="bad")
    it.exchange(ACCEPTED)
    it.land(apart, FORBIDDEN)
    assert it.buried == []
    assert offsets(it.send()) == [3]


# -- Floods ----------------------------------------------------------------------------------


def test_a_flood_is_held_not_buried() -> None:
    it = flooded()
    assert len(it.buried) == 4
    assert it.guard.is_shut(GATE)
    assert it.is_quiet()


def test_another_topic_flows_while_one_is_held() -> None:
    it = flooded()
    it.publisher = Publisher(lane("closings"), offset=70)
    it.add("x")
    assert offsets(it.exchange(ACCEPTED)) == [70]
    assert it.guard.is_shut(GATE)


def test_each_minute_what_was_refused_and_what_is_untried_is_probed_by_turns() -> None:
    it = flooded(8)
    assert [probed(it, BAD) for _ in range(6)] == [[4], [5], [4], [6], [5], [7]]
    assert len(it.buried) == 4


def test_no_probe_leaves_before_its_minute() -> None:
    it = flooded()
    it.pass_over(MINUTE - 1.0)
    assert it.is_quiet()


def test_one_that_passes_releases_the_topic_in_its_order() -> None:
    it = flooded(9)
    probed(it, BAD)
    probed(it, BAD)
    assert probed(it, ACCEPTED) == [4]
    assert it.guard.shut == frozenset()
    rest = [offsets(it.exchange(ACCEPTED)) for _ in range(4)]
    assert rest == [[5], [6], [7], [8]]


def test_a_probe_that_meets_an_outage_is_probed_again_when_that_is_over() -> None:
    it = flooded(5)
    assert probed(it, BROKEN) == [4]
    it.pass_over(5.0)
    assert offsets(it.exchange(ACCEPTED)) == [4]
    assert it.guard.shut == frozenset()


def test_order_of_a_subject_is_kept_through_a_flood() -> None:
    it = Driver(Limits(batch_size=1, flood=FLOOD))
    it.add(*"abcdeee")
    for _ in range(5):
        it.exchange(BAD)
    assert probed(it, ACCEPTED) == [4]
    assert [offsets(it.exchange(ACCEPTED)) for _ in range(2)] == [[5], [6]]


def test_refusals_of_one_hirer_apart_are_no_flood() -> None:
    it = Driver(Limits(flood=FLOOD))
    for _ in range(5):
        it.add_many(10, hirer="bad")
        it.serve(lambda _: FORBIDDEN, until_s=it.now_s + 1.0)
    assert len(it.buried) == 50


def test_many_hirers_refused_at_once_are_a_flood_though_they_travel_apart() -> None:
    it = Driver(Limits(flood=FloodLimits(window=200, at_least=50)))
    for round_ in range(6):
        for hirer in ("one", "two", "three"):
            it.add_many(1 if round_ < 3 else 20, hirer=hirer)
            it.serve(lambda _: FORBIDDEN, until_s=it.now_s + 1.0)
    assert len(it.buried) == 9 + 40
    assert it.guard.is_shut(GATE)


def test_with_nothing_left_to_probe_new_records_may_come_and_the_next_refusal_holds() -> None:
    """A rebalance took the partition whose records were held; another of the topic is ours."""
    it = flooded()
    close(it.publisher.lane)
    it.it.forget(it.publisher.lane)
    it.publisher = Publisher(lane(partition=1), offset=50)
    it.pass_over(MINUTE)
    assert it.is_quiet()
    assert it.it.dispatcher.held_topics == set()

    it.add("x", "y")
    it.exchange(BAD)
    assert len(it.buried) == 4
    assert it.guard.is_shut(GATE)
    assert probed(it, ACCEPTED) == [50]
    assert offsets(it.send()) == [51]


def test_a_topic_with_something_in_flight_to_probe_with_stays_held() -> None:
    it = flooded(5)
    it.pass_over(MINUTE)
    probe = it.send()
    it.add(probe.parcels[0].signal.subject)
    it.pass_over(MINUTE)
    assert it.is_quiet()
    assert it.it.dispatcher.held_topics == {"moves"}


def test_a_refusal_that_lands_for_a_partition_given_up_is_neither_held_nor_counted() -> None:
    it = Driver(Limits(batch_size=1, flood=FLOOD))
    it.add_many(5)
    for _ in range(4):
        it.exchange(BAD)
    late = it.send()
    gone = it.publisher.lane
    close(gone)
    it.it.forget(gone)

    assert it.land(late, BAD).poison == []

    assert it.guard.shut == frozenset()
    it.publisher = Publisher(lane(partition=1), offset=50)
    it.add(late.parcels[0].signal.subject)
    assert offsets(it.send()) == [50]


def test_the_release_of_a_topic_that_is_not_ours_any_more_unlocks_its_subjects() -> None:
    it = flooded()
    subject = f"{it.publisher.lane.place}:4"
    close(it.publisher.lane)
    it.it.forget(it.publisher.lane)
    it.it.release("moves")
    it.publisher = Publisher(lane("closings"), offset=70)
    it.add(subject)
    assert offsets(it.send()) == [70]


# -- Partitions ------------------------------------------------------------------------------


def test_records_of_a_partition_given_up_are_not_sent_again() -> None:
    it = Driver()
    it.add("a", "b")
    batch = it.send()
    it.add("c")
    close(it.publisher.lane)
    it.it.forget(it.publisher.lane)
    it.land(batch, BROKEN)
    it.pass_over()
    assert it.is_quiet()


def test_the_others_of_a_batch_are_sent_again_without_them() -> None:
    it = Driver()
    it.add("a")
    mine, it.publisher = it.publisher, Publisher(lane(partition=1), offset=50)
    it.add("b")
    batch: Batch = it.exchange(BROKEN)
    close(mine.lane)
    it.it.forget(mine.lane)
    it.pass_over()
    assert it.send() is batch
    assert offsets(batch) == [50]


def split_subject_of_two_partitions(it: Driver) -> Batch:
    """In flight: the part of the first partition, which the part of the second waits for."""
    it.add("a")
    it.publisher = Publisher(lane(partition=1), offset=50)
    it.add("a")
    it.exchange(BAD)
    return it.send()


def test_a_refusal_of_a_partition_given_up_buries_nobody_in_its_place() -> None:
    it = Driver()
    mine = it.publisher.lane
    batch = split_subject_of_two_partitions(it)
    close(mine)
    it.it.forget(mine)
    it.land(batch, BAD)
    assert it.buried == []
    assert offsets(it.exchange(ACCEPTED)) == [50]


def test_a_fault_of_a_partition_given_up_is_held_against_nobody_in_its_place() -> None:
    it = Driver()
    mine = it.publisher.lane
    batch = split_subject_of_two_partitions(it)
    it.land(batch, BROKEN)
    close(mine)
    it.it.forget(mine)
    it.pass_over()
    heir = it.exchange(ACCEPTED)
    assert offsets(heir) == [50]
    assert (heir.failures, heir.attempts) == (0, 2)


def test_a_sick_record_of_a_partition_given_up_makes_way_for_the_next_of_its_subject() -> None:
    it = Driver()
    mine = it.publisher.lane
    sick = split_subject_of_two_partitions(it)
    it.add("other")
    other = it.send()
    it.land(sick, BROKEN)
    it.land(other, ACCEPTED)
    it.pass_over()
    assert it.send() is sick
    close(mine)
    it.it.forget(mine)
    it.land(sick, BROKEN)
    assert offsets(it.exchange(ACCEPTED)) == [50]
