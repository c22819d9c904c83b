"""The two files: what was accepted, and what was asked. One JSON object a line."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import NamedTuple, TypedDict, cast

import orjson

from consumer.errors import BadConfigurationError
from consumer.sandbox.json_values import JsonObject


class Entry(TypedDict):
    """A line of the journal: one signal."""

    seq: int
    """From 1, over the whole file."""
    at: str
    monotonicMs: float
    requestId: str | None
    sessionId: str | None
    operation: str
    index: int
    batchSize: int
    swallowed: bool
    """Answered as accepted, but its token is stale: SEEK keeps nothing (contract 2.5)."""
    validatedOnly: bool
    """The Playground: valid, answered with FORBIDDEN, kept nowhere."""
    signal: dict[str, object]
    """As it was received."""


class RequestLine(TypedDict):
    """A line of the request log."""

    at: str
    monotonicMs: float
    """Arrival, by `time.monotonic`, which processes of one machine share."""
    requestId: str | None
    sessionId: str | None
    bearer: str
    """The start of its SHA-256; empty when there was none."""
    signals: int
    subjects: list[str]
    """Of each signal its token, else its application's id, else its ad ids with commas."""
    outcome: str
    """`accepted`, `validated`, `read`, `not_processed`, or the code of the refusal."""
    fault: str | None
    """The scripted fault that decided the answer."""
    status: int | None
    """None: no answer was sent."""


class Moment(NamedTuple):
    """Now, by both clocks."""

    at: str
    monotonic_ms: float

    @classmethod
    def of(cls, wall_s: float, monotonic_s: float) -> Moment:
        at = datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds")
        return cls(at.removesuffix("+00:00") + "Z", round(monotonic_s * 1000, 3))


class Origin(NamedTuple):
    """Whose signals: what the request's headers say."""

    request_id: str | None
    session_id: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A signal that passed, with its place in the batch."""

    index: int
    signal: JsonObject
    swallowed: bool


class Batch(NamedTuple):
    operation: str
    size: int
    origin: Origin
    kept: Sequence[Kept]
    validated_only: bool


@dataclass(slots=True)
class LineFile:
    """Appends whole lines, unbuffered: what `write` returned from is in the file."""

    file: FileIO | None
    lines: int = 0
    """Written so far, by earlier runs too."""

    def write(self, lines: Sequence[bytes]) -> None:
        self.lines += len(lines)
        if self.file is None or not lines:
            return
        data = memoryview(b"".join(line + b"\n" for line in lines))
        while data:
            data = data[self.file.write(data) or 0 :]


@contextmanager
def line_file(path: Path | None) -> Generator[LineFile]:
    """A file to append to; without a path, one that swallows everything."""
    if path is None:
        yield LineFile(None)
        return
    try:
        lines = path.read_bytes().count(b"\n") if path.exists() else 0
        file = FileIO(str(path), "a")
    except OSError as error:
        line = f"{path} cannot be written: {error.strerror}"
        raise BadConfigurationError([line]) from error
    with file:
        yield LineFile(file, lines)


def journal_lines(batch: Batch, now: Moment, seq: int) -> list[bytes]:
    """The lines of one accepted batch; `seq` is the number of the first."""
    return [
        orjson.dumps(
            {
                "seq": seq + place,
                "at": now.at,
                "monotonicMs": now.monotonic_ms,
                "requestId": batch.origin.request_id,
                "sessionId": batch.origin.session_id,
                "operation": batch.operation,
                "index": kept.index,
                "batchSize": batch.size,
                "swallowed": kept.swallowed,
                "validatedOnly": batch.validated_only,
                "signal": kept.signal,
            }
        )
        for place, kept in enumerate(batch.kept)
    ]


def read_journal(path: Path) -> list[Entry]:
    """All entries so far. Only whole lines: a sandbox may be writing."""
    return [cast("Entry", orjson.loads(line)) for line in _whole_lines(path)]


def read_requests(path: Path) -> list[RequestLine]:
    return [cast("RequestLine", orjson.loads(line)) for line in _whole_lines(path)]


def _whole_lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []
