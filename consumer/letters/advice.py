"""What to do about a dead letter, by its class. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consumer.delivery.verdicts import Fault, Refusal
from consumer.domain.signals import Reason
from consumer.letters.letter import FOREIGN, UNREADABLE

_PUBLISHER: Final = (
    "The record itself is wrong, so a replay fails again. Have the publisher mend it and publish "
    "the state anew, then purge this letter."
)
_WAIT_FOR_SEEK: Final = (
    "SEEK failed on this signal alone. Its rule is to retry until successful: replay by schedule "
    f"(dlq replay --class {Fault.SERVER_FAULT.value} --class {Fault.UNKNOWN_CODE.value} --yes). "
    "If it goes on for days, give SEEK the request id."
)

ADVICE: Final[Mapping[str, str]] = {
    Reason.TOO_LARGE: "Larger than SEEK_SIGNALS_RECORD_BYTES_MAX. Raise that if the record is "
    "right, restart the service, replay.",
    Reason.NO_BYTES: _PUBLISHER,
    Reason.BAD_FRAMING: "Not written by a serializer with a schema registry. " + _PUBLISHER,
    Reason.UNKNOWN_SCHEMA: "The registry does not know the writer's schema. Register it under its "
    "id (or point SCHEMA_REGISTRY_URL at the right registry), then replay.",
    Reason.INCOMPATIBLE_SCHEMA: "The writer's schema does not resolve to ours: the message names "
    "the fields. If a newer version of this service reads it, deploy that and replay.",
    Reason.UNDECODABLE: "The bytes do not fit their schema. " + _PUBLISHER,
    Reason.UNKNOWN_RECORD_TYPE: "A type that nobody listed. If it is of no concern to SEEK, name "
    "it in SEEK_SIGNALS_IGNORE_TYPES and replay: it is then skipped.",
    Reason.WRONG_ENVIRONMENT: "A Playground id on live SEEK, or the reverse. If the publisher is "
    "on the wrong environment, mend it; if this service is, set SEEK_AUDIENCE, restart, replay.",
    Refusal.BAD_USER_INPUT: "SEEK refuses the signal: its message says what. Mend the cause (often "
    "a token that never existed), then replay; if the record itself is wrong, purge.",
    Refusal.FORBIDDEN: "This hirer has no relationship with you at SEEK (or lost it). Have it "
    "granted, then replay with --hirer.",
    Refusal.REQUEST_TOO_LARGE: "SEEK takes no request of this size. " + _PUBLISHER,
    Fault.SERVER_FAULT: _WAIT_FOR_SEEK,
    Fault.UNKNOWN_CODE: _WAIT_FOR_SEEK,
    FOREIGN: "Written by another program: the code is its exception. A replay hands the record to "
    "this service.",
    UNREADABLE: "Its headers do not say where it came from or why. Look at the value; replay it if "
    "it is an event of yours, else purge it.",
}


def advice_on(reason: str) -> str:
    return ADVICE.get(reason, _PUBLISHER)
