"""Topics of which SEEK refuses nearly everything: held, and tried one record at a time (P8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from consumer.delivery.dispatcher import Dispatcher
from consumer.delivery.flood_guard import FloodGuard, Gate
from consumer.delivery.lanes import Batch

SEND: Final = "send"
"""The stage of the flood guard's gate, and of the dead letter."""


@dataclass(slots=True, eq=False)
class FloodedTopics:
    dispatcher: Dispatcher
    guard: FloodGuard
    probe_s: float
    _held: dict[str, list[Batch]] = field(default_factory=dict[str, list[Batch]])
    """By topic: lone refused batches that are kept from being buried."""
    _next_probe_s: dict[str, float] = field(default_factory=dict[str, float])
    _probes: Counter[str] = field(default_factory=Counter[str])
    """Of each held topic."""

    def refused(self, topic: str) -> int:
        """Records that SEEK has refused and that are not buried."""
        return sum(len(batch.parcels) for batch in self._held.get(topic, ()))

    def probes(self, topic: str) -> int:
        """Records that were tried since the topic is held; none passed."""
        return self._probes[topic]

    def hold(self, batch: Batch, topic: str, now_s: float) -> None:
        self.dispatcher.hold(topic)
        self.dispatcher.strip(batch)
        self._held.setdefault(topic, []).append(batch)
        self._next_probe_s.setdefault(topic, now_s + self.probe_s)

    def probe_due(self, now_s: float) -> None:
        for topic in [topic for topic, due_s in self._next_probe_s.items() if due_s <= now_s]:
            self._next_probe_s[topic] = now_s + self.probe_s
            self._probe(topic)

    def release(self, topic: str) -> None:
        """A signal of the held topic was accepted, or none of its partitions is ours now."""
        for batch in reversed(self._held.pop(topic, [])):
            self.dispatcher.seal_first(batch)
        self._next_probe_s.pop(topic, None)
        self._probes.pop(topic, None)
        self.dispatcher.release(topic)

    def forget_closed(self) -> None:
        """A lane was closed: what is held of it may not be sent any more."""
        for topic, batches in self._held.items():
            self._held[topic] = [batch for batch in batches if self.dispatcher.strip(batch)]

    def _probe(self, topic: str) -> None:
        """What was refused, and what was not tried yet, by turns: either may pass again."""
        self._probes[topic] += 1
        refused = self._held.get(topic)
        untried_first = self._probes[topic] % 2 == 0
        if untried_first and self.dispatcher.probe_shelf(topic):
            return
        if refused:
            self.dispatcher.seal_first(refused.pop(0))
        elif not self.dispatcher.probe_shelf(topic) and not self.dispatcher.shelves(topic):
            # A rebalance took all that was held: only new records can end this hold.
            self.guard.set_ajar(Gate(topic, SEND))
            self.release(topic)
