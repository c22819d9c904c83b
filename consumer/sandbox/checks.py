"""What SEEK checks beyond its types (contract 1.3, 2.2, 2.5, 10). Pure.

The order: a value of the wrong environment spoils the whole request, so it is looked
for first; then the size of the batch; then each signal, whose first problem counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from consumer.sandbox.documents import BATCH_FIELD
from consumer.sandbox.json_values import JsonObject, as_text, listed

MOST_SIGNALS: Final = 100
BAD_USER_INPUT: Final = "BAD_USER_INPUT"
NOT_VALID: Final = "Is not valid"
REQUIRED: Final = "Is required"

PLAYGROUND_MARKS: Final = ("globalPublicTest", "seekAnzPublicTest")
"""Schemes of the Playground's tokens and ids (contract 2.6)."""

OLD_SCHEMES: Final = ("global", "globalPublicTest")
"""Of the deprecated `sendApplicationSignal`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a signal is refused."""

    index: int | None
    """None: the batch as a whole."""
    field: str
    text: str
    code: str = BAD_USER_INPUT
    pointed: bool = True


def message(problem: Problem, operation: str, *, pointed: bool) -> str:
    """`/input/signals/3/token: Is not valid`, or only its last part."""
    if not (pointed and problem.pointed):
        return problem.text
    batch = ["signals"] if operation == BATCH_FIELD else []
    index = [str(problem.index)] if batch and problem.index is not None else []
    return f"/{'/'.join(['input', *batch, *index, *filter(None, [problem.field])])}: {problem.text}"


def belongs_elsewhere(signals: Sequence[JsonObject], *, playground: bool) -> bool:
    """Whether a token or id is of the other environment than the bearer."""
    return any(
        value.startswith(PLAYGROUND_MARKS) is not playground
        for signal in signals
        for value in _identifiers(signal)
        if _is_whole(value)
    )


def problems(operation: str, signals: Sequence[JsonObject]) -> list[Problem]:
    """At most one for each signal; none means that SEEK would take the batch."""
    if operation == BATCH_FIELD and not signals:
        return [Problem(None, "", "Must have at least 1 item")]
    if len(signals) > MOST_SIGNALS:
        return [Problem(None, "", f"Must not have more than {MOST_SIGNALS} items")]
    check = _old_signal if operation == "sendApplicationSignal" else _signal
    found = ((index, check(signal)) for index, signal in enumerate(signals))
    return [Problem(index, *fault) for index, fault in found if fault is not None]


def _identifiers(signal: JsonObject) -> Iterator[str]:
    lone = (signal.get("token"), signal.get("candidateApplicationProfileId"))
    for value in (*lone, *listed(signal.get("positionProfileIds"))):
        if isinstance(value, str):
            yield value
    if isinstance(scheme := signal.get("schemeId"), str):
        yield scheme


def _is_whole(value: object) -> bool:
    """Not blank, and without any white space."""
    return isinstance(value, str) and value.split() == [value]


def _signal(signal: JsonObject) -> tuple[str, str] | None:
    malformed = _malformed(signal)
    if malformed is not None:
        return malformed, NOT_VALID
    match signal.get("typeCode"):
        case "ApplicationComplete":
            return _application_complete(signal)
        case "ApplicationStatusUpdate":
            return _application_status(signal) or _state(signal)
        case "PositionStatusUpdate":
            return _position_status(signal) or _state(signal)
        case _:
            return "typeCode", NOT_VALID


def _malformed(signal: JsonObject) -> str | None:
    """The first field with an identifier that is blank or has white space."""
    for name in ("token", "candidateApplicationProfileId"):
        if signal.get(name) is not None and not _is_whole(signal[name]):
            return name
    ids = signal.get("positionProfileIds")
    if isinstance(ids, str):
        return None if _is_whole(ids) else "positionProfileIds"
    wrong = (index for index, value in enumerate(listed(ids)) if not _is_whole(value))
    return next((f"positionProfileIds/{index}" for index in wrong), None)


def _application_complete(signal: JsonObject) -> tuple[str, str] | None:
    if signal.get("token") is None:
        return "token", REQUIRED
    return _foreign(signal, "candidateApplicationProfileId")


def _application_status(signal: JsonObject) -> tuple[str, str] | None:
    """One of the two: the token of an external application, or an Optimised Apply's id."""
    if signal.get("candidateApplicationProfileId") is not None:
        return _foreign(signal, "token")
    return ("token", REQUIRED) if signal.get("token") is None else None


def _position_status(signal: JsonObject) -> tuple[str, str] | None:
    if not listed(signal.get("positionProfileIds")):
        return "positionProfileIds", REQUIRED
    return _foreign(signal, "token") or _foreign(signal, "candidateApplicationProfileId")


def _foreign(signal: JsonObject, field: str) -> tuple[str, str] | None:
    return None if signal.get(field) is None else (field, "Is not allowed here")


def _state(signal: JsonObject) -> tuple[str, str] | None:
    return ("current", REQUIRED) if signal.get("current") is None else None


def _old_signal(signal: JsonObject) -> tuple[str, str] | None:
    if as_text(signal.get("schemeId")) not in OLD_SCHEMES:
        return "schemeId", NOT_VALID
    if not _is_whole(signal.get("token")):
        return "token", NOT_VALID
    return None if signal.get("typeCode") == "ApplicationComplete" else ("typeCode", NOT_VALID)
