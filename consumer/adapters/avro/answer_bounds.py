"""Bounds on what one answer of the registry may cost.

Its client reads whatever comes for as long as bytes come: each silence is bounded, the whole is
not. A proxy that answers with an endless page, or drips, would fill the memory, or keep the one
thread that looks schemas up.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

ANSWER_MAX_BYTES: Final = 8 * 1024 * 1024
"""A schema of 1 MiB, the most that is read, in JSON whose every character is escaped, and some."""


class UnboundedAnswerError(Exception):
    """The answer is too large, too slow, or cannot be bounded."""


class _Stream(Protocol):
    def __iter__(self) -> Iterator[bytes]: ...
    def close(self) -> None: ...


class _Answer(Protocol):
    @property
    def headers(self) -> Mapping[str, str]: ...

    stream: Any
    """A `SyncByteStream` of the library at work."""


class Session(Protocol):
    """The client of httpx, or of a library with its names: what the registry's client brings."""

    @property
    def headers(self) -> MutableMapping[str, str]: ...

    event_hooks: Any


def bound_answers(
    session: Session, body_s: float, monotonic_s: Callable[[], float] = time.monotonic
) -> None:
    """Answers may have so many seconds from their headers to their last byte.

    They are asked for as they are: unpacked, a small answer can be of any size.
    """
    library = importlib.import_module(type(session).__module__.partition(".")[0])
    bounded: Any = type("BoundedStream", (_Bounded, library.SyncByteStream), {})

    def bound(answer: _Answer) -> None:
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            msg = "the answer is compressed, which was not asked for"
            raise UnboundedAnswerError(msg)
        answer.stream = bounded(answer.stream, monotonic_s() + body_s, monotonic_s)

    session.headers["Accept-Encoding"] = "identity"
    session.event_hooks = {"response": [bound]}


@dataclass
class _Bounded:
    stream: _Stream
    over_by_s: float
    monotonic_s: Callable[[], float]

    def __iter__(self) -> Iterator[bytes]:
        parts: Iterable[bytes] = self.stream
        size = 0
        for part in parts:
            size += len(part)
            if size > ANSWER_MAX_BYTES:
                msg = f"the answer is larger than {ANSWER_MAX_BYTES >> 20} MiB"
                raise UnboundedAnswerError(msg)
            if self.monotonic_s() > self.over_by_s:
                msg = "the answer takes too long"
                raise UnboundedAnswerError(msg)
            yield part

    def close(self) -> None:
        self.stream.close()
