"""What work costs when there is much of it: the service on real Kafka, over millions of records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tests.bench.measuring import Plan, Run, measure
from tests.bench.parts import FarSide, real_broker
from tests.bench.report import RESULTS, Report
from tests.bench.systems import SERVICE

LONG_RESULTS: Final = RESULTS.with_name("RESULTS-long.md")
MILLION: Final = 1_000_000
ROUNDS: Final = 3
LONG_ROUNDS: Final = 2
"""Of 10 million each, some four minutes."""
_HOUR: Final = Plan(seconds=3_600.0)


def measure_growth(far: FarSide, report: Report, say: Callable[[str], None]) -> None:
    with real_broker(10 * MILLION) as broker:
        runs = [measure(SERVICE, broker, far, _HOUR) for _ in range(LONG_ROUNDS)]
    second = min(run.cpu_between(0.1, 0.2) for run in runs)
    last = min(run.cpu_between(0.9, 1.0) for run in runs)
    rss = max(run.rss_mib for run in runs)
    lines = [
        f"- CPU a signal, minimum of {LONG_ROUNDS} rounds of 10 M: {second:.1f} us in the second",
        f"  tenth, {last:.1f} us in the last: {last / second:.3f} (target ≤ 1.05)",
        f"- highest RSS on the way, with a backlog of 10 million: {rss:.0f} MiB (target ≤ 150)",
    ]
    few, many = _beside(far, partitions=(6, 96))
    lines.append(_compared("96 partitions over 6", many, few))
    few, many = _beside(far, subjects=(1_000, MILLION))
    lines.append(_compared("1 M subjects over 1 k", many, few))
    for line in lines:
        say(line)
    report.growth("Cost as work grows (the service, real Kafka)", lines)


def _beside(
    far: FarSide,
    partitions: tuple[int, int] = (6, 6),
    subjects: tuple[int, int] = (20_000, 20_000),
) -> tuple[Sequence[Run], Sequence[Run]]:
    """Two brokers, a run on each in turn."""
    with (
        real_broker(2 * MILLION, partitions[0], subjects[0]) as first,
        real_broker(2 * MILLION, partitions[1], subjects[1]) as second,
    ):
        pairs = [
            (measure(SERVICE, first, far, _HOUR), measure(SERVICE, second, far, _HOUR))
            for _ in range(ROUNDS)
        ]
    return [one for one, _ in pairs], [other for _, other in pairs]


def _compared(what: str, many: Sequence[Run], few: Sequence[Run]) -> str:
    more, less = min(run.cpu_us for run in many), min(run.cpu_us for run in few)
    return f"- {what}: {more:.1f} us over {less:.1f} us, {more / less:.2f} (target ≤ 1.1)"
