"""What the oracle knows, as JSON for the one who waits for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, cast

import orjson

from tests.faults.oracle.explain import Explainer
from tests.faults.oracle.ledger import Ledger
from tests.faults.oracle.publications import Fate
from tests.faults.oracle.watch import Watch


class Report(TypedDict):
    looks: int
    published: int
    """Records that the publisher has told of."""
    accepted: int
    """Records, each counted once, as are the dead-lettered."""
    deadLettered: int
    due: Mapping[str, int]
    """Reason → dead letters that are to come."""
    sick: int
    """Records that make SEEK fail and that no commit has passed: they need others' company."""
    skipped: int
    """To be skipped; whether they were, only the commits tell."""
    unsettled: int
    lag: int
    """Records that no commit has passed, …"""
    behind: Mapping[str, int]
    """… by partition, where there are any."""
    duplicates: int
    lettersAgain: int
    longestStallS: float
    faults: Mapping[str, int]
    """Kind → how many were injected so far."""
    violations: Mapping[str, int]
    """Kind → how many."""
    texts: list[str]
    """The first 50 of them."""
    verdict: str | None
    """`clean` or `violated`, at the end."""
    causes: Mapping[str, int]
    """Duplicates by cause, with the verdict."""


def report(watch: Watch, causes: Mapping[str, int] | None = None, *, final: bool = False) -> Report:
    ledger = watch.ledger
    violated = len(ledger.violations) > 0
    return {
        "looks": watch.looks,
        "published": ledger.published.total(),
        "accepted": ledger.accepted,
        "deadLettered": ledger.buried,
        "due": {reason: count for reason, count in ledger.due.items() if count},
        "sick": ledger.sick,
        "skipped": ledger.published[Fate.SKIP],
        "unsettled": ledger.unsettled,
        "lag": ledger.lag,
        "behind": ledger.behind,
        "duplicates": len(ledger.duplicates),
        "lettersAgain": len(ledger.letters_again),
        "longestStallS": round(watch.longest_stall_s, 1),
        "faults": watch.timeline.counts(),
        "violations": dict(ledger.violations.counts),
        "texts": list(ledger.violations.texts),
        "verdict": ("violated" if violated else "clean") if final else None,
        "causes": dict(causes or {}),
    }


def write_report(path: Path, told: Report) -> None:
    """In one step: who reads sees the old one or the new one."""
    new = path.with_suffix(".new")
    new.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    new.replace(path)


def write_duplicates(path: Path, ledger: Ledger, explainer: Explainer) -> None:
    """What each was put down to, for whoever looks into a run: those of the same two requests
    together; and letters."""
    counts = Counter(
        (str(it.place), it.before, it.again, it.committed_ms, explainer.cause(it))
        for it in ledger.duplicates
    )
    with path.open("wb") as file:
        for (place, before, again, committed_ms, cause), signals in counts.items():
            first, second = explainer.requests[before], explainer.requests[again]
            line = {
                "place": place,
                "signals": signals,
                "cause": cause and cause.text,
                "committedMs": committed_ms,
                "before": first._asdict(),
                "again": second._asdict(),
            }
            file.write(orjson.dumps(line) + b"\n")
        for letter in ledger.letters_again:
            cause_of_it = explainer.cause_of_letter(letter)
            told = letter._asdict() | {"place": str(letter.place), "cause": cause_of_it}
            file.write(orjson.dumps(told) + b"\n")


def read_report(path: Path) -> Report | None:
    """None: there is none yet."""
    return cast("Report", orjson.loads(path.read_bytes())) if path.exists() else None
