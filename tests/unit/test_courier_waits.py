"""How long records wait for company, and when no more of them are wanted."""

from __future__ import annotations

from consumer.delivery.limits import Limits
from tests.unit.courier_driver import ACCEPTED, BROKEN, Driver
from tests.unit.delivery_samples import offsets


def test_a_lone_record_does_not_linger_by_default() -> None:
    it = Driver()
    it.add("a")
    assert not it.is_quiet()


def test_with_a_linger_records_wait_for_company() -> None:
    it = Driver(Limits(linger_s=2.0))
    it.add("a")
    it.now_s += 1.0
    assert it.is_quiet()
    it.add("b")
    it.now_s += 1.0
    assert offsets(it.send()) == [0, 1]


def test_a_full_batch_does_not_linger() -> None:
    it = Driver(Limits(batch_size=2, linger_s=2.0))
    it.add("a", "b", "c")
    assert offsets(it.send()) == [0, 1]
    assert it.is_quiet()
    it.now_s += 2.0
    assert offsets(it.send()) == [2]


def test_the_next_linger_begins_with_the_next_record() -> None:
    it = Driver(Limits(linger_s=2.0))
    it.add("a")
    it.now_s += 2.0
    it.exchange(ACCEPTED)
    it.now_s += 50.0
    it.add("b")
    assert it.is_quiet()


def test_a_hold_with_a_batch_to_probe_with_needs_no_more_records() -> None:
    it = Driver(Limits(batch_size=2))
    it.add("a", "b", "c", "d")
    assert not it.it.has_enough
    it.exchange(BROKEN)
    assert it.it.has_enough


def test_a_hold_with_nothing_else_to_probe_with_lets_records_come() -> None:
    it = Driver(Limits(batch_size=2))
    it.add("a", "b", "c")
    it.exchange(BROKEN)
    assert not it.it.has_enough
