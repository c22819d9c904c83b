"""Answers read by `AnswerReader` in tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from consumer.adapters.seek.http1 import AnswerReader

OK: Final = b"HTTP/1.1 200 OK\r\n"
BODY_MAX_BYTES: Final = 1_000


class Read(NamedTuple):
    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    may_be_followed: bool


def read(*pieces: bytes, reader: AnswerReader | None = None) -> Read:
    """With the end of the connection behind the last piece."""
    reader = reader or AnswerReader(BODY_MAX_BYTES)
    reader.begin()
    for piece in [*pieces, b""]:
        if reader.is_over:
            break
        reader.take(piece)
    return Read(reader.status, reader.headers, reader.body, reader.may_be_followed)
