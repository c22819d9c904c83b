"""What has become of a letter, and the records on the state topic that remember it.

A letter is identified by its origin and how often it had been replayed when it was written:
one that failed again is a new letter. The state topic is compacted and keeps, for each
origin, the mark of the letter that was dealt with last.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

import orjson

from consumer.delivery.dead_letter import Origin

NOT_RETRIED: Final = -1
STALE_AFTER_S: Final = 30.0
"""A run whose heartbeat is older has ended without saying so. It beats every 5 s."""
HEARTBEAT_KEY: Final = b'["heartbeat"]'


class Standing(StrEnum):
    NEW = "new"
    REPLAYED = "replayed"
    ACCEPTED = "accepted"
    """Replayed, and the group has committed past it without its failing again: SEEK has it, or
    the service skips it by now."""
    PARKED = "parked"
    """Replayed too often; waits for a person."""
    PURGED = "purged"


OPEN: Final = frozenset({Standing.NEW, Standing.PARKED})
"""Only a replay, or a person, takes these any further."""


class OriginKey(NamedTuple):
    """What a mark is filed under."""

    topic: str
    partition: int
    offset: int
    dlq: str = ""
    """The dead-letter topic, unless it is the group's own."""
    timestamp_ms: int | None = None
    """Of the original record: at the place of one whose topic was made anew lies another. None in
    marks of earlier versions, which hold for whatever lay there."""

    @property
    def origin(self) -> Origin:
        """Of a letter; of a mark that does not say the time, none."""
        return Origin(*self[:3], -1 if self.timestamp_ms is None else self.timestamp_ms)


class Place(NamedTuple):
    """On the retry topic."""

    partition: int
    offset: int

    def is_behind(self, committed: Mapping[int, int]) -> bool:
        return 0 <= self.offset < committed.get(self.partition, 0)


NOWHERE: Final = Place(NOT_RETRIED, NOT_RETRIED)


class Mark(NamedTuple):
    standing: Standing
    replay_count: int
    """Of the letter that this is about, as its header says."""
    at_ms: int
    run: str = ""
    retry_partition: int = NOT_RETRIED
    retry_offset: int = NOT_RETRIED

    @property
    def retried(self) -> Place:
        return Place(self.retry_partition, self.retry_offset)


class Heartbeat(NamedTuple):
    """Who holds the right to change states."""

    run: str
    verb: str
    host: str
    began_ms: int
    beat_ms: int
    ended: bool = False

    def is_fresh(self, now_ms: int) -> bool:
        """As far as another host's clock can be compared with ours."""
        return abs(now_ms - self.beat_ms) < STALE_AFTER_S * 1000


Filed: TypeAlias = tuple[OriginKey, Mark]


def standing_of(
    replay_count: int, newest: int, mark: Mark | None, committed: Mapping[int, int]
) -> Standing:
    """Of a letter with that count.

    `newest`: the highest count among the letters of its origin. `committed`: by partition of
    the retry topic, read before the letters were, so that what failed again is among them.
    """
    if mark is None or mark.replay_count < replay_count:
        return Standing.REPLAYED if newest > replay_count else Standing.NEW
    if mark.replay_count > replay_count or newest > replay_count:
        return Standing.REPLAYED
    if mark.standing is not Standing.REPLAYED:
        return mark.standing
    return Standing.ACCEPTED if mark.retried.is_behind(committed) else Standing.REPLAYED


def encode_mark(key: OriginKey, mark: Mark) -> tuple[bytes, bytes]:
    """Key and value for the state topic."""
    said = 3 + bool(key.dlq) if key.timestamp_ms is None else len(key)
    parts = list(key)[:said]
    value: dict[str, object] = {
        "state": mark.standing.value,
        "replayCount": mark.replay_count,
        "at": mark.at_ms,
        "run": mark.run,
    }
    if mark.retry_partition != NOT_RETRIED:
        value["retry"] = [mark.retry_partition, mark.retry_offset]
    return orjson.dumps(parts), orjson.dumps(value)


def encode_heartbeat(beat: Heartbeat) -> tuple[bytes, bytes]:
    return HEARTBEAT_KEY, orjson.dumps(beat._asdict())


def decode(key: bytes | None, value: bytes | None) -> Filed | Heartbeat | None:
    """None for what is no state of ours, or of a version to come."""
    try:
        if key == HEARTBEAT_KEY:
            return Heartbeat(**orjson.loads(value or b""))
        parts, fields = orjson.loads(key or b""), orjson.loads(value or b"")
        retry_partition, retry_offset = fields.get("retry", (NOT_RETRIED, NOT_RETRIED))
        mark = Mark(
            Standing(fields["state"]),
            int(fields["replayCount"]),
            int(fields["at"]),
            str(fields["run"]),
            retry_partition,
            retry_offset,
        )
        timestamp_ms = int(parts[4]) if len(parts) > 4 else None  # noqa: PLR2004 -- the fifth part
        place = str(parts[0]), int(parts[1]), int(parts[2])
        return OriginKey(*place, "".join(parts[3:4]), timestamp_ms), mark
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None
