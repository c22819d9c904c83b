"""Which of the injected faults a duplicate comes from. None of them: it must not be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.faults.oracle.ledger import Duplicate, LetterAgain
from tests.faults.oracle.requests import Requests, SeenRequest
from tests.faults.oracle.timeline import Timeline

_MOVES_PARTITIONS: Final = ("consumer", "broker", "kafka", "operator")
"""What can make a partition change hands, or a commit fail."""
_MOVES_NOTHING: Final = ("operator.rotate",)
_SETTLING_MS: Final = 15_000.0
"""A fault still moves partitions for so long after its end: a session's time-out, and a
rebalance."""


@dataclass(frozen=True, slots=True)
class Explainer:
    requests: Requests
    timeline: Timeline
    patience_ms: float = 3_000.0
    """The consumers' time-out of a request."""

    def cause(self, duplicate: Duplicate) -> str | None:
        """A fault's kind and how it did it; None: nothing that was injected explains it."""
        if duplicate.before == duplicate.again:
            return None  # Twice in one request.
        before, again = self.requests[duplicate.before], self.requests[duplicate.again]
        return next(self._causes(before, again, duplicate.committed_ms), None)

    def cause_of_letter(self, letter: LetterAgain) -> str | None:
        until_ms = min(letter.again_ms, letter.committed_ms)
        return next(self._moves(letter.before_ms - self.patience_ms, until_ms), None)

    def _causes(
        self, before: SeenRequest, again: SeenRequest, committed_ms: float
    ) -> Iterator[str]:
        if before.fault or not before.answered:
            yield f"answer lost: sandbox.{before.fault}"
        yield from self._unheard(before)
        until_ms = min(again.arrived_ms, committed_ms)
        yield from self._ended(before, until_ms)
        yield from self._moves(before.arrived_ms, until_ms)
        yield from self._late(again)

    def _unheard(self, request: SeenRequest) -> Iterator[str]:
        """The answer was sent, but the network or the time-out kept it from its process."""
        until_ms = request.accepted_ms + self.patience_ms
        consumer = self.timeline.sessions.get(request.session)
        for fault in self.timeline.during(request.arrived_ms, until_ms, ["seek"], consumer):
            yield f"answer lost: {fault.kind}"
        took_ms = request.accepted_ms - request.arrived_ms
        for fault in self.timeline.during(request.arrived_ms, until_ms, ["sandbox"]):
            if fault.kind.startswith("sandbox.slow") or took_ms > self.patience_ms * 0.8:
                yield f"answer late: {fault.kind}"

    def _ended(self, request: SeenRequest, until_ms: float) -> Iterator[str]:
        """Its process was hit before a commit told of the acceptance."""
        consumer = self.timeline.sessions.get(request.session)
        if consumer is not None:
            for fault in self.timeline.during(request.arrived_ms, until_ms, ["consumer"], consumer):
                yield fault.kind

    def _moves(self, begin_ms: float, until_ms: float) -> Iterator[str]:
        """A member's end or a broker's makes others' partitions move, some time later. What was
        on meanwhile comes before what had just ended, and the latest first."""
        near = [
            fault
            for fault in self.timeline.during(begin_ms - _SETTLING_MS, until_ms, _MOVES_PARTITIONS)
            if fault.kind not in _MOVES_NOTHING
        ]
        for fault in sorted(near, key=lambda it: (it.end_ms < begin_ms, -it.begin_ms)):
            yield f"moved or not committed: {fault.kind}"

    def _late(self, again: SeenRequest) -> Iterator[str]:
        """The repeat was on its way while its process had already lost the partition."""
        consumer = self.timeline.sessions.get(again.session)
        begin_ms = again.arrived_ms - 2 * self.patience_ms
        for fault in self.timeline.during(
            begin_ms, again.accepted_ms, ["seek", "consumer"], consumer
        ):
            if consumer is not None:
                yield f"request late: {fault.kind}"
