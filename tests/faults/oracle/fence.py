"""Requests with records of partitions that were no longer their process's own (P4).

It had said so itself, and no trouble of the brokers' is an excuse; or what it sends was settled
and committed before. Another member commits only once the session of the first has run out,
and that lasts longer than its lease: what it sends after that, it sends although it may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tests.faults.oracle.ledger import Duplicate
from tests.faults.oracle.requests import Requests, SeenRequest
from tests.faults.oracle.timeline import Fault, Timeline

FREEZE: Final = "consumer.freeze"
_HIDES_THE_LOSS: Final = ("broker", "kafka")
"""With the way to the coordinator cut, a member that polls cannot know what it has lost."""
_SETTLING_MS: Final = 15_000.0
_EVER_MS: Final = float("-inf")


@dataclass(frozen=True, slots=True)
class Fence:
    requests: Requests
    timeline: Timeline
    senders: int
    """Requests that a consumer has under way at most."""
    patience_ms: float = 3_000.0
    """The consumers' time-out of a request: so long it may be on its way."""

    def breaches(self, duplicates: Iterable[Duplicate]) -> Iterator[str]:
        """One line for each freeze after which more was sent than can have begun before it."""
        pairs = {each._replace(offset=0) for each in duplicates}
        late = {number for each in pairs for number in self._late(each)}
        by_freeze: dict[tuple[str, Fault | None], int] = {}
        for number in late:
            request = self.requests[number]
            key = request.session, self._freeze_before(request)
            by_freeze[key] = by_freeze.get(key, 0) + 1
        for (session, freeze), sent in by_freeze.items():
            begun = 0 if freeze is None else self.senders - self._waiting(session, freeze)
            if sent > begun:
                yield (
                    f"{sent} request(s) of session {session} with records that were not its own "
                    f"any more, and at most {begun} can have begun in time"
                )

    def _late(self, duplicate: Duplicate) -> Iterator[int]:
        """Of the two requests, those that may not have been begun."""
        if self._is_after_the_commit(duplicate):
            yield duplicate.again
        for number in (duplicate.before, duplicate.again):
            request = self.requests[number]
            since_ms = self.timeline.moves.gone_since(
                duplicate.place, request.session, request.arrived_ms
            )
            if since_ms + self.patience_ms < request.arrived_ms and not self._held_back(request):
                yield number

    def _is_after_the_commit(self, duplicate: Duplicate) -> bool:
        request = self.requests[duplicate.again]
        if duplicate.committed_ms >= request.arrived_ms or self._held_back(request):
            return False
        begin_ms, end_ms = request.arrived_ms - _SETTLING_MS, request.arrived_ms
        hidden = self.timeline.during(begin_ms, end_ms, _HIDES_THE_LOSS)
        return not any(True for _ in hidden)

    def _held_back(self, request: SeenRequest) -> bool:
        """By the way to SEEK, after it was begun."""
        consumer = self.timeline.sessions.get(request.session)
        begin_ms, end_ms = request.arrived_ms - _SETTLING_MS, request.arrived_ms
        return any(True for _ in self.timeline.during(begin_ms, end_ms, ["seek"], consumer))

    def _freeze_before(self, request: SeenRequest) -> Fault | None:
        """The last one of its process. None: nothing can have held the request back."""
        consumer = self.timeline.sessions.get(request.session)
        faults = self.timeline.during(_EVER_MS, request.arrived_ms, ["consumer"], consumer)
        freezes = [fault for fault in faults if consumer and fault.kind == FREEZE]
        return max(freezes, key=lambda fault: fault.begin_ms, default=None)

    def _waiting(self, session: str, freeze: Fault) -> int:
        """Senders that waited for an answer when their process froze, so began nothing."""
        return sum(
            request.session == session
            and request.arrived_ms <= freeze.begin_ms <= request.accepted_ms
            for request in self.requests
        )
