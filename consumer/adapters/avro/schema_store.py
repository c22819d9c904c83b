"""Writer schemas by id: known ones at once, others looked up in the background.

The loop thread asks and never waits. One daemon thread asks the registry, for each id
that a record has named, until there is an answer to keep. What an answer means to
records is decided in `_heard`; when to ask again, in `_Inquiry`.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol, Self, TypeAlias

from consumer.adapters.avro.decoder import Compiled, Decode, compile_decoder
from consumer.adapters.avro.registry import Away, Fetched, Registry, UnknownId, WriterSchema
from consumer.domain.signals import Reason, Rejected, Skipped
from consumer.ports import Clock, Unresolved

Looked: TypeAlias = Decode | Skipped | Rejected | Unresolved

_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 15.0
"""Between two questions about one id: seldom enough for a registry that is coming back."""
_STUCK_AFTER_S: Final = 10.0
"""A question that is out for so long is an outage, whatever it will come to."""
_SILENT: Final = "the registry does not answer"
_UNKNOWN: Final = "the registry does not know it so far"
_MOST_INQUIRIES: Final = 10_000
"""Ids made of garbage are as good as unlimited; 10,000 are some 3 MB."""
_MOST_FOUND: Final = 1_000
"""Schemas that are kept, some 100 KB each at the most: publishers have a few. One that had to
go is asked for again."""
_CLOSE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class StorePolicy:
    unknown_schema_after_s: float = 300.0
    """Registries replicate late: an id is unknown only after five minutes of answers that
    say so. Time without answers does not count (P6)."""

    ask_unknown_every_s: float = 60.0
    """An id once given up is asked about again when a record names it, so rarely that
    garbage cannot flood the registry."""

    ignore_types: frozenset[str] = frozenset()


class Schemas(Protocol):
    """What the reader needs of the store."""

    def lookup(self, schema_id: int) -> Looked: ...


@dataclass(slots=True)
class _Inquiry:
    """An id that is not known yet. Guarded by the store's lock."""

    due_s: float
    wait_s: float = _FIRST_WAIT_S
    away: bool = False
    why: str = ""
    """What the last question came to."""
    unknown_for_s: float = 0.0
    """How long the registry has been answering that it does not know the id."""
    answered_at_s: float | None = None
    """Of the last such answer, unless an outage came after it."""
    asked_at_s: float | None = None
    """Set while the question is out."""
    given_up: bool = False
    wanted: bool = True

    def postpone(self, now_s: float, jitter: float) -> None:
        """Half to all of the wait, then twice the wait: many processes must not ask in step."""
        self.due_s = now_s + self.wait_s * (0.5 + jitter / 2)
        self.wait_s = min(2 * self.wait_s, _LONGEST_WAIT_S)


@dataclass(slots=True)
class SchemaStore:
    """Use as a context manager, or `start` and `close`. `lookup` may be called by any thread."""

    registry: Registry
    clock: Clock
    policy: StorePolicy = StorePolicy()
    outage: str | None = field(init=False, default=None)
    """Why the registry did not answer the last question; None when it did. For operators."""

    _found: dict[int, Compiled] = field(init=False, default_factory=dict[int, Compiled])
    _inquiries: dict[int, _Inquiry] = field(init=False, default_factory=dict[int, _Inquiry])
    _lookups: dict[str, int] = field(
        init=False, default_factory=lambda: dict.fromkeys(("found", "unknown", "away"), 0)
    )
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    _wake: threading.Event = field(init=False, default_factory=threading.Event)
    _closing: bool = field(init=False, default=False)
    _thread: threading.Thread | None = field(init=False, default=None)

    def lookup(self, schema_id: int) -> Looked:
        """At once: no lock and no clock for an id that is known."""
        found = self._found.get(schema_id)
        return self._inquire(schema_id) if found is None else found

    @property
    def at_hand(self) -> int:
        """How many schemas are known."""
        return len(self._found)

    @property
    def lookups(self) -> Mapping[str, int]:
        """How often the registry was asked, by what it answered."""
        with self._lock:
            return dict(self._lookups)

    def ask_due(self) -> float | None:
        """Asks the registry about every id that is due. Blocks; the background's thread only.

        Returns the seconds until the next is due, or None when nothing is open.
        """
        while not self._closing:
            now_s = self.clock.monotonic_s()
            with self._lock:
                waiting = {i: q for i, q in self._inquiries.items() if q.wanted}
                if not waiting:
                    return None
                schema_id = min(waiting, key=lambda i: waiting[i].due_s)
                inquiry = waiting[schema_id]
                if inquiry.due_s > now_s:
                    return inquiry.due_s - now_s
                inquiry.asked_at_s = now_s
            self._heard(schema_id, inquiry, self.registry.fetch(schema_id))
        return None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="schema-lookup", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Waits a second at most: a question that is still out ends with the process."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._closing:
            wait_s = self.ask_due()
            self._wake.wait(wait_s)
            self._wake.clear()

    def _inquire(self, schema_id: int) -> Looked:
        now_s = self.clock.monotonic_s()
        with self._lock:
            inquiry = self._inquiries.get(schema_id)
            if inquiry is None:
                self._make_room()
                inquiry = self._inquiries[schema_id] = _Inquiry(due_s=now_s)
                self._wake.set()
            if inquiry.given_up:
                if inquiry.due_s <= now_s and not inquiry.wanted:
                    inquiry.wanted = True
                    self._wake.set()
                return _unknown(schema_id)
            asked_at_s = inquiry.asked_at_s
            stuck = asked_at_s is not None and now_s - asked_at_s > _STUCK_AFTER_S
            why = inquiry.why or (_SILENT if stuck else "")
            return Unresolved(schema_id, outage=inquiry.away or stuck, why=why)

    def _make_room(self) -> None:
        if len(self._inquiries) >= _MOST_INQUIRIES:
            given_up = (i for i, q in self._inquiries.items() if q.given_up)
            self._inquiries.pop(next(given_up, next(iter(self._inquiries))))

    def _heard(self, schema_id: int, inquiry: _Inquiry, fetched: Fetched) -> None:
        compiled = None
        if isinstance(fetched, WriterSchema):
            compiled = _compiled(fetched, self.policy.ignore_types)
        now_s, jitter = self.clock.monotonic_s(), self.clock.jitter()
        with self._lock:
            self._lookups[_outcome(fetched)] += 1
            inquiry.asked_at_s = None
            inquiry.away = isinstance(fetched, Away)
            self.outage = fetched.detail if isinstance(fetched, Away) else None
            inquiry.why = self.outage or _UNKNOWN
            if compiled is not None:
                if len(self._found) >= _MOST_FOUND:
                    del self._found[next(iter(self._found))]
                self._found[schema_id] = compiled
                self._inquiries.pop(schema_id, None)
            elif inquiry.given_up:
                inquiry.wanted = False
                inquiry.due_s = now_s + self.policy.ask_unknown_every_s
            else:
                if isinstance(fetched, UnknownId):
                    self._count_unknown(inquiry, now_s)
                else:
                    inquiry.answered_at_s = None
                if not inquiry.given_up:
                    inquiry.postpone(now_s, jitter)

    def _count_unknown(self, inquiry: _Inquiry, now_s: float) -> None:
        """Counts only time between two answers that both said so."""
        if inquiry.answered_at_s is not None:
            inquiry.unknown_for_s += now_s - inquiry.answered_at_s
        inquiry.answered_at_s = now_s
        if inquiry.unknown_for_s >= self.policy.unknown_schema_after_s:
            inquiry.given_up, inquiry.wanted = True, False
            inquiry.due_s = now_s + self.policy.ask_unknown_every_s


def _outcome(fetched: Fetched) -> str:
    match fetched:
        case WriterSchema():
            return "found"
        case UnknownId():
            return "unknown"
        case Away():
            return "away"


def _unknown(schema_id: int) -> Rejected:
    return Rejected(Reason.UNKNOWN_SCHEMA, f"the registry does not know schema {schema_id}")


def _compiled(schema: WriterSchema, ignore_types: Collection[str]) -> Compiled:
    if schema.kind != "AVRO":
        return Rejected(
            Reason.INCOMPATIBLE_SCHEMA, f"{schema.kind} schemas are not read, only AVRO"
        )
    if schema.references:
        detail = "the schema refers to other subjects; publish it with its types written out"
        return Rejected(Reason.INCOMPATIBLE_SCHEMA, detail)
    return compile_decoder(schema.text, ignore_types)
