"""Whatever SEEK, its token endpoint or a proxy answers: a verdict, and never a false yes."""

from __future__ import annotations

import json
import math
from typing import get_args

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumer.adapters.seek.answers import read_answer, retry_after_s
from consumer.adapters.seek.credentials import ConfiguredCredentials
from consumer.adapters.seek.token_endpoint import Token, TokenEndpoint, TokenOptions
from consumer.adapters.seek.transport import HttpAnswer
from consumer.delivery.judging import judge
from consumer.delivery.verdicts import (
    Accepted,
    AnswerPolicy,
    Outage,
    Refused,
    Unauthenticated,
    Verdict,
)
from tests.fuzz.cost import cheaply
from tests.unit.seek_doubles import FakeClock, FakeTransport

NOW_S = 1_767_960_000.0
CAP_S = 900.0
LARGEST = 1 << 20
"""Bytes: the transport takes no more."""
POLICY = AnswerPolicy()

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["BAD_USER_INPUT", "FORBIDDEN", "UNAUTHENTICATED", "INTERNAL_SERVER_ERROR"])
    | st.sampled_from(["/input/signals/0/token: no", "/input/signals/99999999999", "\ud800"])
)
KEYS = st.sampled_from(
    ["data", "errors", "sendSignals", "extensions", "code", "message", "path"]
) | st.text(max_size=5)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "data": st.fixed_dictionaries({}, optional={"sendSignals": JSON}) | JSON,
        "errors": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "message": JSON,
                    "extensions": st.fixed_dictionaries({}, optional={"code": JSON}) | JSON,
                },
            )
            | JSON,
            max_size=4,
        )
        | JSON,
    },
)
STATUSES = st.sampled_from([200, 201, 204, 301, 400, 401, 403, 408, 413, 418, 429, 500, 503])


def verdict_of(body: bytes, status: int = 200) -> Verdict:
    http = HttpAnswer(status, [(b"Content-Type", b"application/json")], body)
    verdict: Verdict = cheaply(lambda: judge(read_answer(http, NOW_S, CAP_S), POLICY))
    assert type(verdict) in get_args(Verdict)
    return verdict


def says_yes(value: object) -> bool:
    """The rule of the contract, told by somebody else."""
    if not isinstance(value, dict) or value.get("errors") not in (None, []):
        return False
    data = value.get("data")
    return isinstance(data, dict) and data.get("sendSignals") is True


@given(answer=ANSWERS | JSON, status=STATUSES)
@example(answer={"data": {"sendSignals": True}}, status=200)
@example(answer={"data": {"sendSignals": 1}}, status=200)
@example(answer={"data": {"sendSignals": True}}, status=500)
def test_only_a_plain_yes_is_acceptance(answer: object, status: int) -> None:
    verdict = verdict_of(json.dumps(answer).encode(), status)

    if isinstance(verdict, Accepted):
        assert says_yes(answer)
        assert status < 300
    if isinstance(verdict, Refused):
        assert all(index >= 0 for index in verdict.culprits)


def test_a_code_of_a_megabyte_does_not_fill_the_log() -> None:
    verdict = verdict_of(orjson.dumps({"errors": [{"extensions": {"code": "X" * 1_000_000}}]}))

    assert isinstance(verdict, Outage)
    assert verdict.code == "X" * 64


@given(body=st.binary(max_size=300), status=STATUSES)
def test_any_bytes_are_a_verdict_and_no_yes(body: bytes, status: int) -> None:
    assert not isinstance(verdict_of(body, status), Accepted)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * LARGEST,
        b'{"errors":' * 100_000,
        b'{"data":{"sendSignals":true},"errors":[' + b'{"message":"/input/signals/1"},' * 30_000,
        b'{"errors":[' + b"{}," * 300_000 + b"{}]}",
        b'{"errors":['
        + b",".join([b'{"message":"%s","extensions":{"code":"BAD_USER_INPUT"}}' % (b"a/" * 500)])
        * 900
        + b"]}",
        b'{"data":{"sendSignals":true},"data":{"sendSignals":null}}',
        b'{"data":{"sendSignals":true,"sendSignals":false}}',
        b'{"data":{"sendSignals":NaN}}',
        b'{"data":{"sendSignals":true},"x":1e99999}',
        b'{"data":{"sendSignals":true},"x":' + b"9" * 100_000 + b"}",
        b'{"data":{"sendSignals":true},"x":"\\ud800"}',
        b'{"data":{"sendSignals":true},"x":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf" + b'{"data":{"sendSignals":true}}',
        b" " * (LARGEST - 1) + b"{",
    ],
    ids=lambda body: f"{body[:30]!r}, {len(body)}",
)
def test_an_odd_answer_is_cheap_and_no_yes_unless_it_reads_as_one(body: bytes) -> None:
    verdict = verdict_of(body)

    try:
        agreed = says_yes(orjson.loads(body))
    except orjson.JSONDecodeError:
        agreed = False
    assert isinstance(verdict, Accepted) is agreed


@given(
    text=st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,4} [A-Z][a-z]{2} .{0,30}")
)
@example(text="9" * 5_000)
@example(text="-" + "9" * 400 + ".5")
@example(text="Mon, 01 Jan 0001 00:00:00 +2359")
@example(text="Fri, 31 Dec 9999 23:59:59 -2359")
@example(text="Fri, 31 Dec 99999999999999999999 23:59:59 GMT")
@example(text="1e400")
@example(text="nan")
def test_any_wait_that_is_asked_for_is_within_the_cap(text: str) -> None:
    http = HttpAnswer(503, [(b"Retry-After", text.encode("latin-1", "replace"))], b"")

    wait_s = cheaply(lambda: retry_after_s(http, NOW_S, CAP_S))

    assert wait_s is None or (math.isfinite(wait_s) and 0.0 <= wait_s <= CAP_S)


@given(
    answer=st.fixed_dictionaries(
        {},
        optional={
            "access_token": SCALARS | st.text(),
            "expires_in": SCALARS,
            "token_type": SCALARS | st.just("Bearer"),
            "error": SCALARS,
        },
    )
    | JSON,
    status=STATUSES,
)
def test_whatever_the_token_endpoint_answers_is_a_token_or_a_reason(
    answer: object, status: int
) -> None:
    http = HttpAnswer(status, [], json.dumps(answer).encode())
    endpoint = TokenEndpoint(
        FakeTransport([http] * 3),
        ConfiguredCredentials("id", "hush-hush"),
        TokenOptions("audience", "agent/1"),
        FakeClock(),
        sleep=lambda _seconds: None,
    )

    fetched = endpoint.fetch()

    match fetched:
        case Token():
            assert fetched.bearer.isascii()
            assert fetched.bearer.isprintable()
            assert math.isfinite(fetched.fresh_until_s)
        case Unauthenticated():
            assert "hush-hush" not in fetched.trouble
        case Outage():
            assert "hush-hush" not in fetched.code + fetched.message
