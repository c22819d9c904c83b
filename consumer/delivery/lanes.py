"""One partition, from assignment to revocation, and what is known of its records."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Final, Protocol, cast

from consumer.delivery.records import Headers, Offset, Record, TopicPartition, headers_of
from consumer.delivery.tracker import OffsetTracker


@dataclass(slots=True, eq=False)
class Lane:
    """A partition that is ours. The object is its own fence: once `gone`, nothing counts."""

    place: TopicPartition
    tracker: OffsetTracker
    remembered: set[Offset] = field(default_factory=set[Offset])
    """Beyond the mark, but settled by an earlier owner, says the commit's metadata."""
    parked: deque[Record] = field(default_factory=deque[Record])
    """Tracked but not read yet: their schema is not at hand, or their topic is held."""
    pending_bytes: int = 0
    open: bool = True
    """New requests may carry its records: false from the moment it is being given up."""
    gone: bool = False
    paused: bool = False
    """What the source was told last."""
    waits_for: str = ""
    """Why it is paused, of a closed set; empty when it is not."""
    invited_to: int = 0
    """Records below this offset may be read whatever the partition's bounds say."""


class Sendable(Protocol):
    """What is sent of a record; `Signal` of the domain has this very shape."""

    @property
    def type_code(self) -> str: ...
    @property
    def subject(self) -> str:
        """What order is kept for (P3)."""
        ...

    @property
    def hirer_id(self) -> str | None: ...
    @property
    def occurred_at_ms(self) -> int: ...
    @property
    def body(self) -> bytes:
        """Its JSON, the same for every repeat (P9)."""
        ...


@dataclass(slots=True, eq=False)
class Parcel:
    """A record with its signal, on its way to SEEK."""

    lane: Lane
    offset: Offset
    record: Record
    signal: Sendable
    size: int
    """Bytes of record and signal: what they count towards the bound on pending bytes."""
    asked_headers: Headers | EllipsisType | None = ...
    """`...` until `headers` were asked for."""

    @property
    def headers(self) -> Headers | None:
        """As `headers_of` gives them; the client is asked once."""
        if isinstance(self.asked_headers, EllipsisType):
            self.asked_headers = headers_of(self.record)
        return self.asked_headers


def parcel_of(lane: Lane, offset: Offset, record: Record, signal: Sendable, size: int) -> Parcel:
    """In half of the time that calling the class takes: one is made for every record."""
    parcel = _blank(Parcel)
    parcel.lane, parcel.offset, parcel.record = lane, offset, record
    parcel.signal, parcel.size, parcel.asked_headers = signal, size, ...
    return parcel


_blank: Final = cast("Callable[[type[Parcel]], Parcel]", object.__new__)


@dataclass(slots=True, eq=False)
class Batch:
    """Signals that are sent in one request, and what became of it so far."""

    number: int
    parcels: list[Parcel]
    subjects: set[str]
    """Locked until this batch, and all that follows in `then`, is settled."""
    then: list[list[Parcel]] = field(default_factory=list[list[Parcel]])
    """Parts of the same subject that may be sent only after this one is settled (P3)."""
    apart: bool = False
    """Of one hirer whose signals travel apart."""
    attempts: int = 0
    attempts_before: int = 0
    """Of these, how many carried the parts in `then`, too."""
    isolation: Isolation | None = None
    failures: int = 0
    """Outage-shaped answers in a row."""
    waits: int = 0
    """Times that it failed alone while others were accepted, whatever the fault."""
    blamed: int = 0
    """Of these, how many were of a kind that can be held against it at last."""
    acceptances_seen: int = 0
    """Of the whole service, when this batch last failed."""
    blamed_since_s: float = 0.0
    """When it first failed, alone, while others were accepted."""
    not_before_s: float = 0.0
    token_renewed: bool = False
    """Was refused for its token once already, and is sent again with a fresh one."""

    def begin_again(self) -> None:
        """Another part of the chain took the place of the one that all this happened to."""
        self.attempts = self.attempts_before
        self.failures = self.waits = self.blamed = self.acceptances_seen = 0
        self.blamed_since_s = self.not_before_s = 0.0
        self.token_renewed = False


@dataclass(slots=True, eq=False)
class Isolation:
    """What the search for the culprits of one batch has cost, shared by all its parts."""

    requests_left: int
