"""Keeps people's data from the screen: only what is known to be harmless is shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, cast

_OF_A_STATE: Final = (
    *(("status", name) for name in ("label", "index", "total")),
    *(("phase", name) for name in ("label", "index", "total")),
    ("success",),
    ("timestamp",),
)
SHOWN: Final = frozenset(
    {
        ("eventId",),
        ("hirerId",),
        ("occurredAt",),
        ("seekTokenIssuedAt",),
        ("positionProfileIds",),
        ("completedAt",),
        ("typeCode",),
        ("timestamp",),
        *((when, *path) for when in ("current", "previous") for path in _OF_A_STATE),
    }
)
"""Paths in events and signals that tell of stages, times and hirers, not of candidates. The same
name elsewhere, as in a schema of somebody else's, may hold anything."""
_SCHEME: Final = re.compile(r"global(?:PublicTest)?-|seekAnz(?:PublicTest)?:[A-Za-z]+:")
"""SEEK's own schemes: they say the environment, which is often the fault."""
_QUOTED: Final = re.compile(r"""(["'`])(?:(?!\1).)+\1""")
_ADDRESS: Final = re.compile(r"\S+@\S+")
_WORTH_HIDING: Final = 3
_DIGITS_WORTH_HIDING: Final = 4
"""Shorter ones are codes, counts and positions."""


class Entries(dict[str, object]):
    """An Avro map, whose keys are data and not names."""


def masked(value: object, path: tuple[str, ...] = ()) -> object:
    """The same shape, with every text, number and byte string hidden that is not of `SHOWN`, and
    every key of a map."""
    match value:
        case Entries():
            return _masked_entries(value, path)
        case Mapping():
            fields = cast("Mapping[object, object]", value)
            return {str(n): masked(each, (*path, str(n))) for n, each in fields.items()}
        case list() | tuple():
            return [masked(each, path) for each in cast("Sequence[object]", value)]
        case bytes():
            return hidden(value)
        case _:
            plain = value is None or isinstance(value, bool) or path in SHOWN
            return value if plain else hidden(str(value))


def _masked_entries(entries: Entries, path: tuple[str, ...]) -> Mapping[str, object]:
    """Numbered, as hidden keys may be alike."""
    return {
        f"{hidden(key)} {number}": masked(each, (*path, ""))
        for number, (key, each) in enumerate(entries.items(), 1)
    }


def hidden(value: str | bytes) -> str:
    """How it begins, where that is a scheme, and how long it is."""
    if isinstance(value, bytes):
        return f"•••({len(value)} bytes)"
    scheme = _SCHEME.match(value)
    return f"{scheme[0] if scheme else ''}•••({len(value)})"


def scrubbed(message: str, secrets: Iterable[str]) -> str:
    """A message of SEEK's or the decoder's, which may quote what was sent."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= (_DIGITS_WORTH_HIDING if secret.isdigit() else _WORTH_HIDING):
            message = message.replace(secret, "•••")
    return _ADDRESS.sub("•••", _QUOTED.sub("•••", message))


def hidden_texts(value: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Everything that `masked` would hide, as a message would quote it."""
    match value:
        case Mapping():
            for name, each in cast("Mapping[object, object]", value).items():
                if isinstance(value, Entries):
                    yield str(name)
                inner = "" if isinstance(value, Entries) else str(name)
                yield from hidden_texts(each, (*path, inner))
        case list() | tuple():
            for each in cast("Sequence[object]", value):
                yield from hidden_texts(each, path)
        case bytes():
            yield value.decode(errors="replace")
        case _:
            if value is not None and not isinstance(value, bool) and path not in SHOWN:
                yield str(value)
