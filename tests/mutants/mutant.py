"""A mutant: a small patch that breaks one promise, and the test that must notice.

A file `tests/mutants/<promise>-<name>.patch` is three or four lines, then a unified diff:

    promise: P5
    rule: ceiling
    breaks: the ceiling on requests a second is not kept
    caught by: tests/unit/test_rate.py::test_a_ceiling_spaces_the_starts

A rule is one of several by which a promise is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

COVERED: Final = tuple(f"P{number}" for number in range(1, 14))
"""Promises whose tests have to prove that they can fail; at least twice each."""
AT_LEAST: Final = 2
RULES: Final = (
    "back-off",
    "batch size",
    "ceiling",
    "commit memory",
    "commit refused in part",
    "credentials read again",
    "dead-letter outage",
    "exposure",
    "fence",
    "flood guard",
    "hirer breaker",
    "in flight",
    "lease",
    "membership proof",
    "partial outage",
    "pending bound",
    "probe with another",
    "rate",
    "registry away",
    "retry-after",
    "room for others",
    "sick record",
    "single probe",
    "topic id",
    "unknown code",
)
"""What was decided to keep the promises under faults; at least twice each, too."""
HEADERS: Final = ("promise", "breaks", "caught by")
RULE: Final = "rule"


class BadMutantError(Exception):
    """A patch file that says too little."""


class Mutant(NamedTuple):
    path: Path
    promise: str
    breaks: str
    caught_by: str
    """pytest node id; without its parameters it stands for all of them."""
    rule: str = ""
    """One of `RULES`, or empty."""

    @property
    def name(self) -> str:
        return self.path.stem


class Fate(StrEnum):
    CAUGHT = "caught"
    SURVIVED = "SURVIVED"
    NOT_APPLICABLE = "DOES NOT APPLY"
    BROKEN = "BROKEN"
    """The tests did not get to say anything: an import or collection error, a time-out."""
    NO_BASELINE = "NO BASELINE"
    """The test does not pass without the mutant either."""


class Verdict(NamedTuple):
    fate: Fate
    seconds: float
    advice: str = ""
    """For all but `caught`: what to do, and what pytest or git said."""


def read_mutant(path: Path) -> Mutant:
    fields: dict[str, str] = {}
    for line in path.read_text().splitlines():
        name, colon, value = line.partition(":")
        if not colon or name not in (*HEADERS, RULE):
            break
        fields[name] = value.strip()
    missing = [name for name in HEADERS if not fields.get(name)]
    if missing:
        msg = f"{path.name}: no line '{missing[0]}: …' before the diff"
        raise BadMutantError(msg)
    if not path.name.startswith(f"{fields['promise']}-"):
        msg = f"{path.name}: promises {fields['promise']}, so its name must begin with that"
        raise BadMutantError(msg)
    rule = fields.get(RULE, "")
    if rule and rule not in RULES:
        msg = f"{path.name}: no rule is called {rule}; RULES in mutant.py has them all"
        raise BadMutantError(msg)
    promise, breaks, caught_by = (fields[name] for name in HEADERS)
    return Mutant(path, promise, breaks, caught_by, rule)


def number_of(promise: str) -> int:
    digits = promise.removeprefix("P")
    return int(digits) if digits.isdigit() else 0


def too_few(mutants: Iterable[Mutant]) -> list[str]:
    """One line for each promise and rule whose tests were not shown able to fail often enough."""
    counts = Counter(what for mutant in mutants for what in (mutant.promise, mutant.rule))
    return [
        f"{what} has {counts[what]} of at least {AT_LEAST} mutants"
        for what in (*COVERED, *RULES)
        if counts[what] < AT_LEAST
    ]


def row(mutant: Mutant, verdict: Verdict) -> str:
    return f"{mutant.promise:4} {verdict.seconds:6.1f} s  {verdict.fate:14}  {mutant.name}"
