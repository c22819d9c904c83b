"""What the pipeline needs from outside, in its own words.

Every method is called on the loop thread and returns at once, but for those that
take a `wait_s` and those that say that they block.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from consumer.delivery.records import Offset, OutgoingRecord, Record, TopicPartition
from consumer.delivery.verdicts import Verdict
from consumer.domain.signals import Mapped


class Unresolved(NamedTuple):
    """The writer schema is not at hand yet; it is being looked up in the background."""

    schema_id: int
    outage: bool
    """The registry does not answer (else: it is being asked, or does not know the id yet)."""
    why: str = ""
    """What is wrong, for operators. Empty while it is asked for the first time: as it should be."""


Reading: TypeAlias = Mapped | Unresolved


class Reader(Protocol):
    """Bytes to signal: framing, schema, decoding, mapping, encoding."""

    def read(self, value: bytes | None, now_ms: int) -> Reading:
        """Never blocks, never raises for any input. `now_ms`: wall clock, for warnings only."""
        ...

    def read_alike(self, values: Sequence[bytes | None], now_ms: int) -> Sequence[Reading] | None:
        """Each as `read` does, at less cost; None unless all are sound and of one schema that is
        at hand."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """Where a partition begins after it was assigned."""

    offset: Offset
    settled: frozenset[Offset] = frozenset()
    """Offsets beyond `offset` that an earlier owner had settled."""


class Mark(NamedTuple):
    """What is committed for a partition: the low-water mark, and what is settled beyond."""

    offset: Offset
    position: Offset
    """One past the last record taken in."""
    unsettled: Sequence[Offset]
    """All from `offset` up to `position` that a new owner would have to read again."""


class CommitAnswer(NamedTuple):
    """What became of a synchronous commit. Kafka judges each partition for itself."""

    taken: Collection[TopicPartition] = ()
    code: str | None = None
    """Of a refusal; None when all were taken."""
    final: bool = False
    """What was refused would be refused again."""


class Fault(NamedTuple):
    """What keeps the source from reading: a partition, a topic (`partition` is -1), or all
    of Kafka (`topic` is empty)."""

    place: TopicPartition
    code: str
    """`offset_out_of_range`, `unknown_topic`, `topic_recreated`, `brokers_down`, …"""
    about_offsets: bool
    """An operator has to decide where to go on (P13)."""
    detail: str
    """What was seen and what to do."""


@dataclass(slots=True)
class Polled:
    records: Sequence[Record] = ()
    ends: Sequence[tuple[TopicPartition, Offset]] = ()
    """Partitions read to their end, with the offset that the next record will have at least."""


class Assignments(Protocol):
    """What the source tells its owner during `poll`, `commit_now` and `close`."""

    def assigned(self, starts: Mapping[TopicPartition, Start]) -> None: ...
    def revoked(self, partitions: Sequence[TopicPartition]) -> None: ...
    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """The group goes on without us, until it tells `assigned` again, be it of none."""
        ...

    def recreated(self, partitions: Sequence[TopicPartition]) -> None:
        """The logs that we read are gone; we are a member all the same."""
        ...

    def committed(self, offsets: Mapping[TopicPartition, Offset], error: str | None) -> None: ...


class Source(Protocol):
    """The subscribed topics. `Assignments` is called from inside these methods only."""

    def poll(self, wait_s: float) -> Polled: ...
    def faults(self) -> Sequence[Fault]:
        """What keeps us from reading at this moment."""
        ...

    def commit(self, marks: Mapping[TopicPartition, Mark]) -> Collection[TopicPartition]:
        """Asynchronous; the result comes by `Assignments.committed`.

        Returns the partitions whose settled offsets beyond the mark travel along.
        """
        ...

    def commit_now(self, marks: Mapping[TopicPartition, Mark]) -> CommitAnswer:
        """Blocks for at most the client's socket timeout."""
        ...

    def pause(self, partitions: Sequence[TopicPartition]) -> bool:
        """False when the client would not: nothing has changed."""
        ...

    def resume(self, partitions: Sequence[TopicPartition]) -> bool: ...


class Buried(NamedTuple):
    ticket: int
    error: str | None
    """None: the broker confirmed it. Else a code; the letter has to be written again."""
    too_large: bool = False
    detail: str = ""
    """What to do about the error."""


class DeadLetters(Protocol):
    def bury(self, ticket: int, letter: OutgoingRecord) -> None:
        """Start the write; `reports` tells how it ended. Never raises, never blocks."""
        ...

    def reports(self, wait_s: float) -> Sequence[Buried]:
        """Waits until a write has ended, at most `wait_s`; then returns all that have."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What a sender needs of a batch. `bodies` are joined as they are."""

    batch_id: int
    bodies: Sequence[bytes]
    traceparents: Sequence[bytes] = ()
    """W3C trace contexts of its records, as their headers have them; empty: not traced."""


@dataclass(frozen=True, slots=True)
class Landed:
    batch_id: int
    verdict: Verdict
    request_id: str = ""
    seconds: float = 0.0
    requests: int = field(default=1)
    """HTTP requests made: 0 when none was started."""
    trace_id: str = ""
    """Of the request's span; empty: not traced."""


class Senders(Protocol):
    """A bounded number of requests at once, made by other threads."""

    def submit(self, request: Request) -> None: ...
    def landed(self, wait_s: float) -> Sequence[Landed]:
        """Waits until one has landed, at most `wait_s`; then returns all that have."""
        ...


class Clock(Protocol):
    def monotonic_s(self) -> float: ...
    def wall_ms(self) -> int: ...
    def jitter(self) -> float:
        """A draw in [0, 1)."""
        ...
