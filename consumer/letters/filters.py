"""Which letters are meant: one set of filters for all verbs. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Final, NamedTuple

from consumer.letters.errors import BadOptionsError
from consumer.letters.letter import CLASSES, Letter
from consumer.letters.standing import Standing

_AGO: Final = re.compile(r"(\d+)([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_RANGE: Final = re.compile(r"(\d*)(\.\.)?(\d*)")


class Offsets(NamedTuple):
    """Both ends belong to it; None is open."""

    first: int | None
    last: int | None

    def __contains__(self, offset: object) -> bool:
        return (
            isinstance(offset, int)
            and (self.first is None or offset >= self.first)
            and (self.last is None or offset <= self.last)
        )


ALL_OFFSETS: Final = Offsets(None, None)


@dataclass(frozen=True, slots=True)
class Filter:
    """Empty: every letter. `topic`, `partition` and `offsets` are the origin's."""

    classes: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    partition: int | None = None
    offsets: Offsets = ALL_OFFSETS
    since_ms: int | None = None
    until_ms: int | None = None
    key: bytes | None = None
    hirer: str | None = None
    match: str = ""
    states: frozenset[Standing] = frozenset()
    """Not for `takes`: what has become of a letter is known only when all are read."""

    def takes(self, letter: Letter, hirer_of: Callable[[Letter], str | None]) -> bool:
        """`hirer_of` decodes the value; asked last, and only where it matters."""
        return (
            self._takes_failure(letter)
            and self._takes_origin(letter)
            and (self.key is None or letter.key == self.key)
            and (self.hirer is None or hirer_of(letter) == self.hirer)
        )

    def _takes_failure(self, letter: Letter) -> bool:
        failure = letter.dead.failure
        return (
            (not self.classes or failure.reason in self.classes)
            and (not self.codes or failure.code in self.codes)
            and (self.since_ms is None or failure.failed_at_ms >= self.since_ms)
            and (self.until_ms is None or failure.failed_at_ms < self.until_ms)
            and (not self.match or self.match.casefold() in failure.message.casefold())
        )

    def _takes_origin(self, letter: Letter) -> bool:
        origin = letter.origin
        return (
            (not self.topics or origin.topic in self.topics)
            and (self.partition is None or origin.partition == self.partition)
            and origin.offset in self.offsets
        )


def known_classes(names: Sequence[str]) -> frozenset[str]:
    """Raises BadOptionsError that names the known ones."""
    unknown = sorted(set(names) - set(CLASSES))
    if not unknown:
        return frozenset(names)
    faults = [f"--class {name}: there is no such class{_hint(name)}" for name in unknown]
    raise BadOptionsError(*faults, f"known classes: {', '.join(CLASSES)}")


def known_states(names: Sequence[str]) -> frozenset[Standing]:
    """Raises BadOptionsError that names the known ones."""
    known = [standing.value for standing in Standing]
    unknown = sorted(set(names) - set(known))
    if unknown:
        faults = [f"--state {name}: there is no such state" for name in unknown]
        raise BadOptionsError(*faults, f"known states: {', '.join(known)}")
    return frozenset(Standing(name) for name in names)


def offsets_of(text: str | None) -> Offsets:
    """`7`, `3..9`, `3..` or `..9`. Raises BadOptionsError."""
    if text is None:
        return ALL_OFFSETS
    parts = _RANGE.fullmatch(text.strip())
    if parts is None or not (parts[1] or parts[3]):
        fault = f"--offsets {text}: write 3..9, 3.., ..9 or 7"
        raise BadOptionsError(fault)
    first = int(parts[1]) if parts[1] else None
    if parts[2] is None:
        return Offsets(first, first)
    last = int(parts[3]) if parts[3] else None
    if first is not None and last is not None and last < first:
        fault = f"--offsets {text}: ends before it begins"
        raise BadOptionsError(fault)
    return Offsets(first, last)


def moment_ms(option: str, text: str | None, now_ms: int) -> int | None:
    """`2h` (ago; s, m, h, d, w) or an RFC 3339 time. Raises BadOptionsError."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        return now_ms - int(ago[1]) * _SECONDS[ago[2]] * 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        fault = f"{option} {text}: write 2h (ago; s, m, h, d, w) or a time as 2026-01-31T09:00:00Z"
        raise BadOptionsError(fault)
    return round(moment.timestamp() * 1000)


def _hint(name: str) -> str:
    close = get_close_matches(name, CLASSES, n=1)
    return f"; did you mean {close[0]}?" if close else ""
