"""The records that every system reads: one event type, of a process as ATSs have them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Final, NamedTuple

from consumer.adapters.avro.writer import encode_event

EVENT_TYPE: Final = "application_status_changed"
SCHEMA_ID: Final = 42
LABELS: Final = (
    "Application received",
    "In review",
    "Interview",
    "Reference check",
    "Offer",
    "Hired",
)
HEADERS: Final[list[tuple[str, str | bytes | None]]] = [
    ("trace", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
]
_SPAN_MS: Final = 10**10
"""The last 116 days: a token of a year ago would be warned of, record by record."""
_BEGIN_MS: Final = int(time.time() * 1_000) - _SPAN_MS
_DISTINCT: Final = 20_000
"""Records made once and used again, so that filling a broker costs little."""


class Filled(NamedTuple):
    key: bytes
    value: bytes


def records(subjects: int = _DISTINCT, seed: int = 1) -> Iterator[Filled]:
    """For ever; each subject comes back after `subjects` records. What they say is as varied
    however many subjects there are."""
    draw = random.Random(seed)
    made = [
        (str(event["applicationId"]).encode(), encode_event(EVENT_TYPE, event, SCHEMA_ID))
        for event in (_event(draw) for _ in range(_DISTINCT))
    ]
    for place in count():
        own_id, value = made[place % _DISTINCT]
        subject = f"{place % subjects:032x}".encode()
        yield Filled(subject, value.replace(own_id, subject, 1))


def _event(draw: random.Random) -> Mapping[str, object]:
    at_ms = _BEGIN_MS + draw.randrange(_SPAN_MS)
    return {
        "eventId": f"{draw.getrandbits(128):032x}",
        "occurredAt": at_ms + 250,
        "hirerId": f"seekAnz:organization:seek:{draw.getrandbits(32):08x}",
        "applicationId": f"{draw.getrandbits(128):032x}",
        "seekToken": f"seekAnz:application:token:{draw.getrandbits(128):032x}",
        "seekTokenIssuedAt": at_ms - 5_000_000,
        "candidateApplicationProfileId": None,
        "positionProfileIds": [f"seekAnz:positionProfile:jobAd:{draw.getrandbits(32):08x}"],
        "current": _state(draw, at_ms),
        "previous": _state(draw, at_ms - 86_400_123) if draw.random() < 0.85 else None,
    }


def _state(draw: random.Random, at_ms: int) -> Mapping[str, object]:
    phase = {"label": "Shortlist", "index": 2, "total": 3}
    return {
        "status": {"label": draw.choice(LABELS), "index": draw.randint(1, 6), "total": 6},
        "phase": phase if draw.random() < 0.7 else None,
        "success": draw.choice([True, False, None]),
        "timestamp": at_ms,
    }
