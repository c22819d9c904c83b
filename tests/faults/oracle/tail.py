"""Reads the whole lines of a file that others append to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHUNK_BYTES: Final = 4 * 1024 * 1024
"""At once: bounds what a long file costs in memory."""


@dataclass(slots=True)
class Tail:
    path: Path | None
    """Without one, there is never a line."""
    _read: int = 0
    _rest: bytes = b""

    def lines(self) -> list[bytes]:
        """Those that were added since, at most about 4 MiB of them; empty: that is all so far."""
        if self.path is None or not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._read)
            data = file.read(CHUNK_BYTES)
        self._read += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        return whole if whole or not data else self.lines()
