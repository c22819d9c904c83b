"""Lives through histories and tells how they ended."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.simulation.faults import Hazard
from tests.simulation.history import History
from tests.simulation.world import Violation


@dataclass(frozen=True, slots=True)
class Told:
    seed: int
    tally: Counter[Hazard]
    steps: list[str]
    """All of them when verbose, else the last."""
    broken: str | None
    """Which promise, the seed, the last steps, and how to replay; None when all held."""


def live(seed: int, *, verbose: bool = False) -> Told:
    history = History.of(seed, verbose=verbose)
    world = history.scene.world
    broken = None
    try:
        history.run()
    except Violation as violation:
        broken = str(violation)
    except Exception:  # noqa: BLE001 -- whatever the pipeline raises has to name its seed
        broken = traceback.format_exc()
    steps = [f"{at_s - 1_000.0:10.4f}  {who:5}  {what}" for at_s, who, what in world.trace]
    if broken is not None:
        last = "\n".join(steps[-40:])
        replay = f"python -m tests.simulation.run --seed {seed} --verbose"
        broken = f"{last}\n\n{broken}\nseed {seed}; all steps: {replay}"
    return Told(seed, world.plan.tally, steps, broken)


@dataclass(slots=True)
class Chronicle:
    """Each history is lived once, however many tests ask for it."""

    _told: dict[int, Told] = field(default_factory=dict[int, Told])

    def of(self, seed: int) -> Told:
        if seed not in self._told:
            self._told[seed] = live(seed)
        return self._told[seed]

    def tally(self, seeds: Iterable[int]) -> Counter[Hazard]:
        total: Counter[Hazard] = Counter()
        for seed in seeds:
            total.update(self.of(seed).tally)
        return total
