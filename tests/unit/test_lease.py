"""A lease is held for its length after each renewal, and not a moment longer."""

from __future__ import annotations

from consumer.delivery.lease import Lease


def test_it_is_not_held_before_the_first_renewal() -> None:
    assert not Lease(30.0).held(0.0)


def test_it_is_held_until_its_length_has_passed() -> None:
    lease = Lease(30.0)
    lease.renew(100.0)
    assert lease.held(100.0)
    assert lease.held(129.9)
    assert not lease.held(130.0)


def test_a_renewal_begins_it_again() -> None:
    lease = Lease(30.0)
    lease.renew(100.0)
    lease.renew(120.0)
    assert lease.held(149.9)
    assert not lease.held(150.0)
