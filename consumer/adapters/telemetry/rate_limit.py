"""Keeps a fault that repeats itself from flooding the log."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

EVERY_S = 60.0
"""Often enough to see that a fault lasts, seldom enough to read the log."""


@dataclass(slots=True)
class RateLimit:
    """Lets one line of a kind pass in `every_s` seconds. Kinds must be of a closed set."""

    every_s: float = EVERY_S
    _passed_at_s: dict[Hashable, float] = field(init=False, default_factory=dict[Hashable, float])
    _kept_back: dict[Hashable, int] = field(init=False, default_factory=dict[Hashable, int])

    def passes(self, kind: Hashable, now_s: float) -> int | None:
        """How many were kept back before this one; None when this one is kept back too."""
        last_s = self._passed_at_s.get(kind)
        if last_s is not None and now_s - last_s < self.every_s:
            self._kept_back[kind] = self._kept_back.get(kind, 0) + 1
            return None
        self._passed_at_s[kind] = now_s
        return self._kept_back.pop(kind, 0)
