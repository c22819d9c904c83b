"""Command: how much of their speed one stuck partition leaves the others.

    python -m tests.integration.bounds.stuck [--rounds 3] [--records 100000]

A round runs the service with nothing stuck and with each way to stick, one after the other,
so that a ratio compares runs of the same minutes; it fails where the median is too low. SEEK
answers after 100 ms, so its answers are what limits the speed, as in real life.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from tests.integration.bounds.stage import PARTITIONS, running, stage
from tests.integration.bounds.sticking import SETTINGS, Sticking, fill
from tests.testbed import KafkaCluster, Registry, running_kafka, running_registry

OTHERS: Final = range(1, PARTITIONS)
LATENCY_S: Final = 0.1
IN_FLIGHT: Final = "4"
SPEED_LEFT: Final = 0.9
"""So much of their speed one stuck partition leaves the others, at least."""


def speed(kafka: KafkaCluster, registry: Registry, sticking: Sticking, records: int) -> float:
    """Records a second of the partitions in which nothing sticks, committed."""
    letters = sticking is not Sticking.LETTER
    with (
        tempfile.TemporaryDirectory() as folder,
        stage(kafka, registry, Path(folder), 1, latency_s=LATENCY_S, letters=letters) as it,
    ):
        each = records // PARTITIONS
        fill(it, {0: sticking}, each, each)
        with running(it, SEEK_SIGNALS_IN_FLIGHT_MAX=IN_FLIGHT, **SETTINGS) as run:
            run.until(lambda: it.sandbox.accepted > 0, "the first")
            began_s = time.monotonic()
            run.until(lambda: it.committed(OTHERS) >= each * len(OTHERS), "the others")
            return each * len(OTHERS) / (time.monotonic() - began_s)


def main() -> int:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--rounds", type=int, default=3)
    reading.add_argument("--records", type=int, default=100_000, help="in all partitions")
    asked = reading.parse_args()
    ratios: dict[Sticking, list[float]] = {each: [] for each in Sticking}
    with running_kafka() as kafka, running_registry() as registry:
        for number in range(1, asked.rounds + 1):
            speeds = {each: speed(kafka, registry, each, asked.records) for each in Sticking}
            for each, found in speeds.items():
                ratios[each].append(found / speeds[Sticking.NOTHING])
                _tell(f"round {number}: {each}: {found:,.0f} records/s, {ratios[each][-1]:.2f}")
    for each, shares in ratios.items():
        _tell(f"{each}: {median(shares):.2f} of the speed (median; least {min(shares):.2f})")
    slow = [each for each, shares in ratios.items() if median(shares) < SPEED_LEFT]
    for each in slow:
        _tell(f"WRONG: {each} leaves the others less than {SPEED_LEFT:.0%} of their speed")
    return 1 if slow else 0


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
