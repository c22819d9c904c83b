"""Records that SEEK never digests, though others pass: when they may be buried (design 4).

A sick record fails alone, again and again, with a server fault or a code that we do not
know. Many of them at once are an outage of part of SEEK, and so are many one after another
of one signal type or hirer of which nothing is accepted between: none of these is buried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from consumer.delivery.lanes import Batch, Parcel
from consumer.delivery.limits import SickLimits


class _Kind(NamedTuple):
    of: str
    name: str


@dataclass(slots=True, eq=False)
class Sickness:
    limits: SickLimits
    _sick: dict[int, bool] = field(default_factory=dict[int, bool])
    """By batch number: whether only its kind keeps it from being buried."""
    _in_a_row: Counter[_Kind] = field(default_factory=Counter[_Kind])
    """Buried as sick, of each signal type and hirer, since one of it was accepted."""

    @property
    def count(self) -> int:
        return len(self._sick)

    @property
    def is_partial_outage(self) -> bool:
        return self.count > self.limits.subjects_max or any(self._sick.values())

    def may_bury(self, batch: Batch, now_s: float) -> bool:
        """Whether a lone batch that just failed, while others pass, is to be given up."""
        if batch.blamed < self.limits.attempts:
            return False
        parcel = batch.parcels[0]
        in_time = now_s - batch.blamed_since_s < self.limits.after_s
        of_its_kind = max(self._in_a_row[kind] for kind in _kinds(parcel))
        withheld = not in_time and of_its_kind >= self.limits.in_a_row_max
        self._sick[batch.number] = withheld
        return not in_time and not withheld and self.count <= self.limits.subjects_max

    def buried(self, parcel: Parcel) -> None:
        self._in_a_row.update(_kinds(parcel))

    def passed(self, parcels: Iterable[Parcel]) -> None:
        if not self._in_a_row:
            return
        for kind in {kind for parcel in parcels for kind in _kinds(parcel)}:
            self._in_a_row.pop(kind, None)

    def over(self, batch: Batch) -> None:
        self._sick.pop(batch.number, None)

    def keep(self, batches: Iterable[Batch]) -> None:
        """Others are not ours any more."""
        ours = {batch.number for batch in batches if batch.blamed}
        self._sick = {number: held for number, held in self._sick.items() if number in ours}


def _kinds(parcel: Parcel) -> list[_Kind]:
    type_code, hirer_id = parcel.signal.type_code, parcel.signal.hirer_id
    kinds = [_Kind("type", type_code)]
    return kinds if hirer_id is None else [*kinds, _Kind("hirer", hirer_id)]
