"""Too much poison of one topic and stage is a systemic fault: stop burying, hold the topic.

A schema registered wrongly, or a change at SEEK, makes everything look like poison. The
guard fails closed: what would be one refusal too many stays unsettled (P8). Refusals that
nearly all belong to one known hirer are that hirer's affair, and no flood.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from consumer.delivery.limits import FloodLimits


class Gate(NamedTuple):
    """What is guarded apart from the rest."""

    topic: str
    stage: str


@dataclass(slots=True, eq=False)
class _Window:
    """The last outcomes, newest in the lowest bit; a set bit is a refusal."""

    bits: int = 0
    seen: int = 0
    hirers: list[str | None] = field(default_factory=list[str | None])
    """Of the refusals, newest last; at least of those that are still within the window."""


@dataclass(slots=True, eq=False)
class FloodGuard:
    limits: FloodLimits
    _windows: dict[Gate, _Window] = field(default_factory=dict[Gate, _Window])
    _shut: set[Gate] = field(default_factory=set[Gate])

    @property
    def shut(self) -> frozenset[Gate]:
        """Gates that let nothing through to the dead-letter topic."""
        return frozenset(self._shut)

    def is_shut(self, gate: Gate) -> bool:
        return gate in self._shut

    def reopen(self, topic: str) -> None:
        """None of the topic's partitions is ours any more."""
        for gate in [gate for gate in self._windows if gate.topic == topic]:
            self._shut.discard(gate)
            del self._windows[gate]

    def set_ajar(self, gate: Gate) -> None:
        """Nothing is left to try a shut gate with: records may come, but its window stays as
        it was, so that the next refusal shuts it again."""
        self._shut.discard(gate)

    def passed(self, gate: Gate, count: int = 1) -> bool:
        """Records that were no poison at this stage. True when that opens a shut gate."""
        window = self._window(gate)
        keep = (1 << self.limits.window) - 1
        window.bits = (window.bits << min(count, self.limits.window)) & keep
        window.seen = min(self.limits.window, window.seen + count)
        if gate not in self._shut:
            return False
        self._shut.discard(gate)
        self._windows[gate] = _Window()
        return True

    def may_bury(self, gate: Gate, hirer_id: str | None, count: int = 1) -> bool:
        """Count records refused at once; False when they belong to a flood, so must stay
        unsettled."""
        if gate in self._shut:
            return False
        window = self._window(gate)
        newest = min(count, self.limits.window)
        bits = (window.bits << newest | (1 << newest) - 1) & ((1 << self.limits.window) - 1)
        seen = min(self.limits.window, window.seen + newest)
        hirers = [*window.hirers, *[hirer_id] * newest]
        hirers = hirers[len(hirers) - bits.bit_count() :]
        if self._is_flood(bits, seen, hirers):
            self._shut.add(gate)
            return False
        window.bits, window.seen, window.hirers = bits, seen, hirers
        return True

    def _is_flood(self, bits: int, seen: int, hirers: list[str | None]) -> bool:
        refusals = bits.bit_count()
        if seen < self.limits.at_least or refusals < self.limits.share * seen:
            return False
        known = Counter(hirer for hirer in hirers if hirer is not None)
        of_one = max(known.values(), default=0)
        return refusals - of_one >= (1.0 - self.limits.share) * refusals

    def _window(self, gate: Gate) -> _Window:
        return self._windows.setdefault(gate, _Window())
