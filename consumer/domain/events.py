"""The decoded facts: what an ATS says has happened.

All times are milliseconds since the epoch (UTC), as Avro's `timestamp-millis` carries them.
For each record its fields are decoded and mapped as a plain tuple, in the order they have here:
that costs half as much to make and to take apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from consumer.domain.standings import Standing

State: TypeAlias = tuple[Standing, int | None]
"""A state of an application or a position (contract 1.4), and when it took effect; only a previous
state may lack that."""


class ApplicationStatusChanged(NamedTuple):
    event_id: str
    application_id: str
    hirer_id: str | None
    occurred_at_ms: int
    seek_token: str | None
    seek_token_issued_at_ms: int | None
    candidate_application_profile_id: str | None
    position_profile_ids: Sequence[str]
    current: State
    previous: State | None


class PositionStatusChanged(NamedTuple):
    event_id: str
    position_id: str
    hirer_id: str | None
    occurred_at_ms: int
    position_profile_ids: Sequence[str]
    current: State
    previous: State | None


class ApplicationCompleted(NamedTuple):
    event_id: str
    application_id: str
    hirer_id: str | None
    occurred_at_ms: int
    seek_token: str | None
    seek_token_issued_at_ms: int | None
    completed_at_ms: int


Event: TypeAlias = ApplicationStatusChanged | PositionStatusChanged | ApplicationCompleted
