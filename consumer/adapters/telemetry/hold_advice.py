"""What an operator can do about a hold, in a sentence: for the line that tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consumer.observed import HoldReason

HOLD_ADVICE: Final[Mapping[HoldReason, str]] = {
    HoldReason.SEEK: (
        "nothing is lost and it ends by itself: see whether SEEK is up, reachable from here "
        "(SEEK_ENDPOINT, network, certificates) and not throttling"
    ),
    HoldReason.AUTH: (
        "nothing is lost; see to the credentials (a _FILE is read again, no restart) or to the "
        "token endpoint (SEEK_TOKEN_URL)"
    ),
    HoldReason.REGISTRY: (
        "this topic waits, nothing is lost: see whether the registry is up and knows the schema "
        "(SCHEMA_REGISTRY_URL)"
    ),
    HoldReason.DEAD_LETTERS: (
        "bad records wait, nothing is lost: create the topic <group>.dlq, grant Write on it; "
        "it is tried again"
    ),
    HoldReason.FLOOD: (
        "nothing is buried: find what changed in the schema, the mapping or at SEEK; one record "
        "at a time is tried"
    ),
}
"""For `kafka` and `offsets` the detail of the hold says it: it depends on the code."""
