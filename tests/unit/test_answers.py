"""What of an HTTP answer is read, and that nothing is read into what cannot be."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.seek.answers import read_answer
from consumer.adapters.seek.transport import HttpAnswer
from consumer.delivery.judging import judge
from consumer.delivery.verdicts import Accepted, Answer, AnswerError, AnswerPolicy

NOON_S = 1_767_960_000.0  # Fri, 09 Jan 2026 12:00:00 GMT
CAP_S = 900.0


def read(body: bytes, status: int = 200, retry_after: bytes | None = None) -> Answer:
    headers = [(b"Content-Type", b"text/html")]
    if retry_after is not None:
        headers.append((b"Retry-After", retry_after))
    return read_answer(HttpAnswer(status, headers, body), NOON_S, CAP_S)


@pytest.mark.parametrize(
    ("body", "result"),
    [
        (b'{"data":{"sendSignals":true}}', True),
        (b'{"data":{"sendSignals":false}}', False),
        (b'{"data":{"sendSignals":null}}', None),
        (b'{"data":{"sendSignals":true},"extensions":{"requestLatency":1}}', True),
        (b'{"data":{"sendSignals":true},"errors":[]}', True),
        (b'{"data":{"sendSignals":true},"errors":null}', True),
    ],
)
def test_a_result_without_errors_is_read(body: bytes, result: bool | None) -> None:  # noqa: FBT001 -- GraphQL's Boolean
    assert read(body) == Answer(200, readable=True, result=result)


def test_errors_are_read_with_code_and_message() -> None:
    body = (
        b'{"data":null,"errors":[{"message":"Public test partner token is expired",'
        b'"locations":[{"line":2,"column":3}],"path":["x"],'
        b'"extensions":{"code":"UNAUTHENTICATED"}}]}'
    )
    error = AnswerError("UNAUTHENTICATED", "Public test partner token is expired")
    assert read(body, 401) == Answer(401, readable=True, errors=(error,))


@pytest.mark.parametrize(
    "entry",
    [
        b'{"message":"no"}',
        b'{"message":"no","extensions":null}',
        b'{"message":"no","extensions":[]}',
        b'{"message":"no","extensions":{"code":7}}',
        b'{"message":"no","extensions":{"code":""}}',
    ],
)
def test_an_error_whose_code_cannot_be_read_has_none(entry: bytes) -> None:
    assert read(b'{"errors":[' + entry + b"]}").errors == (AnswerError(None, "no"),)


def test_an_error_without_a_message_keeps_its_code() -> None:
    answer = read(b'{"errors":[{"message":7,"extensions":{"code":"FORBIDDEN"}}]}')
    assert answer.errors == (AnswerError("FORBIDDEN", ""),)


def test_a_long_message_is_cut() -> None:
    answer = read(orjson.dumps({"errors": [{"message": "x" * 10_000}]}))
    assert len(answer.errors[0].message) == 4_096


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b'{"data":{"sendSignals":tru',
        b'{"data":{"sendSignals":true}} trailing',
        b"\xff\xfe",
        b"[]",
        b"true",
        b"null",
        b"{}",
        b'{"data":null}',
        b'{"data":true}',
        b'{"data":{}}',
        b'{"data":{"sendSignal":true}}',
        b'{"data":{"sendSignals":"true"}}',
        b'{"data":{"sendSignals":1}}',
        b'{"data":{"sendSignals":true},"errors":{}}',
        b'{"data":{"sendSignals":true},"errors":"none"}',
        b'{"data":{"sendSignals":true},"errors":["text"]}',
        b'{"data":{"sendSignals":true},"errors":false}',
        b'{"data":' * 100_000 + b"1" + b"}" * 100_000,
    ],
)
def test_what_is_no_answer_of_sendsignals_is_unreadable(body: bytes) -> None:
    assert read(body[:]) == Answer(200, readable=False)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"7", 7.0),
        (b" 7 ", 7.0),
        (b"1.5", 1.5),
        (b"0", 0.0),
        (b"-3", 0.0),
        (b"901", 900.0),
        (b"9" * 400, 900.0),
        (b"Fri, 09 Jan 2026 12:00:30 GMT", 30.0),
        (b"Friday, 09-Jan-26 12:00:30 GMT", 30.0),
        (b"Fri, 09 Jan 2026 12:00:30 -0000", 30.0),
        (b"Fri, 09 Jan 2026 11:59:00 GMT", 0.0),
        (b"Sat, 10 Jan 2026 12:00:00 GMT", 900.0),
        (b"", None),
        (b"soon", None),
        (b"nan", None),
        (b"inf", None),
        (b"1e3", None),
        (b"Fri, 99 Jan 2026 12:00:30 GMT", None),
        (b"\xff\xfe", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_bounds(
    value: bytes, seconds: float | None
) -> None:
    assert read(b"", 503, value).retry_after_s == seconds


def test_headers_are_found_in_any_case() -> None:
    http = HttpAnswer(429, [(b"rEtRy-AfTeR", b"7")], b"")
    assert read_answer(http, NOON_S, CAP_S).retry_after_s == 7.0


any_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "errors", "sendSignals", "extensions", "code", "message"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(any_json, st.integers(100, 599))
def test_any_json_has_a_verdict_and_only_true_is_accepted(value: object, status: int) -> None:
    verdict = judge(read(orjson.dumps(value), status), AnswerPolicy())
    if isinstance(verdict, Accepted):
        assert isinstance(value, dict)
        assert value["data"]["sendSignals"] is True
        assert not value.get("errors")
        assert 200 <= status <= 299


@given(st.binary(max_size=64), st.binary(max_size=40))
def test_any_bytes_are_read_without_raising(body: bytes, retry_after: bytes) -> None:
    answer = read(body, 200, retry_after)
    assert answer.retry_after_s is None or 0 <= answer.retry_after_s <= CAP_S
