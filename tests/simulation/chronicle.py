"""Lives through histories and tells how they ended."""

from __future__ import annotations

import json
import os
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True, slots=True)
class Chronicle:
    """Each history is lived once, however many tests of however many processes ask for it."""

    folder: Path

    def broken(self, seed: int) -> str | None:
        """Which promise, and how to replay it; None when all held."""
        return self._of(seed)[0]

    def tally(self, seeds: Iterable[int]) -> Counter[str]:
        total: Counter[str] = Counter()
        for seed in seeds:
            total.update(self._of(seed)[1])
        return total

    def _of(self, seed: int) -> tuple[str | None, dict[str, int]]:
        written = self.folder / f"history-{seed}.json"
        if not written.exists():
            told = live(seed)
            draft = written.with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps([told.broken, told.tally]))
            draft.replace(written)  # So that nobody reads half of it.
        broken, tally = json.loads(written.read_text())
        return broken, tally
