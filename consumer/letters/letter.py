"""A dead letter as it lies on a topic: whoever wrote it, and however mangled it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from consumer.delivery.dead_letter import PREFIX, DeadLetter, Failure, Origin, unwrap
from consumer.delivery.records import Headers, Record, headers_of
from consumer.delivery.verdicts import Fault, Refusal
from consumer.domain.signals import Reason
from consumer.letters.foreign import is_place, read_foreign

FOREIGN: Final = "foreign"
"""The class of a letter that another program wrote; its exception is the code."""
UNREADABLE: Final = "unreadable"
"""The class of what says in no way we know where it came from."""
SCHEDULED: Final = frozenset({Fault.SERVER_FAULT.value, Fault.UNKNOWN_CODE.value})
"""SEEK's rule is to retry these until successful (contract 4): never parked."""
CLASSES: Final = (*Reason, *Refusal, *sorted(SCHEDULED), FOREIGN, UNREADABLE)
_MANGLED: Final = "our headers are there, but one is missing or no number that can be"
_INT_MAX: Final = 2**31 - 1
_LONG_MAX: Final = 2**63 - 1
_BROKERS: Final = 2
"""A record's time is when the broker got it: of two copies of one letter it differs."""
_NO_TIME: Final = -1
_NO_HEADERS: Final = "no headers that say where it came from"


class Kind(StrEnum):
    """Who wrote the letter."""

    OWN = "own"
    CONNECT = "connect"
    STREAMS = "streams"
    SPRING = "spring"
    UNKNOWN = "unknown"


class Spot(NamedTuple):
    """Where a letter lies on the dead-letter topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Letter:
    spot: Spot
    kind: Kind
    dead: DeadLetter
    key: bytes | None
    value: bytes | None
    size: int
    """Bytes of key and value."""

    @property
    def origin(self) -> Origin:
        return self.dead.origin


def read_letter(record: Record) -> Letter:
    """Never raises: what cannot be read is a letter of class `unreadable` whose origin is the
    dead-letter topic itself, so that it can be seen, replayed and purged like any other."""
    headers = headers_of(record) or []
    kind, dead = _understood(record, headers)
    spot = Spot(record.partition(), record.offset())
    key, value = record.key(), record.value()
    return Letter(spot, kind, dead, key, value, len(key or b"") + len(value or b""))


def _understood(record: Record, headers: Headers) -> tuple[Kind, DeadLetter]:
    own = unwrap(headers)
    if own is not None and _is_possible(own):
        return Kind.OWN, own
    whose, written_at_ms = record.timestamp()
    found = read_foreign(headers, _NO_TIME if whose == _BROKERS else written_at_ms)
    if found is not None:
        failure = Failure(found.stage, FOREIGN, found.message, found.code, "", 1, written_at_ms)
        return Kind(found.writer), DeadLetter(found.origin, failure, 0, found.original, False)  # noqa: FBT003 -- fields in order
    why = _MANGLED if any(name.startswith(PREFIX) for name, _ in headers) else _NO_HEADERS
    origin = Origin(record.topic(), record.partition(), record.offset(), written_at_ms)
    failure = Failure("", UNREADABLE, why, failed_at_ms=written_at_ms)
    original = [header for header in headers if not header[0].startswith(PREFIX)]
    return Kind.UNKNOWN, DeadLetter(origin, failure, 0, original, is_pointer=False)


def _is_possible(dead: DeadLetter) -> bool:
    """Whether these could be true; a mangled header may say anything."""
    origin, failure = dead.origin, dead.failure
    return (
        is_place(origin.topic, origin.partition, origin.offset)
        and 0 <= dead.replay_count <= _INT_MAX
        and 0 <= failure.attempts <= _INT_MAX
        and max(abs(origin.timestamp_ms), abs(failure.failed_at_ms)) <= _LONG_MAX
    )
