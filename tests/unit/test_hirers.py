"""A hirer travels apart after some refusals, and rejoins when one signal is accepted."""

from __future__ import annotations

from consumer.delivery.hirers import HirerBreaker


def refused(breaker: HirerBreaker, hirer: str | None, times: int) -> None:
    for _ in range(times):
        breaker.forbidden(hirer)


def test_a_few_refusals_do_not_set_a_hirer_apart() -> None:
    breaker = HirerBreaker(refusals_before=3)
    refused(breaker, "acme", 2)
    assert breaker.apart == set()


def test_the_third_refusal_sets_a_hirer_apart_and_no_other() -> None:
    breaker = HirerBreaker(refusals_before=3)
    refused(breaker, "other", 2)
    refused(breaker, "acme", 3)
    assert breaker.apart == {"acme"}


def test_an_acceptance_lets_a_hirer_rejoin_and_no_other() -> None:
    breaker = HirerBreaker(refusals_before=3)
    refused(breaker, "acme", 3)
    refused(breaker, "other", 3)
    breaker.accepted([None, "acme", "acme"])
    assert breaker.apart == {"other"}


def test_an_acceptance_begins_the_count_again() -> None:
    breaker = HirerBreaker(refusals_before=3)
    refused(breaker, "acme", 2)
    breaker.accepted(["acme"])
    refused(breaker, "acme", 2)
    assert breaker.apart == set()


def test_signals_without_a_hirer_are_never_set_apart() -> None:
    breaker = HirerBreaker(refusals_before=3)
    refused(breaker, None, 10)
    assert breaker.apart == set()
