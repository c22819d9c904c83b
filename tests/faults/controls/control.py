"""Reads the patches, and makes a tree whose consumer is broken."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from tests.faults.service import REPOSITORY
from tests.mutants.laboratory import Laboratory, apply_patch

HERE: Final = Path(__file__).parent
HEADERS: Final = ("breaks", "provoked by", "seen as")


class BadControlError(Exception):
    """A patch file that says too little, or that does not fit the code any more."""


class Control(NamedTuple):
    path: Path
    breaks: str
    scenario: str
    violation: str
    """As the oracle calls it."""

    @property
    def name(self) -> str:
        return self.path.stem


def read_controls() -> list[Control]:
    return [_read(path) for path in sorted(HERE.glob("*.patch"))]


def broken_tree(control: Control, folder: Path) -> Path:
    """A copy of the code, in `folder`."""
    copy = Laboratory(REPOSITORY).copy(folder)
    fault = apply_patch(copy, control.path)
    if fault is not None:
        msg = (
            f"{fault.strip()}\nThe code has moved on. Make the change again ({control.breaks}), "
            f"then write the three header lines and the output of 'git diff' to "
            f"{control.path.name}, and undo the change."
        )
        raise BadControlError(msg)
    return copy


def _read(path: Path) -> Control:
    lines = path.read_text().splitlines()[: len(HEADERS)]
    fields = dict(line.split(": ", maxsplit=1) for line in lines if ": " in line)
    missing = [name for name in HEADERS if not fields.get(name)]
    if missing:
        msg = f"{path.name}: no line '{missing[0]}: …' before the diff"
        raise BadControlError(msg)
    return Control(path, *(fields[name] for name in HEADERS))
