"""The table of answers, one test a row, and what must hold for any answer at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.judging import judge
from consumer.delivery.verdicts import (
    Accepted,
    Answer,
    AnswerError,
    AnswerPolicy,
    Fault,
    NotStarted,
    Outage,
    Refusal,
    Refused,
    Throttled,
    Unauthenticated,
)

LIVE = AnswerPolicy()
PLAYGROUND = AnswerPolicy(playground=True)
TRUSTING = AnswerPolicy(silence_is_acceptance=True)


def failed(*codes: str | None, status: int = 200, message: str = "") -> Answer:
    errors = [AnswerError(code, message) for code in codes]
    return Answer(status, readable=True, errors=errors, retry_after_s=3.0)


def told(*, result: bool | None, status: int = 200) -> Answer:
    return Answer(status, readable=True, result=result)


def unreadable(status: int) -> Answer:
    return Answer(status, readable=False, retry_after_s=3.0)


def refused(message: str, code: str = "BAD_USER_INPUT") -> Refused:
    verdict = judge(failed(code, message=message), LIVE)
    assert isinstance(verdict, Refused)
    return verdict


def test_true_without_errors_is_acceptance() -> None:
    assert judge(told(result=True), LIVE) == Accepted()


def test_null_is_no_acceptance() -> None:
    assert judge(told(result=None), LIVE) == Outage(Fault.NOT_TRUE, "RESULT_NULL")


def test_false_is_no_acceptance() -> None:
    assert judge(told(result=False), LIVE) == Outage(Fault.NOT_TRUE, "RESULT_FALSE")


@pytest.mark.parametrize("result", [None, False])
def test_a_setting_counts_null_and_false_as_acceptance(result: bool | None) -> None:  # noqa: FBT001 -- GraphQL's Boolean
    assert judge(told(result=result), TRUSTING) == Accepted()


def test_no_setting_makes_an_unreadable_answer_acceptance() -> None:
    assert judge(unreadable(200), TRUSTING) == Outage(
        Fault.UNREADABLE, "HTTP 200", retry_after_s=3.0
    )


@pytest.mark.parametrize("status", [100, 199, 300, 404, 500])
def test_true_is_acceptance_with_a_2xx_only(status: int) -> None:
    assert isinstance(judge(told(result=True, status=status), TRUSTING), Outage)


def test_true_beside_an_error_is_no_acceptance() -> None:
    answer = Answer(200, readable=True, errors=[AnswerError("BAD_USER_INPUT", "no")], result=True)
    assert isinstance(judge(answer, LIVE), Refused)


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("BAD_USER_INPUT", Refusal.BAD_USER_INPUT), ("FORBIDDEN", Refusal.FORBIDDEN)],
)
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_a_refusal_is_told_by_its_code_whatever_the_status(
    code: str, refusal: Refusal, status: int
) -> None:
    assert judge(failed(code, status=status, message="why"), LIVE) == Refused(refusal, code, "why")


def test_bad_input_names_a_refusal_that_is_both() -> None:
    verdict = judge(failed("FORBIDDEN", "BAD_USER_INPUT"), PLAYGROUND)
    assert isinstance(verdict, Refused)
    assert verdict.refusal is Refusal.BAD_USER_INPUT


def test_a_code_is_matched_to_the_letter_before_it_refuses() -> None:
    assert judge(failed("Forbidden"), LIVE) == Outage(
        Fault.UNKNOWN_CODE, "Forbidden", retry_after_s=3.0
    )


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_a_refused_token_is_told_by_its_code(status: int) -> None:
    verdict = judge(failed("UNAUTHENTICATED", status=status, message="expired"), LIVE)
    assert verdict == Unauthenticated("expired")


@pytest.mark.parametrize(
    "code",
    [
        "RATE_LIMITED",
        "RATE_LIMIT_EXCEEDED",
        "RateLimited",
        "rate-limit",
        "TOO_MANY_REQUESTS",
        "TooManyRequests",
        "THROTTLED",
        "ThrottlingException",
    ],
)
@pytest.mark.parametrize("status", [200, 400, 429, 503])
def test_a_rate_limit_is_told_by_any_code_that_says_so(code: str, status: int) -> None:
    assert judge(failed(code, status=status), LIVE) == Throttled(3.0)


def test_a_setting_names_further_codes_of_a_rate_limit() -> None:
    policy = AnswerPolicy(throttle_codes=frozenset({"SLOW_DOWN"}))
    assert judge(failed("SLOW_DOWN"), policy) == Throttled(3.0)
    assert judge(failed("SLOW_DOWN"), LIVE) == Outage(
        Fault.UNKNOWN_CODE, "SLOW_DOWN", retry_after_s=3.0
    )


def test_a_server_fault_is_told_by_its_code() -> None:
    assert judge(failed("INTERNAL_SERVER_ERROR", message="oops"), LIVE) == Outage(
        Fault.SERVER_FAULT, "INTERNAL_SERVER_ERROR", "oops", 3.0
    )


@pytest.mark.parametrize(
    "code", ["GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "NEVER_SEEN", "429"]
)
def test_an_unknown_code_buries_nothing(code: str) -> None:
    verdict = judge(failed(code, "BAD_USER_INPUT"), LIVE)
    assert verdict == Outage(Fault.UNKNOWN_CODE, code, retry_after_s=3.0)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["BAD_USER_INPUT", "RATE_LIMITED", "UNAUTHENTICATED"], Unauthenticated),
        (["BAD_USER_INPUT", "INTERNAL_SERVER_ERROR", "RATE_LIMITED"], Throttled),
        (["BAD_USER_INPUT", "FORBIDDEN", "INTERNAL_SERVER_ERROR"], Outage),
        (["BAD_USER_INPUT", None], Outage),
        ([None, "UNAUTHENTICATED"], Unauthenticated),
    ],
)
def test_among_codes_the_one_that_says_least_about_the_records_decides(
    codes: list[str | None], expected: type
) -> None:
    assert isinstance(judge(failed(*codes), LIVE), expected)


def test_a_server_fault_is_named_before_an_unknown_code() -> None:
    verdict = judge(failed(None, "NEVER_SEEN", "INTERNAL_SERVER_ERROR"), LIVE)
    assert isinstance(verdict, Outage)
    assert verdict.fault is Fault.SERVER_FAULT


def test_an_error_without_a_code_is_unknown() -> None:
    assert judge(failed(None, message="what"), LIVE) == Outage(
        Fault.UNKNOWN_CODE, "NO_CODE", "what", 3.0
    )


def test_errors_without_any_code_leave_it_to_the_status() -> None:
    assert judge(failed(None, status=401), LIVE) == Unauthenticated("HTTP 401")


@pytest.mark.parametrize("answer", [unreadable(401), told(result=True, status=401)])
def test_401_refuses_the_token(answer: Answer) -> None:
    assert judge(answer, LIVE) == Unauthenticated("HTTP 401")


def test_413_refuses_the_request() -> None:
    assert judge(unreadable(413), LIVE) == Refused(Refusal.REQUEST_TOO_LARGE, "HTTP 413", "")


def test_413_with_a_code_is_what_the_code_says() -> None:
    assert isinstance(judge(failed("INTERNAL_SERVER_ERROR", status=413), LIVE), Outage)


def test_429_throttles() -> None:
    assert judge(unreadable(429), LIVE) == Throttled(3.0)
    assert judge(Answer(429, readable=False), LIVE) == Throttled(None)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
def test_408_and_5xx_are_server_faults(status: int) -> None:
    assert judge(unreadable(status), LIVE) == Outage(Fault.SERVER_FAULT, f"HTTP {status}", "", 3.0)


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 410, 422, 451, 499])
def test_another_4xx_without_a_code_is_no_refusal(status: int) -> None:
    assert judge(unreadable(status), LIVE) == Outage(Fault.UNKNOWN_CODE, f"HTTP {status}", "", 3.0)


@pytest.mark.parametrize("status", [100, 301, 302, 307, 308, 600, 999])
def test_a_status_that_is_no_answer_is_unreadable(status: int) -> None:
    assert judge(unreadable(status), LIVE) == Outage(Fault.UNREADABLE, f"HTTP {status}", "", 3.0)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_2xx_that_cannot_be_read_is_no_acceptance(status: int) -> None:
    verdict = judge(unreadable(status), LIVE)
    assert isinstance(verdict, Outage)
    assert verdict.fault is Fault.UNREADABLE


def test_forbidden_means_validated_in_the_playground() -> None:
    assert judge(failed("FORBIDDEN", "FORBIDDEN"), PLAYGROUND) == Accepted(validated_only=True)


def test_forbidden_beside_another_error_is_not_validated_in_the_playground() -> None:
    assert isinstance(judge(failed("FORBIDDEN", "BAD_USER_INPUT"), PLAYGROUND), Refused)
    assert isinstance(judge(failed("FORBIDDEN", None), PLAYGROUND), Outage)


def test_forbidden_without_a_2xx_is_not_validated_in_the_playground() -> None:
    assert isinstance(judge(failed("FORBIDDEN", status=403), PLAYGROUND), Refused)


@pytest.mark.parametrize(
    ("message", "culprits"),
    [
        ("/input/signals/17/token: Is not valid", {17}),
        ("/input/signals/17: Is not valid", {17}),
        ("/input/signals/0", {0}),
        ("Invalid: /input/signals/3/token, /input/signals/99/current/status", {3, 99}),
        ("see (/input/signals/5).", {5}),
        ("/input/token: Is not valid", set[int]()),
        ("/input/signals/seventeen/token", set[int]()),
        ("/input/signals/-1/token", set[int]()),
        ("/input/signals/017/token", set[int]()),
        ("/input/signals/17x/token", set[int]()),
        ("/other/input/signals/17/token", set[int]()),
        ("/input/signals/" + "9" * 3_000, set[int]()),
        ("/input/signals/\u0661\u0667/token", set[int]()),
        ("", set[int]()),
    ],
)
def test_pointers_name_the_culprits(message: str, culprits: set[int]) -> None:
    assert refused(message).culprits == culprits
    assert refused(message, "FORBIDDEN").culprits == culprits


def test_culprits_and_messages_of_all_errors_count() -> None:
    errors = [
        AnswerError("BAD_USER_INPUT", "/input/signals/1/token: Is not valid"),
        AnswerError("FORBIDDEN", "/input/signals/2: No relationship"),
        AnswerError("FORBIDDEN", "/input/signals/2: No relationship"),
    ]
    verdict = judge(Answer(200, readable=True, errors=errors), LIVE)
    assert verdict == Refused(
        Refusal.BAD_USER_INPUT,
        "BAD_USER_INPUT",
        "/input/signals/1/token: Is not valid; /input/signals/2: No relationship",
        frozenset({1, 2}),
    )


def test_a_refusals_message_is_bounded() -> None:
    errors = [AnswerError("BAD_USER_INPUT", f"{n}" * 4_000) for n in range(9)]
    verdict = judge(Answer(200, readable=True, errors=errors), LIVE)
    assert isinstance(verdict, Refused)
    assert len(verdict.message) == 4_096


codes = (
    st.none()
    | st.text(max_size=20)
    | st.sampled_from(
        ["UNAUTHENTICATED", "FORBIDDEN", "BAD_USER_INPUT", "INTERNAL_SERVER_ERROR", "RATE_LIMITED"]
    )
)
any_errors = st.lists(st.builds(AnswerError, codes, st.text(max_size=50)), max_size=4)
any_answer = st.builds(
    Answer,
    status=st.sampled_from([200, 204, 302, 400, 401, 403, 413, 429, 500]) | st.integers(0, 999),
    readable=st.booleans(),
    errors=any_errors,
    result=st.none() | st.booleans(),
    retry_after_s=st.none() | st.floats(0, 900),
)
any_policy = st.builds(AnswerPolicy, playground=st.booleans(), silence_is_acceptance=st.booleans())


@given(any_answer, any_policy)
def test_any_answer_has_a_verdict(answer: Answer, policy: AnswerPolicy) -> None:
    verdict = judge(answer, policy)
    assert isinstance(verdict, Accepted | Refused | Throttled | Unauthenticated | Outage)
    assert not isinstance(verdict, NotStarted)


@given(any_answer, any_policy)
def test_only_a_readable_2xx_without_errors_is_accepted(
    answer: Answer, policy: AnswerPolicy
) -> None:
    if judge(answer, policy) == Accepted():
        assert 200 <= answer.status <= 299
        assert answer.readable
        assert not answer.errors
        assert answer.result is True or policy.silence_is_acceptance


@given(any_answer, any_policy)
def test_validated_is_of_the_playground_only(answer: Answer, policy: AnswerPolicy) -> None:
    if judge(answer, policy) == Accepted(validated_only=True):
        assert policy.playground
        assert {error.code for error in answer.errors} == {"FORBIDDEN"}


@given(any_answer, any_policy)
def test_only_refusals_refuse(answer: Answer, policy: AnswerPolicy) -> None:
    if isinstance(judge(answer, policy), Refused):
        codes = {error.code for error in answer.errors}
        assert answer.status == 413 or codes
        assert codes <= {"BAD_USER_INPUT", "FORBIDDEN", None}
        assert answer.status == 413 or None not in codes
