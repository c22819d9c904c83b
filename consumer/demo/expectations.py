"""What the demo publishes, and what it expects to become of each record.

Expectations are written down before anything is sent, by code that knows nothing of the
consumer's mapping, so that the balance sheet compares two accounts and not one with itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeAlias, cast

from consumer.domain.signals import SkipReason


class Kind(StrEnum):
    """The `type` of an event, and the name of its schema."""

    APPLICATION_STATUS_CHANGED = "application_status_changed"
    POSITION_STATUS_CHANGED = "position_status_changed"
    APPLICATION_COMPLETED = "application_completed"


class SignalKey(NamedTuple):
    """The content by which a signal is known again in SEEK's journal."""

    type_code: str
    identifier: str
    """The profile id, else the token, else the position's ad ids, sorted, with commas."""
    label: str
    timestamp_ms: int


class ToBeAccepted(NamedTuple):
    signal: SignalKey


class ToBeSkipped(NamedTuple):
    reason: SkipReason


class ToBeBuried(NamedTuple):
    """`reason` is the dead letter's class: a `Reason` or a `Refusal`."""

    reason: str


Expectation: TypeAlias = ToBeAccepted | ToBeSkipped | ToBeBuried


class CutShort(NamedTuple):
    """A value that is encoded as it should be, then loses its second half on the way."""

    fields: Mapping[str, object]


Value: TypeAlias = Mapping[str, object] | CutShort | bytes | None
"""An event's fields, to be encoded; or bytes to be written as they are; or a tombstone."""


class DemoEvent(NamedTuple):
    kind: Kind
    """Says which topic it goes to."""
    key: str
    """The id of the application or position."""
    value: Value
    expectation: Expectation


def signal_key(fields: Mapping[str, object]) -> SignalKey:
    """The key of one `SendSignalInput`, as SEEK got it.

    Raises `ValueError` for what is not one: the journal is SEEK's word, and a word that
    cannot be read must not pass for an agreement.
    """
    match fields:
        case {"typeCode": str(type_code), "timestamp": str(time)}:
            return SignalKey(type_code, _identifier(fields), "", _ms(time))
        case {
            "typeCode": str(type_code),
            "current": {"status": {"label": str(label)}, "timestamp": str(time)},
        }:
            return SignalKey(type_code, _identifier(fields), label, _ms(time))
        case _:
            msg = "the journal holds something that is no signal"
            raise ValueError(msg)


def _identifier(fields: Mapping[str, object]) -> str:
    for name in ("candidateApplicationProfileId", "token"):
        match fields.get(name):
            case str(identifier):
                return identifier
            case _:
                continue
    ids = cast("Sequence[object]", fields.get("positionProfileIds", ()))
    return ad_ids_identifier([str(each) for each in ids])


def ad_ids_identifier(ids: Sequence[str]) -> str:
    return ",".join(sorted(ids))


def _ms(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)
