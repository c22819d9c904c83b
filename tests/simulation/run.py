"""Replays histories: `python -m tests.simulation.run --seed 17 --verbose`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.simulation.chronicle import live
from tests.simulation.faults import Hazard


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=1, help="how many, from that one on")
    parser.add_argument("--verbose", action="store_true", help="show every step")
    chosen = parser.parse_args()
    tally: Counter[Hazard] = Counter()
    broken: list[int] = []
    for seed in range(chosen.seed, chosen.seed + chosen.count):
        told = live(seed, verbose=chosen.verbose)
        tally.update(told.tally)
        if chosen.verbose:
            sys.stdout.writelines(f"{line}\n" for line in told.steps)
        if told.broken is not None:
            broken.append(seed)
            sys.stdout.write(f"{told.broken}\n")
    for hazard in Hazard:
        sys.stdout.write(f"{tally[hazard]:7} {hazard}\n")
    sys.stdout.write(f"{chosen.count} histories, broken: {broken or 'none'}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
