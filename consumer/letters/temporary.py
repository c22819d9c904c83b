"""A database in a temporary file that has no name and vanishes with the process."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, TypeAlias

from consumer.letters.errors import LettersError

CACHE_KIB: Final = 16_384
"""Some 80,000 letters; more than that needs a file."""
_NO_ROOM: Final = (
    "so many letters need a temporary file, and there is no room for one: mount a writable folder "
    "at /tmp (300 bytes a letter), or name one in SQLITE_TMPDIR"
)
_SETUP: Final = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -{CACHE_KIB};
"""

Values: TypeAlias = Sequence[object]


@dataclass(slots=True)
class Temporary:
    """Use as a context manager. Every method raises LettersError where there is no room."""

    _connection: sqlite3.Connection = field(init=False)

    def __enter__(self) -> Self:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.executescript(_SETUP)
        self._connection.execute("BEGIN")  # One that never ends: nothing here is to survive.
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def write(self, statement: str, values: Values = ()) -> None:
        with _room():
            self._connection.execute(statement, values)

    def write_all(self, statement: str, rows: Iterable[Values]) -> None:
        with _room():
            self._connection.executemany(statement, rows)

    def ask(self, question: str, values: Values = ()) -> Iterator[tuple[object, ...]]:
        """What is found is read as it is asked for, not held. To sort may need room, too."""
        with _room():
            yield from self._connection.execute(question, values)

    def has(self, question: str, values: Values = ()) -> bool:
        return next(self.ask(question, values), None) is not None


@contextmanager
def _room() -> Generator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        msg = f"{_NO_ROOM} ({error})"
        raise LettersError(msg) from error


def whole_number(value: object) -> int:
    """The database's columns are untyped; what was put in comes out."""
    return value if isinstance(value, int) else 0
