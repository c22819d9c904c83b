"""How long SEEK asks us to wait is kept, whichever request brings the word."""

from __future__ import annotations

import pytest

from consumer.delivery.limits import PacerLimits
from consumer.delivery.pacer import Cause, Pacer

HALF = 0.5


def pacer() -> Pacer:
    return Pacer(PacerLimits(in_flight_start=4))


def test_seek_says_itself_how_long_to_wait() -> None:
    it = pacer()
    it.failed(10.0, 9.0, 40.0, HALF)
    assert it.due_in_s(10.0, 0) == 40.0


def test_a_late_word_of_how_long_to_wait_is_heeded_too() -> None:
    it = pacer()
    it.failed(10.0, 9.0, None, HALF)
    it.failed(10.1, 9.0, 40.0, HALF)
    assert it.due_in_s(10.1, 0) == pytest.approx(40.0)


def test_a_late_word_of_throttling_is_kept_though_a_request_from_before_it_is_answered() -> None:
    """Else everybody would go on at once, against what SEEK has just said."""
    it = pacer()
    it.failed(10.0, 9.0, None, HALF)
    it.started(10.5)
    it.throttled(10.6, 9.5, 40.0, HALF)
    it.answered(10.5)
    assert it.probes_only
    assert it.due_in_s(10.7, 0) == pytest.approx(39.9)
    assert it.may_start(50.7, 0)


def test_a_late_word_of_an_outage_is_kept_though_a_request_from_before_it_is_answered() -> None:
    it = pacer()
    it.failed(10.0, 10.0, None, HALF)
    it.started(11.0)
    it.answered(11.0)
    it.started(11.1)
    it.failed(11.2, 9.0, 40.0, HALF)
    it.answered(11.1)
    assert it.due_in_s(11.2, 0) == pytest.approx(40.0)
    assert it.cause is Cause.SEEK


def test_a_late_word_shortens_no_hold() -> None:
    it = pacer()
    it.throttled(10.0, 9.0, 40.0, HALF)
    it.throttled(10.1, 9.0, 2.0, HALF)
    assert it.due_in_s(10.1, 0) == pytest.approx(39.9)


def test_a_token_endpoint_says_itself_how_long_to_wait() -> None:
    it = pacer()
    it.no_token(5.0, 5.0, 40.0, HALF)
    assert it.due_in_s(5.0, 0) == 40.0
