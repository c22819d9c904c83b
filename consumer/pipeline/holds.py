"""Which holds are on, since when: derived each turn, told when one begins, changes or ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from consumer.observed import (
    Hold,
    HoldBegan,
    HoldChanged,
    HoldEnded,
    HoldReason,
    Telemetry,
)

_BY_CODE: Final = frozenset(HoldReason) - {HoldReason.SEEK, HoldReason.FLOOD}
"""Holds whose detail begins with what is wrong. The others' counts and times are no news."""


class HoldKey(NamedTuple):
    reason: HoldReason
    topic: str | None
    """None: all topics wait."""


@dataclass(slots=True, eq=False)
class _Active:
    hold: Hold
    told: set[str]
    """What was wrong so far: what comes again is no news either, else two would take turns."""


@dataclass(slots=True, eq=False)
class Holds:
    telemetry: Telemetry
    _active: dict[HoldKey, _Active] = field(default_factory=dict[HoldKey, _Active])

    def update(self, active: Mapping[HoldKey, str], now_ms: int) -> None:
        """`active` has a detail for each hold that is on now; it never quotes a record."""
        for key in [key for key in self._active if key not in active]:
            seconds = (now_ms - self._active.pop(key).hold.since_ms) / 1000
            self.telemetry.note(HoldEnded(key.reason, key.topic, seconds))
        for key, detail in active.items():
            active_before = self._active.get(key)
            if active_before is None:
                hold = Hold(key.reason, key.topic, now_ms, detail)
                self._active[key] = _Active(hold, {_wrong(detail)})
                self.telemetry.note(HoldBegan(key.reason, key.topic, detail))
            elif active_before.hold.detail != detail:
                self._change(active_before, detail)

    def now(self) -> tuple[Hold, ...]:
        return tuple(active.hold for active in self._active.values())

    def _change(self, active: _Active, detail: str) -> None:
        hold = active.hold = active.hold._replace(detail=detail)
        wrong = _wrong(detail)
        if hold.reason in _BY_CODE and wrong not in active.told:
            active.told.add(wrong)
            self.telemetry.note(HoldChanged(hold.reason, hold.topic, detail))


def _wrong(detail: str) -> str:
    return detail.partition(":")[0]
