"""Which identifiers and tokens may go to SEEK (contract 2.5, 2.6).

A token or id that is present has to be sound, whether or not it is the one that will be
sent: a publisher that fills it with blanks has a defect that somebody should see.
Each check gives a rejection, or None.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from consumer.domain.signals import Reason, Rejected

_PLAYGROUND_MARK: Final = "PublicTest"
_PLAYGROUND: Final = re.compile(r"[A-Za-z]*PublicTest[:-]")
"""Schemes of the Playground: `seekAnzPublicTest:…`, `globalPublicTest-…` (contract 2.6)."""
_LIVE: Final = ("seekAnz:", "seekAnz-", "global:", "global-")
"""Schemes of live objects. Anything else is opaque, and fits both environments."""


def are_usual(
    event_id: str,
    subject: str,
    token: str | None,
    told: bytes,
    profile_id: str | None,
    profile_ids: Sequence[str],
) -> bool:
    """Whether live ones are so plainly sound that no check below need look at them: nearly all.

    `told`: the token as JSON. Where that is longer by its quotes alone, the token is ASCII without
    control characters, and blanks are left to look for.
    """
    if token is not None and (
        len(told) != len(token) + 2 or " " in token or not token or _PLAYGROUND_MARK in token
    ):
        return False
    for each in profile_ids:
        if _PLAYGROUND_MARK in each or not each.strip():
            return False
    return bool(profile_id is None and event_id.strip() and subject.strip())


def nameless(event_id: str, subject: str) -> Rejected | None:
    if not event_id or event_id.isspace():
        return Rejected(Reason.BLANK_EVENT_ID, "eventId is blank")
    if not subject or subject.isspace():
        return Rejected(Reason.BLANK_SUBJECT, "the id of the application or position is blank")
    return None


def bad_token(token: str, *, playground: bool) -> Rejected | None:
    """A token goes to SEEK unchanged (contract 2.5): nothing is trimmed, it is refused."""
    words = token.split()
    if not words:
        return Rejected(Reason.BLANK_TOKEN, "seekToken is present but blank; use null for none")
    if words[0] != token:
        return Rejected(Reason.TOKEN_WHITESPACE, "seekToken contains white space")
    return _foreign("seekToken", token, playground=playground)


def bad_profile_id(profile_id: str, *, playground: bool) -> Rejected | None:
    name = "candidateApplicationProfileId"
    if not profile_id or profile_id.isspace():
        return Rejected(Reason.BLANK_PROFILE_ID, f"{name} is present but blank; use null for none")
    return _foreign(name, profile_id, playground=playground)


def bad_profile_ids(profile_ids: Sequence[str], *, playground: bool) -> Rejected | None:
    for number, profile_id in enumerate(profile_ids):
        if not profile_id or profile_id.isspace():
            return Rejected(Reason.BLANK_PROFILE_ID, f"positionProfileIds[{number}] is blank")
        refusal = _foreign("positionProfileIds", profile_id, playground=playground)
        if refusal is not None:
            return refusal
    return None


def _foreign(name: str, identifier: str, *, playground: bool) -> Rejected | None:
    """SEEK would answer UNAUTHENTICATED to the whole batch (design 3)."""
    if playground:
        if identifier.startswith(_LIVE):
            detail = f"{name} is a live one, the audience is the Playground: {identifier}"
            return Rejected(Reason.WRONG_ENVIRONMENT, detail)
    elif _PLAYGROUND_MARK in identifier and _PLAYGROUND.match(identifier):
        detail = f"{name} is a Playground one, the audience is live: {identifier}"
        return Rejected(Reason.WRONG_ENVIRONMENT, detail)
    return None
