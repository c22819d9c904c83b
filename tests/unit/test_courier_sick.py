"""A record that SEEK never digests is buried at last, an outage of SEEK never is (P6, P7)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import cast

import pytest

from consumer.delivery.lanes import Batch, Sendable
from consumer.delivery.limits import Limits, SickLimits
from consumer.delivery.verdicts import Outage, Verdict
from consumer.domain.signals import Signal, TypeCode
from tests.unit.courier_driver import (
    ACCEPTED,
    BAD,
    BROKEN,
    NO_ACCESS,
    NO_GUARD,
    SILENT,
    SLOW,
    STRANGE,
    Driver,
    bad_are,
)
from tests.unit.delivery_samples import Publisher, close, lane

MINUTE = 60.0


def driver() -> Driver:
    return Driver(Limits(batch_size=1, flood=NO_GUARD))


def of_type(signal: Sendable, type_code: str) -> Signal:
    return replace(cast("Signal", signal), type_code=cast("TypeCode", type_code))


def serve_with_others(
    it: Driver, seek_fails: list[int], fault: Verdict, minutes: float, type_code: str | None = None
) -> None:
    """A healthy record comes every ten seconds."""
    end_s = it.now_s + minutes * MINUTE
    while it.now_s < end_s:
        (other,) = it.add(None)
        other.signal = of_type(other.signal, type_code or other.signal.type_code)
        it.serve(bad_are(seek_fails, fault), until_s=it.now_s + 10.0)


def sick_one_by_one(it: Driver, count: int, hirer: str | None) -> list[int]:
    """So many sick records, the next when the last was buried or should have been; others pass,
    but none of their type."""
    sick: list[int] = []
    for _ in range(count):
        (parcel,) = it.add(None, hirer=hirer)
        if hirer is not None:  # One of each type: it is not the type's count that is full.
            parcel.signal = of_type(parcel.signal, f"type {len(sick)}")
        sick.append(parcel.offset)
        serve_with_others(it, sick, BROKEN, minutes=19, type_code="PositionClosed")
    return sick


@pytest.mark.parametrize(("fault", "reason"), [(BROKEN, "server_fault"), (STRANGE, "unknown_code")])
def test_a_record_that_never_passes_while_others_do_is_buried_after_a_quarter_of_an_hour(
    fault: Outage, reason: str
) -> None:
    it = driver()
    it.add("sick")
    serve_with_others(it, [0], fault, minutes=14)
    assert it.buried == []
    assert it.it.sickness.count == 1
    serve_with_others(it, [0], fault, minutes=4)
    (poison,) = it.buried
    assert (poison.parcel.offset, poison.reason, poison.code) == (0, reason, fault.code)
    assert poison.attempts >= 5
    assert it.it.sickness.count == 0


@pytest.mark.parametrize("fault", [SLOW, SILENT, NO_ACCESS])
def test_what_may_be_no_fault_of_the_record_never_buries_it(fault: Verdict) -> None:
    it = driver()
    it.add("stuck")
    serve_with_others(it, [0], fault, minutes=60)
    assert it.buried == []
    it.serve(lambda _: ACCEPTED, until_s=it.now_s + MINUTE)
    assert [parcel.offset for parcel in it.accepted][-1] == 0


def test_a_record_that_fails_alone_while_nothing_else_passes_is_never_buried() -> None:
    """Nothing says that it is not SEEK."""
    it = driver()
    it.add("a")
    it.serve(bad_are([0], BROKEN), until_s=it.now_s + 120 * MINUTE)
    assert it.buried == []


def test_the_outage_before_does_not_count_towards_the_quarter_of_an_hour() -> None:
    it = driver()
    it.add("a")
    it.serve(bad_are([0], BROKEN), until_s=it.now_s + 60 * MINUTE)
    serve_with_others(it, [0], BROKEN, minutes=10)
    assert it.buried == []


def test_the_fifth_failure_among_acceptances_is_the_first_that_may_bury() -> None:
    it = Driver(Limits(batch_size=1, flood=NO_GUARD, sick=SickLimits(after_s=0.0)))
    it.add("sick", "healthy")
    sick, healthy = it.send(), it.send()
    it.land(sick, BROKEN)
    it.land(healthy, ACCEPTED)
    buried = list[int]()
    for _ in range(5):
        it.pass_over()
        assert it.exchange(BROKEN) is sick
        buried.append(len(it.buried))
        it.add("healthy")
        it.exchange(ACCEPTED)
    assert buried == [0, 0, 0, 0, 1]


def test_a_failure_that_may_be_no_fault_of_the_record_does_not_count_towards_the_five() -> None:
    it = Driver(Limits(batch_size=1, flood=NO_GUARD, sick=SickLimits(after_s=0.0)))
    it.add("stuck", "healthy")
    stuck, healthy = it.send(), it.send()
    it.land(stuck, SLOW)
    it.land(healthy, ACCEPTED)
    for fault in (SLOW, SLOW, SLOW, SLOW, BROKEN):
        it.pass_over()
        assert it.exchange(fault) is stuck
        it.add("healthy")
        it.exchange(ACCEPTED)
    assert it.buried == []


def test_more_than_three_sick_records_at_once_are_an_outage_of_part_of_seek() -> None:
    it = driver()
    it.add("a", "b", "c", "d")
    serve_with_others(it, [0, 1, 2, 3], BROKEN, minutes=60)
    assert it.buried == []
    assert it.it.sickness.count == 4


def test_many_one_after_another_of_one_hirer_are_an_outage_of_part_of_seek_too() -> None:
    """Ten were buried and nothing of this hirer was accepted between: the rest is held."""
    it = driver()
    sick = sick_one_by_one(it, 12, hirer="acme")
    assert [poison.parcel.offset for poison in it.buried] == sick[:10]
    assert it.it.sickness.is_partial_outage


def test_many_one_after_another_of_one_signal_type_are_one_too() -> None:
    it = driver()
    sick = sick_one_by_one(it, 12, hirer=None)
    assert [poison.parcel.offset for poison in it.buried] == sick[:10]


def test_one_that_is_accepted_of_its_hirer_and_type_begins_the_count_again() -> None:
    it = driver()
    sick_one_by_one(it, 10, hirer="acme")
    assert len(it.buried) == 10
    it.add(None, hirer="acme")
    it.serve(lambda _: ACCEPTED, until_s=it.now_s + 1.0)
    sick_one_by_one(it, 10, hirer="acme")
    assert len(it.buried) == 20


def test_sick_records_of_one_hirer_that_are_held_keep_no_other_from_being_buried() -> None:
    it = driver()
    sick = sick_one_by_one(it, 11, hirer="acme")
    (other,) = it.add(None, hirer="another")
    serve_with_others(it, [*sick, other.offset], BROKEN, minutes=20)
    assert it.buried[-1].parcel is other
    assert it.it.sickness.count == 1


def test_a_held_sick_record_that_passes_ends_the_outage() -> None:
    it = driver()
    *_, held = sick_one_by_one(it, 11, hirer="acme")
    sickness = it.it.sickness
    assert sickness.is_partial_outage
    it.serve(lambda _: ACCEPTED, until_s=it.now_s + 2 * MINUTE)
    assert it.accepted[-1].offset == held
    assert (sickness.count, sickness.is_partial_outage) == (0, False)


def test_when_one_of_four_recovers_the_others_are_sick_records_again() -> None:
    it = driver()
    it.add("a", "b", "c", "d")
    serve_with_others(it, [0, 1, 2, 3], BROKEN, minutes=30)
    serve_with_others(it, [0, 1, 2], BROKEN, minutes=10)
    assert [poison.parcel.offset for poison in it.buried] == [0, 1, 2]


def test_a_sick_record_that_is_refused_at_last_is_sick_no_more() -> None:
    it = driver()
    it.add("a")
    serve_with_others(it, [0], BROKEN, minutes=10)
    assert it.it.sickness.count == 1
    serve_with_others(it, [0], BAD, minutes=2)
    assert [poison.reason for poison in it.buried] == ["bad_user_input"]
    assert it.it.sickness.count == 0


def test_a_sick_record_waits_longer_from_time_to_time_but_no_longer_than_a_minute() -> None:
    it, times = driver(), list[float]()
    it.add("a")

    def seek(batch: Batch) -> Verdict:
        if batch.parcels[0].offset == 0:
            times.append(it.now_s)
            return BROKEN
        return ACCEPTED

    while it.now_s < 700.0:
        it.add(None)
        it.serve(seek, until_s=it.now_s + 1.0)
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) <= 61.0
    assert len(times) < 40


def test_a_sick_record_whose_partition_is_given_up_is_sick_no_more() -> None:
    """Else four rebalances later every sick record would look like an outage."""
    it = driver()
    it.add("a")
    serve_with_others(it, [0], BROKEN, minutes=10)
    assert it.it.sickness.count == 1
    close(it.publisher.lane)
    it.it.forget(it.publisher.lane)
    assert it.it.sickness.count == 0


def test_a_sick_record_that_lands_after_its_partition_was_given_up_is_sick_no_more() -> None:
    it = driver()
    it.add("a")
    serve_with_others(it, [0], BROKEN, minutes=10)
    it.pass_over()
    sick = it.send()
    assert sick.parcels[0].offset == 0
    mine = it.publisher.lane
    it.publisher = Publisher(lane(partition=1))
    it.add("healthy")
    it.exchange(ACCEPTED)

    close(mine)
    it.it.forget(mine)
    it.land(sick, BROKEN)

    assert it.it.sickness.count == 0
    assert it.is_quiet()
