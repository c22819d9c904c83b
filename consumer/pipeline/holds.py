"""Which holds are on, since when: derived each turn, told when one begins or ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from consumer.observed import Hold, HoldBegan, HoldEnded, HoldReason, Telemetry


class HoldKey(NamedTuple):
    reason: HoldReason
    topic: str | None
    """None: all topics wait."""


@dataclass(slots=True, eq=False)
class Holds:
    telemetry: Telemetry
    _active: dict[HoldKey, Hold] = field(default_factory=dict[HoldKey, Hold])

    def update(self, active: Mapping[HoldKey, str], now_ms: int) -> None:
        """`active` has a detail for each hold that is on now; it never quotes a record."""
        for key in [key for key in self._active if key not in active]:
            seconds = (now_ms - self._active.pop(key).since_ms) / 1000
            self.telemetry.note(HoldEnded(key.reason, key.topic, seconds))
        for key, detail in active.items():
            before = self._active.get(key)
            if before is None:
                self._active[key] = Hold(key.reason, key.topic, now_ms, detail)
                self.telemetry.note(HoldBegan(key.reason, key.topic, detail))
            elif before.detail != detail:
                self._active[key] = before._replace(detail=detail)

    def now(self) -> tuple[Hold, ...]:
        return tuple(self._active.values())
