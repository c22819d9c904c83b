"""Looks at every member's pages all the time, and keeps what it sees: also of those that end."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from tests.faults.chaos.member import Member

EVERY_S: Final = 3.0


@contextmanager
def scraping(members: Collection[Member], every_s: float = EVERY_S) -> Iterator[None]:
    over = Event()

    def scrape() -> None:
        while not over.wait(every_s):
            for member in members:
                if member.wanted:
                    member.keep_pages()

    thread = Thread(target=scrape, name="scraping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
