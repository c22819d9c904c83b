"""Where an application or position stands in its process, and the JSON that says so (contract 1.4).

An ATS has some hundred standings, and each record brings one or two of them: what is to be
known of one is found out once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from consumer.domain.bodies import encoded

_SUCCESS: Final = {None: "null", True: "true", False: "false"}


class Step(NamedTuple):
    """A status, or the phase above it, as end users see it (contract 1.5)."""

    label: str
    place: int
    """SEEK's `index`: a tuple has a method of that name."""
    total: int


@dataclass(frozen=True, slots=True)
class Standing:
    """All of a state but its time, which is another in every record."""

    status: Step
    phase: Step | None
    success: bool | None
    before: str
    """The JSON of the state up to its time, …"""
    after: str
    """… and from there on."""
    blank: str
    """`status` or `phase` when its label is blank, else empty."""
    odd: bool
    """An index is outside 1 to `total`: sent all the same, since SEEK documents neither the
    base nor a check (contract 2.3)."""


@lru_cache(maxsize=4_096)  # Some 3 MB.
def standing(status: Step, phase: Step | None, success: bool | None) -> Standing:  # noqa: FBT001 -- SEEK's third value is null
    """`success` is always told, null while in progress; `phase` only when known (contract 8.4)."""
    before = f'{{"status":{_step(status)},"success":{_SUCCESS[success]},"timestamp":"'
    after = '"}' if phase is None else f'","phase":{_step(phase)}}}'
    blank = "status" if _is_blank(status) else "phase" if phase and _is_blank(phase) else ""
    odd = _is_odd(status) or (phase is not None and _is_odd(phase))
    return Standing(status, phase, success, before, after, blank, odd)


def _step(step: Step) -> str:
    label, place, total = step
    return f'{{"label":{encoded(label).decode()},"index":{place},"total":{total}}}'


def _is_blank(step: Step) -> bool:
    return not step.label or step.label.isspace()


def _is_odd(step: Step) -> bool:
    return not 1 <= step.place <= step.total
