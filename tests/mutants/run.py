"""`python -m tests.mutants.run`: break each promise on purpose and see a named test fail."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.laboratory import Laboratory
from tests.mutants.mutant import (
    BadMutantError,
    Fate,
    Mutant,
    Verdict,
    number_of,
    read_mutant,
    row,
    too_few,
)

HERE = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every mutant was caught (and, with `--all-promises`, each promise and each rule
    has two)."""
    options = _options(arguments)
    try:
        mutants = _chosen(options.folder, options.only)
    except BadMutantError as error:
        _say(str(error))
        return 1
    caught = 0
    for mutant, verdict in judge_all(Laboratory(options.root), mutants, options.jobs):
        _say(row(mutant, verdict))
        caught += verdict.fate is Fate.CAUGHT
        if verdict.advice:
            _say(f"{verdict.advice}\n")
    missing = too_few(mutants) if options.all_promises else []
    for line in missing:
        _say(f"{line}: add tests/mutants/<promise>-<name>.patch")
    _say(f"{caught} of {len(mutants)} mutants caught")
    return int(caught < len(mutants) or bool(missing))


def judge_all(
    laboratory: Laboratory, mutants: Sequence[Mutant], jobs: int
) -> Iterator[tuple[Mutant, Verdict]]:
    """As they are judged, in the order given; each distinct test is first seen to pass without
    a mutant."""
    tests = list(dict.fromkeys(mutant.caught_by for mutant in mutants))
    with ThreadPoolExecutor(jobs) as pool:
        faults: dict[str, Verdict | None] = {}
        for some in pool.map(laboratory.baselines, (tests[job::jobs] for job in range(jobs))):
            faults |= some
        verdicts = pool.map(
            lambda mutant: faults[mutant.caught_by] or laboratory.judge(mutant), mutants
        )
        yield from zip(mutants, verdicts, strict=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.run", description=__doc__)
    parser.add_argument(
        "--only", metavar="P3", help="a promise, a rule, or a part of a mutant's name"
    )
    parser.add_argument("--jobs", type=int, default=2, help="mutants at the same time")
    parser.add_argument(
        "--all-promises",
        action="store_true",
        help="fail where a promise or a rule has fewer than two",
    )
    parser.add_argument("--folder", type=Path, default=HERE, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, default=HERE.parents[1], help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _chosen(folder: Path, only: str | None) -> list[Mutant]:
    mutants = [read_mutant(path) for path in folder.glob("*.patch")]
    if only is not None:
        mutants = [
            m for m in mutants if only in (m.promise, m.rule) or (only in m.name and not _is(only))
        ]
    return sorted(mutants, key=lambda mutant: (number_of(mutant.promise), mutant.name))


def _is(only: str) -> bool:
    """A promise such as P1, which is not to choose P13."""
    return number_of(only) > 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
