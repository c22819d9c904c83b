"""The words in which a landed request is told to whoever watches."""

from __future__ import annotations

from typing import Final

from consumer.delivery.lanes import Batch
from consumer.delivery.verdicts import (
    Accepted,
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
    )


def unknown_code(outage: Outage) -> UnknownCode:
    """Statuses are a closed set, SEEK's own codes are not."""
    name, _, status = outage.code.partition(" ")
    known = name == "HTTP" and status.isdecimal()
    return UnknownCode(f"http_{status}" if known else "other", outage.plain_code)


def _words(verdict: Verdict) -> tuple[str, str]:
    """The outcome and a code from a closed set: SEEK's free text never becomes a label."""
    match verdict:
        case Refused():
            return "refused", verdict.refusal.value
        case Outage():
            return "outage", verdict.fault.value
        case Accepted() if verdict.validated_only:
            return "validated", "none"
        case _:
            return _OUTCOMES[type(verdict)], "none"


_OUTCOMES: Final[dict[type[Verdict], str]] = {
    Accepted: "accepted",
    Throttled: "throttled",
    Unauthenticated: "unauthenticated",
    NotStarted: "not_started",
}
