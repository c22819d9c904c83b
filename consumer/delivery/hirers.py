"""Hirers whose signals SEEK refuses with FORBIDDEN: they travel apart (design 4).

FORBIDDEN is about one hirer's relationship with the partner. After some isolated
refusals its signals get batches of their own, so that they drag nobody along and cost
no search for culprits; they rejoin when one is accepted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class HirerBreaker:
    refusals_before: int
    apart: set[str] = field(default_factory=set[str])
    """Shared with the dispatcher, which reads it."""
    _refusals: Counter[str] = field(default_factory=Counter[str])

    def forbidden(self, hirer_id: str | None) -> None:
        """One signal of this hirer, sent alone, was refused."""
        if hirer_id is None:
            return
        self._refusals[hirer_id] += 1
        if self._refusals[hirer_id] >= self.refusals_before:
            self.apart.add(hirer_id)

    def accepted(self, hirer_ids: Iterable[str | None]) -> None:
        if not self._refusals:
            return
        for hirer_id in hirer_ids:
            if hirer_id is not None and self._refusals.pop(hirer_id, None) is not None:
                self.apart.discard(hirer_id)
