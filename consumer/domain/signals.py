"""What a record comes to before it is sent: a signal, a skip, or a rejection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias, cast


class TypeCode(StrEnum):
    """The three kinds of signal that SEEK documents (contract 1.3)."""

    APPLICATION_COMPLETE = "ApplicationComplete"
    APPLICATION_STATUS_UPDATE = "ApplicationStatusUpdate"
    POSITION_STATUS_UPDATE = "PositionStatusUpdate"


class SkipReason(StrEnum):
    """Why a record is of no concern to SEEK. Codes never change meaning."""

    TOMBSTONE = "tombstone"
    NOT_FROM_SEEK = "not_from_seek"
    """An application without a seek-token and without a SEEK application id."""
    NOT_ADVERTISED = "not_advertised"
    """A position without a SEEK job ad."""
    IGNORED_TYPE = "ignored_type"
    """A record type that the setting `ignore_types` names."""


class Stage(StrEnum):
    """Where a record was found to be poison."""

    DECODE = "decode"
    MAP = "map"
    SEND = "send"


class Reason(StrEnum):
    """Why a record never reached SEEK; the dead letter's class. Codes never change meaning."""

    # Found while decoding.
    TOO_LARGE = "too_large"
    NO_BYTES = "no_bytes"
    BAD_FRAMING = "bad_framing"
    UNKNOWN_SCHEMA = "unknown_schema"
    INCOMPATIBLE_SCHEMA = "incompatible_schema"
    UNDECODABLE = "undecodable"
    UNKNOWN_RECORD_TYPE = "unknown_record_type"
    # Found while mapping.
    BLANK_EVENT_ID = "blank_event_id"
    BLANK_SUBJECT = "blank_subject"
    BLANK_TOKEN = "blank_token"  # noqa: S105 -- a reason's code, no secret
    TOKEN_WHITESPACE = "token_whitespace"  # noqa: S105 -- a reason's code, no secret
    BLANK_PROFILE_ID = "blank_profile_id"
    BLANK_LABEL = "blank_label"
    WRONG_ENVIRONMENT = "wrong_environment"
    BAD_TIME = "bad_time"
    """A current state without a time, or a time outside the years 0000 to 9999 of RFC 3339."""

    @property
    def stage(self) -> Stage:
        return Stage.DECODE if self in _DECODE_REASONS else Stage.MAP


_DECODE_REASONS = frozenset(
    {
        Reason.TOO_LARGE,
        Reason.NO_BYTES,
        Reason.BAD_FRAMING,
        Reason.UNKNOWN_SCHEMA,
        Reason.INCOMPATIBLE_SCHEMA,
        Reason.UNDECODABLE,
        Reason.UNKNOWN_RECORD_TYPE,
    }
)


class Warn(StrEnum):
    """Sent all the same, since SEEK is not known to refuse it, but counted (P10)."""

    INDEX_OUTSIDE_RANGE = "index_outside_range"
    FUTURE_TIME = "future_time"
    TOKEN_NEAR_EXPIRY = "token_near_expiry"  # noqa: S105 -- a warning's code, no secret
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 -- a warning's code, no secret
    TWO_IDENTIFIERS = "two_identifiers"
    PREVIOUS_WITHOUT_TIME = "previous_without_time"


@dataclass(slots=True)
class Signal:
    """One `SendSignalInput`, encoded once, so that a repeat is the same bytes (P9).

    No `NamedTuple`: each look at a field of one takes ten times as long, and there are eight.
    """

    type_code: TypeCode
    subject: str
    """`application:<id>` or `position:<id>`: what order is kept for (P3)."""
    hirer_id: str | None
    occurred_at_ms: int
    body: bytes
    """The JSON of exactly the GraphQL input object, its keys in a fixed order."""
    warnings: tuple[Warn, ...]


def signal_of(
    type_code: TypeCode,
    subject: str,
    hirer_id: str | None,
    occurred_at_ms: int,
    body: bytes,
    warnings: Iterable[Warn],
) -> Signal:
    """In half of the time that calling the class takes: one is made for nearly every record."""
    signal = _blank(Signal)
    signal.type_code, signal.subject, signal.hirer_id = type_code, subject, hirer_id
    signal.occurred_at_ms, signal.body, signal.warnings = occurred_at_ms, body, tuple(warnings)
    return signal


_blank: Final = cast("Callable[[type[Signal]], Signal]", object.__new__)


class Skipped(NamedTuple):
    """Settled without SEEK: normal, and counted."""

    reason: SkipReason


class Rejected(NamedTuple):
    """Poison: no retry helps, so the record becomes a dead letter.

    `detail` may quote the input: it belongs to the dead letter, never to a log.
    """

    reason: Reason
    detail: str


Mapped: TypeAlias = Signal | Skipped | Rejected
