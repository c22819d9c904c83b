"""Keeps people's data from the screen: only what is known to be harmless is shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, cast

SHOWN: Final = frozenset(
    {
        "eventId",
        "hirerId",
        "occurredAt",
        "seekTokenIssuedAt",
        "positionProfileIds",
        "completedAt",
        "typeCode",
        "timestamp",
        "label",
        "index",
        "total",
        "success",
    }
)
"""Fields of events and signals that tell of stages, times and hirers, not of candidates."""
_SCHEME: Final = re.compile(r"global(?:PublicTest)?-|seekAnz(?:PublicTest)?:[A-Za-z]+:")
"""SEEK's own schemes: they say the environment, which is often the fault."""
_QUOTED: Final = re.compile(r"""(["'`])(?:(?!\1).)+\1""")
_ADDRESS: Final = re.compile(r"\S+@\S+")
_WORTH_HIDING: Final = 3


def masked(value: object, field: str = "") -> object:
    """The same shape, with every text, number and byte string hidden that is not of `SHOWN`."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[object, object]", value)
        return {str(name): masked(each, str(name)) for name, each in fields.items()}
    if isinstance(value, bytes):
        return hidden(value)
    if isinstance(value, list | tuple):
        return [masked(each, field) for each in cast("Sequence[object]", value)]
    if value is None or isinstance(value, bool) or field in SHOWN:
        return value
    return hidden(str(value))


def hidden(value: str | bytes) -> str:
    """How it begins, where that is a scheme, and how long it is."""
    if isinstance(value, bytes):
        return f"•••({len(value)} bytes)"
    scheme = _SCHEME.match(value)
    return f"{scheme[0] if scheme else ''}•••({len(value)})"


def scrubbed(message: str, secrets: Iterable[str]) -> str:
    """A message of SEEK's or the decoder's, which may quote what was sent."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= _WORTH_HIDING:
            message = message.replace(secret, "•••")
    return _ADDRESS.sub("•••", _QUOTED.sub("•••", message))


def hidden_texts(value: object, field: str = "") -> Iterator[str]:
    """Every text that `masked` would hide."""
    if isinstance(value, Mapping):
        for name, each in cast("Mapping[object, object]", value).items():
            yield from hidden_texts(each, str(name))
    elif isinstance(value, list | tuple):
        for each in cast("Sequence[object]", value):
            yield from hidden_texts(each, field)
    elif isinstance(value, str) and field not in SHOWN:
        yield value
