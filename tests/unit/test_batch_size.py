"""Batches hold less where requests are too large or too slow, and grow back (design 3)."""

from __future__ import annotations

import pytest

from consumer.delivery.batch_size import LEAST, BatchSize
from consumer.delivery.lanes import Batch
from consumer.delivery.limits import Limits
from consumer.delivery.verdicts import Verdict
from tests.unit.courier_driver import (
    ACCEPTED,
    BAD,
    BROKEN,
    BUSY,
    NO_GUARD,
    SLOW,
    TOO_LARGE,
    Driver,
    bad_are,
)

UNLIMITED = Limits(flood=NO_GUARD)


def timed_out(it: BatchSize, times: int, signals: int = 100) -> None:
    for number in range(times):
        it.timed_out(signals, started_s=100.0 * number, now_s=100.0 * number + 20.0)


def test_a_batch_may_hold_what_the_setting_says() -> None:
    assert BatchSize(100).limit == 100


def test_a_request_that_is_too_large_halves_the_next() -> None:
    it = BatchSize(100)
    it.too_large(80)
    assert it.limit == 40


def test_requests_that_are_too_large_together_halve_once() -> None:
    it = BatchSize(100)
    it.too_large(100)
    it.too_large(100)
    assert it.limit == 50


@pytest.mark.parametrize("signals", [100, 12, LEAST, 1])
def test_a_batch_shrinks_to_ten_at_least(signals: int) -> None:
    it = BatchSize(100)
    for _ in range(20):
        it.too_large(min(signals, it.limit))
    assert it.limit == (LEAST if signals > LEAST else 100)


def test_a_setting_below_ten_stays_as_it_is() -> None:
    it = BatchSize(4)
    it.too_large(4)
    timed_out(it, 5, signals=4)
    assert it.limit == 4


def test_each_full_batch_that_is_accepted_adds_one_up_to_the_setting() -> None:
    it = BatchSize(100)
    it.too_large(100)
    it.accepted(50)
    assert it.limit == 51
    for _ in range(1_000):
        it.accepted(100)
    assert it.limit == 100


def test_a_batch_that_is_not_full_proves_nothing() -> None:
    it = BatchSize(100)
    it.too_large(100)
    it.accepted(49)
    assert it.limit == 50


def test_one_timeout_says_nothing_about_the_size() -> None:
    it = BatchSize(100)
    timed_out(it, 1)
    assert it.limit == 100


def test_each_timeout_from_the_second_in_a_row_halves() -> None:
    it = BatchSize(100)
    timed_out(it, 2)
    assert it.limit == 50
    timed_out(it, 3, signals=50)
    assert it.limit == 25


def test_timeouts_with_an_answer_between_are_not_in_a_row() -> None:
    it = BatchSize(100)
    timed_out(it, 1)
    it.answered()
    it.timed_out(100, started_s=30.0, now_s=50.0)
    assert it.limit == 100


def test_requests_that_time_out_together_are_one_timeout() -> None:
    it = BatchSize(100)
    for number in range(8):
        it.timed_out(100, started_s=0.1 * number, now_s=20.0 + 0.1 * number)
    assert it.limit == 100


# -- With the courier ------------------------------------------------------------------------


def test_a_proxy_that_takes_thirty_refuses_few_requests() -> None:
    it, refused = Driver(UNLIMITED), 0

    def seek(batch: Batch) -> Verdict:
        nonlocal refused
        refused += len(batch.parcels) > 30
        return ACCEPTED if len(batch.parcels) <= 30 else TOO_LARGE

    it.add_many(5_000)
    it.serve(seek, until_s=it.now_s + 30.0)
    assert len(it.accepted) == 5_000
    assert it.buried == []
    assert refused < it.requests / 12


def test_one_large_signal_in_a_hundred_shrinks_the_next_batch_once() -> None:
    """The parts of its batch are refused for it alone."""
    it = Driver(UNLIMITED)
    it.add_many(100)
    it.serve(bad_are([17], TOO_LARGE), until_s=it.now_s + 10.0)
    assert [poison.reason for poison in it.buried] == ["request_too_large"]
    assert it.it.size.limit >= 50


def test_other_refusals_leave_the_size_alone() -> None:
    it = Driver(UNLIMITED)
    it.add_many(100)
    it.serve(bad_are([17], BAD), until_s=it.now_s + 10.0)
    assert it.it.size.limit == 100


def test_a_batch_that_is_too_slow_as_it_is_passes_in_parts_though_nothing_else_is_there() -> None:
    it = Driver(UNLIMITED)
    it.add_many(100)
    it.serve(lambda b: ACCEPTED if len(b.parcels) <= 30 else SLOW, until_s=it.now_s + 600.0)
    assert sorted(parcel.offset for parcel in it.accepted) == list(range(100))


def test_parts_of_a_slow_batch_keep_the_order_of_a_subject() -> None:
    it = Driver(UNLIMITED)
    it.add(*"abab" * 20)
    it.serve(lambda b: ACCEPTED if len(b.parcels) <= 30 else SLOW, until_s=it.now_s + 600.0)
    for subject in "ab":
        mine = [parcel.offset for parcel in it.accepted if parcel.signal.subject == subject]
        assert mine == sorted(mine)
        assert len(mine) == 40


@pytest.mark.parametrize("verdict", [BROKEN, BUSY])
def test_what_is_no_timeout_takes_no_batch_apart(verdict: Verdict) -> None:
    it = Driver(UNLIMITED)
    it.add_many(100)
    for _ in range(10):
        assert len(it.exchange(verdict).parcels) == 100
        it.pass_over()
    assert it.it.size.limit == 100


def test_a_timeout_that_is_held_against_a_batch_leaves_the_others_their_pace() -> None:
    """Its first was answered by fewer requests in flight; others pass since."""
    it = Driver(UNLIMITED)
    it.add_many(200)
    slow, other = it.send(), it.send()
    it.land(slow, SLOW)
    it.land(other, ACCEPTED)
    cut = it.it.pacer.in_flight_limit
    it.pass_over()
    assert it.exchange(SLOW) is slow
    assert it.it.pacer.in_flight_limit == cut
    assert it.it.size.limit == 100


def test_a_full_batch_does_not_linger_when_batches_are_small() -> None:
    it = Driver(Limits(linger_s=60.0, flood=NO_GUARD))
    it.it.size.too_large(100)
    it.add_many(50)
    assert len(it.send().parcels) == 50
