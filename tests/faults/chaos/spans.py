"""A range to draw from."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple


class Span(NamedTuple):
    least: float
    most: float

    def drawn(self, draw: Random) -> float:
        return round(draw.uniform(self.least, self.most), 2)


INSTANT: Final = Span(0.0, 0.0)
