"""The table of design 4: what an answer of SEEK means. One pure function."""

from __future__ import annotations

import re
from collections.abc import Sequence

from consumer.delivery.verdicts import (
    Accepted,
    Answer,
    AnswerError,
    AnswerPolicy,
    Fault,
    Outage,
    Refusal,
    Refused,
    Throttled,
    Unauthenticated,
    Verdict,
)

_UNAUTHENTICATED = "UNAUTHENTICATED"
_SERVER_FAULT = "INTERNAL_SERVER_ERROR"
_REFUSALS = {"BAD_USER_INPUT": Refusal.BAD_USER_INPUT, "FORBIDDEN": Refusal.FORBIDDEN}
_NO_CODE = "NO_CODE"

_THROTTLING = ("RATELIMIT", "TOOMANYREQUESTS", "THROTTL")
"""Contract 4.2 leaves the literal code open, so whatever contains one of these says it:
RATE_LIMITED, RateLimitExceeded, TOO_MANY_REQUESTS, Throttled, ThrottlingException, …"""

_POINTER = re.compile(r"(?<![\w/])/input/signals/(0|[1-9][0-9]{0,5})(?!\w)")
"""A JSON Pointer into the variables (contract 4.3). Six digits: SEEK takes 100 signals, and
a number that long is none of ours, whatever it is."""

_MAX_MESSAGE = 4_096


def judge(answer: Answer, policy: AnswerPolicy) -> Verdict:
    """What `answer` means for the whole request. Total: any answer has a verdict.

    A readable code decides before the status, since SEEK tells failure by
    `errors[].extensions.code` (contract 4.1). Where no error carries a code the status
    decides. Acceptance needs a 2xx in any case.
    """
    if any(error.code is not None for error in answer.errors):
        return _by_codes(answer, policy)
    if _is_success(answer.status):
        return _by_result(answer, policy)
    return _by_status(answer)


def _by_codes(answer: Answer, policy: AnswerPolicy) -> Verdict:
    """By the code that says least about the records: a refusal counts only when every
    error is one, so that no fault of SEEK or of ours buries a record (P6)."""
    for error in answer.errors:
        if error.code == _UNAUTHENTICATED:
            return Unauthenticated(error.message)
    for error in answer.errors:
        if error.code is not None and _says_throttled(error.code, policy):
            return Throttled(answer.retry_after_s)
    faults = [error for error in answer.errors if error.code not in _REFUSALS]
    if faults:
        named = (error for error in faults if error.code == _SERVER_FAULT)
        return _fault(next(named, faults[0]), answer)
    return _refusal(answer, policy)


def _says_throttled(code: str, policy: AnswerPolicy) -> bool:
    if code in policy.throttle_codes:
        return True
    plain = "".join(filter(str.isalnum, code)).upper()
    return any(word in plain for word in _THROTTLING)


def _fault(error: AnswerError, answer: Answer) -> Outage:
    fault = Fault.SERVER_FAULT if error.code == _SERVER_FAULT else Fault.UNKNOWN_CODE
    return Outage(fault, error.code or _NO_CODE, error.message, answer.retry_after_s)


def _refusal(answer: Answer, policy: AnswerPolicy) -> Verdict:
    """Every error is a refusal. Bad input names the refusal when both kinds are there: it is
    what the publisher can mend, and the Playground adds FORBIDDEN to everything."""
    codes = {error.code for error in answer.errors}
    if policy.playground and codes == {"FORBIDDEN"} and _is_success(answer.status):
        return Accepted(validated_only=True)
    code = "BAD_USER_INPUT" if "BAD_USER_INPUT" in codes else "FORBIDDEN"
    return Refused(_REFUSALS[code], code, _messages(answer.errors), _culprits(answer.errors))


def _messages(errors: Sequence[AnswerError]) -> str:
    distinct = dict.fromkeys(error.message for error in errors if error.message)
    return "; ".join(distinct)[:_MAX_MESSAGE]


def _culprits(errors: Sequence[AnswerError]) -> frozenset[int]:
    return frozenset(
        int(found[1]) for error in errors for found in _POINTER.finditer(error.message)
    )


def _by_result(answer: Answer, policy: AnswerPolicy) -> Verdict:
    if answer.errors:
        return _fault(answer.errors[0], answer)
    if not answer.readable:
        return Outage(Fault.UNREADABLE, _http(answer), retry_after_s=answer.retry_after_s)
    if answer.result is True or policy.silence_is_acceptance:
        return Accepted()
    code = "RESULT_NULL" if answer.result is None else "RESULT_FALSE"
    return Outage(Fault.NOT_TRUE, code, retry_after_s=answer.retry_after_s)


def _by_status(answer: Answer) -> Verdict:
    """Only 413 is about the records; every other status may come from a gateway on the way,
    which has not looked at them."""
    match answer.status:
        case 401:
            return Unauthenticated(_http(answer))
        case 413:
            return Refused(Refusal.REQUEST_TOO_LARGE, _http(answer), "")
        case 429:
            return Throttled(answer.retry_after_s)
        case _:
            return Outage(_status_fault(answer.status), _http(answer), "", answer.retry_after_s)


def _status_fault(status: int) -> Fault:
    """Other 4xx count as codes that we do not know rather than as unreadable: a firewall that
    answers 403 to one record's words makes that record sick, and it must not be held for
    ever. A redirect is no answer of SEEK's: it is never followed."""
    if status == 408 or 500 <= status <= 599:  # noqa: PLR2004 -- HTTP's own numbers
        return Fault.SERVER_FAULT
    return Fault.UNKNOWN_CODE if 400 <= status <= 499 else Fault.UNREADABLE  # noqa: PLR2004 -- HTTP's own numbers


def _is_success(status: int) -> bool:
    return 200 <= status <= 299  # noqa: PLR2004 -- HTTP's own numbers


def _http(answer: Answer) -> str:
    return f"HTTP {answer.status}"
