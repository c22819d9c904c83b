"""What a status change means to SEEK: the business table, and nothing else.

Faithful (P10): labels, places and times pass through as they came. Refused here is
only what SEEK is documented to refuse (contract 10); what it may not like is sent, with
a warning; what does not concern it is skipped.

The order of checks, so that a record has one answer: ids of the event, identifiers,
whether it concerns SEEK at all, states and times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from consumer.domain.bodies import encoded
from consumer.domain.events import (
    ApplicationCompleted,
    ApplicationStatusChanged,
    Event,
    PositionStatusChanged,
    State,
)
from consumer.domain.identifiers import (
    are_usual,
    bad_profile_id,
    bad_profile_ids,
    bad_token,
    nameless,
)
from consumer.domain.signals import (
    Mapped,
    Reason,
    Rejected,
    Skipped,
    SkipReason,
    TypeCode,
    Warn,
    signal_of,
)
from consumer.domain.timestamps import MAX_MS, MIN_MS, rfc3339

_MS_PER_DAY: Final = 86_400_000
_UNWRITABLE: Final = "is outside the years 0000 to 9999; is its unit milliseconds?"
# Bound here: looking a member up takes as long as all checks of identifiers.
_APPLICATION_STATUS_UPDATE: Final = TypeCode.APPLICATION_STATUS_UPDATE
_POSITION_STATUS_UPDATE: Final = TypeCode.POSITION_STATUS_UPDATE
_APPLICATION_COMPLETE: Final = TypeCode.APPLICATION_COMPLETE


def _begun(type_code: TypeCode, field: str) -> str:
    return f'{{"typeCode":"{type_code}","{field}":'


_UPDATE_BY_TOKEN: Final = _begun(_APPLICATION_STATUS_UPDATE, "token")
_UPDATE_BY_PROFILE_ID: Final = _begun(_APPLICATION_STATUS_UPDATE, "candidateApplicationProfileId")
_ADS: Final = ',"positionProfileIds":'
_POSITION_UPDATE: Final = _begun(_POSITION_STATUS_UPDATE, "positionProfileIds")
_COMPLETE: Final = _begun(_APPLICATION_COMPLETE, "token")


@dataclass(frozen=True, slots=True)
class MappingPolicy:
    playground: bool
    """Follows from the OAuth audience and nothing else (design 4)."""

    job_ads_on_external: bool = True
    """`positionProfileIds` beside the token: SEEK's guides show it, its schema page does not
    ask for it (contract 8.1), and the types allow it."""

    future_tolerance_ms: int = 300_000
    """Five minutes: clocks that are kept by NTP differ by less, a wrong time zone by more."""

    token_lifetime_ms: int = 180 * _MS_PER_DAY
    """Contract 2.5. SEEK swallows an older token without an error."""

    token_near_expiry_ms: int = 14 * _MS_PER_DAY
    """So long before: what is said of the candidate after that will have no effect."""


MapFields: TypeAlias = Callable[[Any, MappingPolicy, int], Mapped]


def map_event(event: Event, policy: MappingPolicy, now_ms: int) -> Mapped:
    """Pure. `now_ms` (wall clock) decides warnings only, never what is sent (P9)."""
    return mapping_of(type(event))(event, policy, now_ms)


def mapping_of(kind: type[Event]) -> MapFields:
    """The same, of the fields of such an event."""
    return _MAPS[kind]


def _application_status_update(
    fields: ApplicationStatusChanged, policy: MappingPolicy, now_ms: int
) -> Mapped:
    (
        event_id,
        application_id,
        hirer_id,
        occurred_at_ms,
        token,
        issued_at_ms,
        profile_id,
        ads,
        current,
        previous,
    ) = fields
    playground = policy.playground
    told = b"" if token is None else encoded(token)
    if playground or not are_usual(event_id, application_id, token, told, profile_id, ads):
        refusal = (
            nameless(event_id, application_id)
            or (None if token is None else bad_token(token, playground=playground))
            or (None if profile_id is None else bad_profile_id(profile_id, playground=playground))
            or bad_profile_ids(ads, playground=playground)
        )
        if refusal is not None:
            return refusal
    warnings: list[Warn] = []
    places = ""
    if profile_id is not None:
        who = f"{_UPDATE_BY_PROFILE_ID}{encoded(profile_id).decode()}"
        if token is not None:
            warnings.append(Warn.TWO_IDENTIFIERS)
    elif token is not None:
        who = f"{_UPDATE_BY_TOKEN}{told.decode()}"
        if ads and policy.job_ads_on_external:
            places = f"{_ADS}{encoded(ads).decode()}"
        _warn_of_age(issued_at_ms, policy, now_ms, warnings)
    else:
        return Skipped(SkipReason.NOT_FROM_SEEK)
    states = _states(current, previous, now_ms + policy.future_tolerance_ms, warnings)
    if not isinstance(states, str):
        return states
    return signal_of(
        _APPLICATION_STATUS_UPDATE,
        f"application:{application_id}",
        hirer_id,
        occurred_at_ms,
        f"{who}{places}{states}".encode(),
        warnings,
    )


def _position_status_update(
    fields: PositionStatusChanged, policy: MappingPolicy, now_ms: int
) -> Mapped:
    event_id, position_id, hirer_id, occurred_at_ms, ads, current, previous = fields
    refusal = nameless(event_id, position_id) or bad_profile_ids(ads, playground=policy.playground)
    if refusal is not None:
        return refusal
    if not ads:
        return Skipped(SkipReason.NOT_ADVERTISED)
    warnings: list[Warn] = []
    states = _states(current, previous, now_ms + policy.future_tolerance_ms, warnings)
    if not isinstance(states, str):
        return states
    return signal_of(
        _POSITION_STATUS_UPDATE,
        f"position:{position_id}",
        hirer_id,
        occurred_at_ms,
        f"{_POSITION_UPDATE}{encoded(ads).decode()}{states}".encode(),
        warnings,
    )


def _application_complete(
    fields: ApplicationCompleted, policy: MappingPolicy, now_ms: int
) -> Mapped:
    event_id, application_id, hirer_id, occurred_at_ms, token, issued_at_ms, completed_ms = fields
    refusal = nameless(event_id, application_id) or (
        None if token is None else bad_token(token, playground=policy.playground)
    )
    if refusal is not None:
        return refusal
    if token is None:
        return Skipped(SkipReason.NOT_FROM_SEEK)
    if not MIN_MS <= completed_ms <= MAX_MS:
        return Rejected(Reason.BAD_TIME, f"completedAt: {completed_ms} ms {_UNWRITABLE}")
    warnings: list[Warn] = []
    _warn_of_age(issued_at_ms, policy, now_ms, warnings)
    if completed_ms > now_ms + policy.future_tolerance_ms:
        warnings.append(Warn.FUTURE_TIME)
    body = f'{_COMPLETE}{encoded(token).decode()},"timestamp":"{rfc3339(completed_ms)}"}}'
    return signal_of(
        _APPLICATION_COMPLETE,
        f"application:{application_id}",
        hirer_id,
        occurred_at_ms,
        body.encode(),
        warnings,
    )


_MAPS: Final[Mapping[type[Event], MapFields]] = {
    ApplicationStatusChanged: _application_status_update,
    PositionStatusChanged: _position_status_update,
    ApplicationCompleted: _application_complete,
}


def _states(
    current: State, previous: State | None, latest_ms: int, warnings: list[Warn]
) -> str | Rejected:
    """`current` and, when it can be sent, `previous`, and the end of the signal."""
    now, began_ms = current
    if began_ms is None or not MIN_MS <= began_ms <= MAX_MS:
        return _bad_time(began_ms)
    if now.blank:
        return Rejected(Reason.BLANK_LABEL, f"current.{now.blank}.label is blank")
    odd, late, before = now.odd, began_ms > latest_ms, ""
    if previous is not None:
        it, ended_ms = previous
        if ended_ms is None or not MIN_MS <= ended_ms <= MAX_MS:
            warnings.append(Warn.PREVIOUS_WITHOUT_TIME)
        elif it.blank:
            return Rejected(Reason.BLANK_LABEL, f"previous.{it.blank}.label is blank")
        else:
            before = f',"previous":{it.before}{rfc3339(ended_ms)}{it.after}'
            odd, late = odd or it.odd, late or ended_ms > latest_ms
    if odd:
        warnings.append(Warn.INDEX_OUTSIDE_RANGE)
    if late:
        warnings.append(Warn.FUTURE_TIME)
    return f',"current":{now.before}{rfc3339(began_ms)}{now.after}{before}}}'


def _bad_time(timestamp_ms: int | None) -> Rejected:
    if timestamp_ms is None:
        return Rejected(Reason.BAD_TIME, "current.timestamp is missing")
    return Rejected(Reason.BAD_TIME, f"current.timestamp: {timestamp_ms} ms {_UNWRITABLE}")


def _warn_of_age(
    issued_at_ms: int | None, policy: MappingPolicy, now_ms: int, warnings: list[Warn]
) -> None:
    if issued_at_ms is None:
        return
    left_ms = issued_at_ms + policy.token_lifetime_ms - now_ms
    if left_ms < 0:
        warnings.append(Warn.TOKEN_EXPIRED)
    elif left_ms < policy.token_near_expiry_ms:
        warnings.append(Warn.TOKEN_NEAR_EXPIRY)
