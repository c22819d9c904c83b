"""What skips and warnings mean to whoever publishes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consumer.domain.signals import SkipReason, Warn

SKIPS: Final[Mapping[SkipReason, str]] = {
    SkipReason.TOMBSTONE: "The record has no value: a deletion in the topic, nothing for SEEK.",
    SkipReason.NOT_FROM_SEEK: (
        "Neither seekToken nor candidateApplicationProfileId: the application did not come from "
        "SEEK. If it did, the publisher lost that field."
    ),
    SkipReason.NOT_ADVERTISED: (
        "No positionProfileIds: the position has no job ad on SEEK. If it has one, the publisher "
        "lost that field."
    ),
    SkipReason.IGNORED_TYPE: "The record's type is named in SEEK_SIGNALS_IGNORE_TYPES.",
}

WARNINGS: Final[Mapping[Warn, str]] = {
    Warn.INDEX_OUTSIDE_RANGE: "An index is not between 1 and its total. Sent as it is.",
    Warn.FUTURE_TIME: "A time is more than five minutes ahead: look at the publisher's clock.",
    Warn.TOKEN_NEAR_EXPIRY: "SEEK ignores the seek-token within 14 days, at 180 days of age.",
    Warn.TOKEN_EXPIRED: "The seek-token is older than 180 days: SEEK ignores it without a word.",
    Warn.TWO_IDENTIFIERS: (
        "Both seekToken and candidateApplicationProfileId are there: the latter is sent."
    ),
    Warn.PREVIOUS_WITHOUT_TIME: "The previous state has no time, so it is left out.",
}
