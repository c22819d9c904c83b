"""`python -m tests.bench quick | full | long | stages`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tests.bench.growth import LONG_RESULTS, measure_growth
from tests.bench.measuring import Plan, Run
from tests.bench.parts import far_side, mock_broker, real_broker
from tests.bench.report import Report
from tests.bench.scenarios import Bench, ratios
from tests.bench.stages import show_stages
from tests.bench.systems import EVERY, PROTOTYPE, SERVICE

ALARM: Final = 2.5
"""`quick` fails above this ratio of the service to the prototype (issue 7)."""
QUICK_RECORDS: Final = 150_000
FULL_RECORDS: Final = 200_000
BACKLOG: Final = 2_000_000
ROUNDS: Final = 5
LONGEST_DRAIN_S: Final = 120.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", choices=_COMMANDS)
    return _COMMANDS[parser.parse_args(arguments).what]()


def quick() -> int:
    """Service and prototype, three rounds on real Kafka: exits with 1 above `ALARM`."""
    with far_side() as far, real_broker(QUICK_RECORDS) as broker:
        runs = Bench(broker, far, _say).rounds((SERVICE, PROTOTYPE), 3, Plan())
    ratio = ratios(runs, "service")["prototype"]
    told = "" if ratio <= ALARM else f": above {ALARM}"
    _say(f"service / prototype: {ratio:.2f}{told}")
    return 0 if ratio <= ALARM else 1


def full() -> int:
    """All systems, on real Kafka and on the mock; latency; low load; RESULTS.md."""
    report = Report()
    with far_side() as far:
        with real_broker(FULL_RECORDS) as broker:
            bench = Bench(broker, far, _say)
            runs = bench.rounds(EVERY, ROUNDS, Plan())
            report.comparison("CPU a signal, SEEK at 0 ms, 4 in flight, real Kafka", runs)
            report.chart(runs)
            report.growth("From start to the first accepted signal", _starts(runs["service"]))
            report.latency(bench.latency())
        with real_broker(1) as broker:
            report.lone_records(Bench(broker, far, _say).lone_records(0))
        with real_broker(BACKLOG) as broker:
            runs = Bench(broker, far, _say).rounds(EVERY, 1, Plan(seconds=15.0))
            report.comparison("A backlog of 2 million on real Kafka, 15 s each", runs)
        with mock_broker(FULL_RECORDS) as broker:
            runs = Bench(broker, far, _say).rounds(EVERY, 1, Plan())
            report.comparison("The same on librdkafka's mock, one round", runs)
    report.write("make bench")
    return 0


def long() -> int:
    """Cost as work grows, memory: 10 million records and more on real Kafka."""
    report = Report()
    with far_side() as far:
        measure_growth(far, report, _say)
    report.write("make bench-long", path=LONG_RESULTS)
    return 0


def stages() -> int:
    show_stages(_say)
    return 0


def _starts(runs: Sequence[Run]) -> list[str]:
    seconds = sorted(run.first_signal_s for run in runs)
    return [f"{', '.join(f'{it:.1f}' for it in seconds)} s, the group's join among it."]


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- what the command is for


_COMMANDS: Final[Mapping[str, Callable[[], int]]] = {
    "quick": quick,
    "full": full,
    "long": long,
    "stages": stages,
}

if __name__ == "__main__":
    sys.exit(main())
