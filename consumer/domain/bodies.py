"""The JSON of a signal (contract 1), put together from texts, most of which come back.

A quarter of what it costs to fill dictionaries and have a library encode them, record by record.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Final, NamedTuple

from consumer.domain.events import Step

quoted: Final = encode_basestring
"""A text → the same as a JSON string; what is no ASCII stays as it is."""

_SUCCESS: Final = {None: "null", True: "true", False: "false"}


class Frame(NamedTuple):
    """A state but for its time, which is another in every record."""

    before: str
    after: str
    blank: str
    """`status` or `phase` when its label is blank, else empty."""
    odd: bool
    """An index is outside 1 to `total`: sent all the same, since SEEK documents neither the
    base nor a check (contract 2.3)."""


def listed(texts: Sequence[str]) -> str:
    if len(texts) == 1:  # As nearly always, and then half the price.
        return f"[{quoted(texts[0])}]"
    return f"[{','.join(map(quoted, texts))}]"


@lru_cache(maxsize=4_096)  # Statuses come back in every record; some 3 MB.
def frame_of(status: Step, phase: Step | None, success: bool | None) -> Frame:  # noqa: FBT001 -- SEEK's third value is null
    """`success` is always there, null while in progress; `phase` only when known (contract 8.4)."""
    before = f'{{"status":{_step(status)},"success":{_SUCCESS[success]},"timestamp":"'
    after = '"}' if phase is None else f'","phase":{_step(phase)}}}'
    blank = "status" if _is_blank(status) else "phase" if phase and _is_blank(phase) else ""
    return Frame(before, after, blank, _is_odd(status) or (phase is not None and _is_odd(phase)))


def _step(step: Step) -> str:
    label, place, total = step
    return f'{{"label":{quoted(label)},"index":{place:d},"total":{total:d}}}'


def _is_blank(step: Step) -> bool:
    return not step.label or step.label.isspace()


def _is_odd(step: Step) -> bool:
    return not 1 <= step.place <= step.total
