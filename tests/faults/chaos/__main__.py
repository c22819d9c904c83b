"""`python -m tests.faults.chaos`: the options, and how it ends."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from random import SystemRandom
from typing import Final

from tests.faults.chaos.results import RESULTS, Row, record, summary
from tests.faults.chaos.run import Outcome, Run
from tests.faults.chaos.schedule import Planned, consumers_of, plan, protocol_of
from tests.faults.chaos.stage import Cast, staged

CLEAN, VIOLATED, INTERRUPTED = 0, 1, 130
WRONG_SHOWN: Final = 20


def main() -> int:
    asked = _arguments().parse_args()
    seed = SystemRandom().randrange(1_000_000) if asked.seed is None else asked.seed
    cast = Cast(
        seed, asked.consumers or consumers_of(seed), asked.protocol or protocol_of(seed), asked.rate
    )
    faults = plan(seed, asked.seconds, cast.consumers)
    _say(
        f"seed {seed}: {asked.seconds:g} s, {cast.consumers} consumers, group protocol "
        f"{cast.protocol}, {len(faults)} faults"
    )
    if asked.plan:
        for fault in faults:
            _say(str(fault))
        return CLEAN
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
    try:
        return _run(asked, cast, faults, folder)
    except KeyboardInterrupt:
        _say(f"interrupted; everything is stopped; logs and journals are in {folder}")
        return INTERRUPTED


def _run(asked: argparse.Namespace, cast: Cast, faults: list[Planned], folder: Path) -> int:
    _say(f"starting; logs and journals go to {folder}")
    with staged(cast, folder) as stage:
        outcome = Run(stage, faults, asked.seconds, _say).play()
    row = Row(cast, asked.seconds, outcome)
    for line in summary(row):
        _say(line)
    if asked.record:
        record(row)
        _say(f"written to {RESULTS}")
    return _end(outcome, folder, keep=asked.keep)


def _end(outcome: Outcome, folder: Path, *, keep: bool) -> int:
    wrong = list(dict.fromkeys(outcome.wrong))
    for line in wrong[:WRONG_SHOWN]:
        _say(f"WRONG: {line}")
    if wrong:
        _say(f"violated, {len(wrong)} in all; logs, journals and reports are kept in {folder}")
        return VIOLATED
    if keep:
        _say(f"clean; logs, journals and reports are in {folder}")
    else:
        shutil.rmtree(folder)
        _say("clean")
    return CLEAN


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.chaos",
        description="Real Kafka, registry, consumers and a SEEK of our own, hit by faults that "
        "are drawn from a seed, while an oracle watches that nothing is lost.",
        epilog="Exit code 0: clean; 1: something was violated; 130: interrupted.",
    )
    parser.add_argument("--seconds", type=float, default=120, help="of faults; then it heals (120)")
    parser.add_argument("--seed", type=int, help="the same seed, the same faults (drawn)")
    parser.add_argument("--rate", type=float, default=2_500, help="events a second (2500)")
    parser.add_argument("--consumers", type=int, help="members that stay (2 to 4, by the seed)")
    parser.add_argument(
        "--protocol", choices=["classic", "consumer"], help="of the group (by the seed)"
    )
    parser.add_argument("--plan", action="store_true", help="print the schedule, run nothing")
    parser.add_argument("--record", action="store_true", help="append a row to RESULTS.md")
    parser.add_argument("--keep", action="store_true", help="keep the artefacts of a clean run too")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
