"""Each landing is told in words of a closed set: free text of SEEK never becomes a label."""

from __future__ import annotations

import pytest

from consumer.delivery.lanes import Batch, Isolation
from consumer.delivery.verdicts import Accepted, Fault, NotStarted, Outage, Verdict
from consumer.observed import UnknownCode
from consumer.pipeline.reports import landed_request, unknown_code
from consumer.ports import Landed
from tests.unit.courier_driver import (
    ACCEPTED,
    BAD,
    BROKEN,
    BUSY,
    NO_ACCESS,
    SLOW,
    STRANGE,
    TOO_LARGE,
)
from tests.unit.delivery_samples import Publisher


@pytest.mark.parametrize(
    ("verdict", "outcome", "code"),
    [
        (ACCEPTED, "accepted", "none"),
        (Accepted(validated_only=True), "validated", "none"),
        (BAD, "refused", "bad_user_input"),
        (TOO_LARGE, "refused", "request_too_large"),
        (BUSY, "throttled", "none"),
        (NO_ACCESS, "unauthenticated", "none"),
        (STRANGE, "outage", "unknown_code"),
        (BROKEN, "outage", "internal_server_error"),
        (SLOW, "outage", "timeout"),
        (Outage(Fault.SERVER_FAULT, "HTTP 503"), "outage", "http_503"),
        (Outage(Fault.SERVER_FAULT, "HTTP 500"), "outage", "http_500"),
        (Outage(Fault.UNKNOWN_CODE, "HTTP 403"), "outage", "http_403"),
        (Outage(Fault.UNKNOWN_CODE, "Zoë <z@example>"), "outage", "unknown_code"),
        (Outage(Fault.UNREADABLE, "HTTP 200"), "outage", "unreadable"),
        (Outage(Fault.TOKEN_ENDPOINT, "HTTP 503"), "outage", "token_endpoint"),
        (Outage(Fault.TRANSPORT, "ConnectError"), "outage", "transport"),
        (Outage(Fault.NOT_TRUE, "RESULT_NULL"), "outage", "not_true"),
        (NotStarted(), "not_started", "none"),
    ],
)
def test_a_verdict_has_its_words(verdict: Verdict, outcome: str, code: str) -> None:
    batch = Batch(7, Publisher().parcels("a", "b"), {"a", "b"})
    told = landed_request(Landed(7, verdict, "request-1", 0.5, trace_id="trace-1"), batch)
    assert (told.outcome, told.code) == (outcome, code)
    assert (told.signals, told.seconds, told.request_id) == (2, 0.5, "request-1")
    assert told.trace_id == "trace-1"
    assert (told.batch_id, told.isolating) == (7, False)


def test_a_part_of_a_search_is_told_as_such() -> None:
    batch = Batch(7, Publisher().parcels("a"), {"a"}, isolation=Isolation(40))
    assert landed_request(Landed(7, BAD), batch).isolating


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("HTTP 403", UnknownCode("http_403", "HTTP 403")),
        ("TEAPOT", UnknownCode("other", "TEAPOT")),
        ("HTTP 99999", UnknownCode("other", "HTTP 99999")),
        ("HTTP is no status", UnknownCode("other", "HTTP is no status")),
        ("Zoë <z@example>", UnknownCode("other", "a code of 15 characters")),
        ("X" * 200, UnknownCode("other", "a code of 200 characters")),
    ],
)
def test_a_code_that_is_not_known_is_counted_by_a_closed_set(code: str, told: UnknownCode) -> None:
    assert unknown_code(Outage(Fault.UNKNOWN_CODE, code)) == told
