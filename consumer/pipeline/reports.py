"""The words in which a landed request is told to whoever watches."""

from __future__ import annotations

import re
from typing import Final

from consumer.delivery.lanes import Batch
from consumer.delivery.verdicts import (
    Accepted,
    Fault,
    NotStarted,
    Outage,
    Refused,
    Throttled,
    Unauthenticated,
    Verdict,
)
from consumer.observed import RequestLanded, UnknownCode
from consumer.ports import Landed


def landed_request(landed: Landed, batch: Batch) -> RequestLanded:
    outcome, code = _words(landed.verdict)
    return RequestLanded(
        outcome=outcome,
        code=code,
        signals=len(batch.parcels),
        seconds=landed.seconds,
        request_id=landed.request_id,
        batch_id=landed.batch_id,
        isolating=batch.isolation is not None,
        trace_id=landed.trace_id,
    )


def unknown_code(outage: Outage) -> UnknownCode:
    """Statuses are a closed set, SEEK's own codes are not."""
    return UnknownCode(_status_code(outage) or "other", outage.plain_code)


def _words(verdict: Verdict) -> tuple[str, str]:
    """The outcome and a code from a closed set: SEEK's free text never becomes a label."""
    match verdict:
        case Refused():
            return "refused", verdict.refusal.value
        case Outage():
            return "outage", _outage_code(verdict)
        case Accepted() if verdict.validated_only:
            return "validated", "none"
        case _:
            return _OUTCOMES[type(verdict)], "none"


def _outage_code(outage: Outage) -> str:
    """What SEEK said where it is of a closed set; else what kind of outage it is."""
    if outage.fault not in _SAID_BY_SEEK:
        return outage.fault.value
    return _SAID.get(outage.code) or _status_code(outage) or outage.fault.value


def _status_code(outage: Outage) -> str:
    found = _STATUS.fullmatch(outage.code)
    return "" if found is None else f"http_{found[1]}"


_STATUS: Final = re.compile("HTTP ([1-5][0-9]{2})")
_SAID_BY_SEEK: Final = {Fault.SERVER_FAULT, Fault.UNKNOWN_CODE}
"""Of the other faults a status is that of a good answer, or of the token's endpoint."""
_SAID: Final = {"INTERNAL_SERVER_ERROR": "internal_server_error"}

_OUTCOMES: Final[dict[type[Verdict], str]] = {
    Accepted: "accepted",
    Throttled: "throttled",
    Unauthenticated: "unauthenticated",
    NotStarted: "not_started",
}
