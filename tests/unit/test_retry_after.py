"""From SEEK's bytes to the next request: a Retry-After is kept by all, up to its cap."""

from __future__ import annotations

import pytest

from consumer.adapters.seek.answers import read_answer
from consumer.adapters.seek.transport import HttpAnswer
from consumer.delivery.judging import judge
from consumer.delivery.limits import Limits
from consumer.delivery.verdicts import AnswerPolicy, Verdict
from tests.unit.courier_driver import ACCEPTED, Driver

NOON_S = 1_767_960_000.0
"""2026-01-09, 12:00 UTC."""
CAP_S = 900.0


def said(status: int, retry_after: bytes, body: bytes = b"") -> Verdict:
    http = HttpAnswer(status, [(b"Retry-After", retry_after)], body)
    return judge(read_answer(http, NOON_S, CAP_S), AnswerPolicy())


def waited_s(verdict: Verdict) -> float:
    """Until the next request of any sender, after one of two in flight got this answer."""
    it = Driver(Limits(batch_size=1))
    it.add("a", "b", "c")
    told, other = it.send(), it.send()
    it.now_s += 0.1
    it.land(told, verdict)
    it.land(other, ACCEPTED)
    began_s = it.now_s
    while it.is_quiet():
        it.now_s += 0.5
        assert it.now_s < began_s + 2 * CAP_S
    return it.now_s - began_s


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        (b"40", 40.0),
        (b"Fri, 09 Jan 2026 12:00:40 GMT", 40.0),
        (b"86400", CAP_S),
        (b"Sat, 10 Jan 2026 12:00:00 GMT", CAP_S),
    ],
)
def test_nothing_is_sent_before_the_time_that_seek_asks_for(
    status: int, retry_after: bytes, seconds: float
) -> None:
    assert waited_s(said(status, retry_after)) == pytest.approx(seconds, abs=0.5)


def test_a_code_that_says_throttled_has_its_wait_too() -> None:
    body = b'{"errors":[{"message":"slow down","extensions":{"code":"RATE_LIMITED"}}]}'
    assert waited_s(said(200, b"40", body)) == pytest.approx(40.0, abs=0.5)
