"""How far `publish` has come: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import BinaryIO, Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from consumer.demo.publishing import Account

_TELL_EVERY: Final = 5_000  # Lines between two plain lines of progress; some seconds apart.
_REFRESH_EVERY: Final = 200  # Lines between two updates of the bar; rich draws when it wants to.


class Advance(Protocol):
    def __call__(self, number: int, size: int) -> None: ...


@contextmanager
def progress(file: BinaryIO, account: Account, console: Console) -> Generator[Advance, None, None]:
    """A bar on a terminal, else a line now and then."""
    if not console.is_terminal:
        yield lambda number, size: _plain(account, number, size)
        return
    columns = (
        TextColumn("[bold]publishing"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=_size(file), told="")
        done = 0

        def advance(number: int, size: int) -> None:
            nonlocal done
            done += size
            if number % _REFRESH_EVERY == 0:
                bar.update(task, completed=done, told=_told(account))

        yield advance


def _plain(account: Account, number: int, _size: int) -> None:
    if number % _TELL_EVERY == 0:
        account.tell(_told(account))


def _told(account: Account) -> str:
    bad = f", {len(account.bad):,} bad" if account.bad else ""
    return f"{account.lines:,} lines read, {account.confirmed_lines:,} {account.good_word}{bad}"


def _size(file: BinaryIO) -> int | None:
    """Bytes of a regular file; a pipe does not say."""
    if file is sys.stdin.buffer:
        return None
    try:
        return os.fstat(file.fileno()).st_size or None
    except (OSError, AttributeError):
        return None
