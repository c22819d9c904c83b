"""What a scripted fault makes of an answer."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import orjson
import pytest

from consumer.sandbox.fault_kinds import (
    Code,
    Cut,
    Decisive,
    Empty,
    Huge,
    LostAnswer,
    Quota,
    Silence,
    Stall,
    Status,
    Truncated,
)
from consumer.sandbox.replies import Ending, Reply, json_reply, oauth_error, spoil

RIGHT = json_reply({"data": {"sendSignals": True}})


def spoilt(fault: Decisive) -> Reply:
    return spoil(fault, RIGHT, "sendSignals", wall_s=1_577_923_200.0)


@pytest.mark.parametrize(
    ("fault", "ending"),
    [(Cut(), Ending.CUT), (LostAnswer(), Ending.CUT), (Stall(), Ending.STALLED)],
)
def test_some_faults_leave_no_answer(fault: Decisive, ending: Ending) -> None:
    assert spoilt(fault).ending is ending


@pytest.mark.parametrize(
    ("body", "media_type", "start"),
    [
        ("html", "text/html; charset=utf-8", b"<html>"),
        ("json", "application/json; charset=utf-8", b'{"message"'),
        ("empty", "text/plain; charset=utf-8", b""),
        ('{"own": 1}', "application/json; charset=utf-8", b'{"own": 1}'),
        ("own", "text/plain; charset=utf-8", b"own"),
    ],
)
def test_a_status_comes_with_the_body_that_was_chosen(
    body: str, media_type: str, start: bytes
) -> None:
    reply = spoilt(Status(status=502, body=body))

    assert (reply.status, reply.media_type) == (502, media_type)
    assert reply.body.startswith(start)
    assert bool(reply.body) is bool(start)


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_that_may_have_no_body_has_none(status: int) -> None:
    assert spoilt(Status(status=status)).body == b""


def test_retry_after_is_seconds_or_a_date() -> None:
    seconds = spoilt(Status(status=429, retry_after_s=30)).headers
    date = spoilt(Status(status=429, retry_after_s=30, retry_after_as="date")).headers

    assert seconds == {"Retry-After": "30"}
    assert parsedate_to_datetime(date["Retry-After"]).timestamp() == 1_577_923_230.0
    assert date["Retry-After"].endswith(" GMT")
    assert spoilt(Status(status=429)).headers == {}


@pytest.mark.parametrize(
    ("fault", "data"),
    [
        (Code(code="X"), {"data": {"sendSignals": None}}),
        (Code(code="X", data="null"), {"data": None}),
        (Code(code="X", data="absent"), {}),
    ],
)
def test_a_code_is_an_error_with_the_data_that_was_chosen(
    fault: Code, data: dict[str, object]
) -> None:
    reply = spoilt(fault)
    payload = orjson.loads(reply.body)

    assert reply.status == 200
    assert payload.pop("errors")[0]["extensions"] == {"code": "X"}
    assert payload == data


def test_a_quota_answers_by_status_or_by_code() -> None:
    by_status = spoilt(Quota(per_s=1, retry_after_s=2))
    by_code = spoilt(Quota(per_s=1, code="RATE_LIMITED"))

    assert (by_status.status, by_status.headers) == (429, {"Retry-After": "2"})
    assert by_code.status == 200
    assert orjson.loads(by_code.body)["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


def test_half_an_answer_is_not_json() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(spoilt(Truncated()).body)


@pytest.mark.parametrize("fault", [Silence(), Silence(value=False)])
def test_silence_has_neither_errors_nor_true(fault: Silence) -> None:
    assert orjson.loads(spoilt(fault).body) == {"data": {"sendSignals": fault.value}}


def test_an_empty_answer_is_a_success_without_a_word() -> None:
    assert (spoilt(Empty()).status, spoilt(Empty()).body) == (200, b"")


def test_a_huge_answer_is_still_the_right_one() -> None:
    body = spoilt(Huge(size_bytes=100_000)).body

    assert len(body) > 100_000
    assert orjson.loads(body)["data"] == {"sendSignals": True}


def test_the_token_endpoint_refuses_in_its_own_form() -> None:
    fault = Code(code="access_denied", on="token")

    reply = oauth_error(fault, spoilt(fault))

    assert reply.status == 401
    assert orjson.loads(reply.body)["error"] == "access_denied"
    assert oauth_error(Empty(), spoilt(Empty())) == spoilt(Empty())
