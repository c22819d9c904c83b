"""One line of a check: what was found, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """It works, or is not known, and is worth a look."""
    FAULT = "fault"
    """The service would hold, or dead-letter records."""


class Finding(NamedTuple):
    about: str
    """`kafka`, `topic ats.x`, `token`, …"""
    level: Level
    said: str
    do: str = ""


def ok(about: str, said: str) -> Finding:
    return Finding(about, Level.OK, said)


def warning(about: str, said: str, do: str) -> Finding:
    return Finding(about, Level.WARNING, said, do)


def fault(about: str, said: str, do: str) -> Finding:
    return Finding(about, Level.FAULT, said, do)


def worst(findings: Iterable[Finding]) -> Level:
    levels = {finding.level for finding in findings}
    return next((each for each in (Level.FAULT, Level.WARNING) if each in levels), Level.OK)
