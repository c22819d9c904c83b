"""`seek-signals dlq list` and `stats`."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Annotated, Final

import typer

from consumer.cli.dlq.options import Asked, filtered
from consumer.cli.dlq.printing import (
    JsonOption,
    console,
    counted,
    print_json,
    say,
    table_of,
)
from consumer.cli.dlq.wiring import Desk, desk
from consumer.letters.catalogue import Catalogue
from consumer.letters.choosing import Row
from consumer.letters.describing import in_a_line, utc
from consumer.letters.standing import Standing
from consumer.letters.statistics import Tally, tally

_LISTED: Final = 50
_BAR: Final = 40
_COLUMNS: Final = ("letter", "origin", "class", "code", "state", "replays", "failed at")


@filtered
def list_(
    asked: Asked,
    *,
    most: Annotated[
        int | None,
        typer.Option(
            "--max",
            min=1,
            help=f"Letters to list, at most. Default: {_LISTED}, with --json all.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, in the order of their origin.

    The first column is the letter's own place on the dead-letter topic (for `dlq show`), the
    second where the record came from. Shows nothing that quotes a person. With --json one
    object a line.
    """
    with desk(asked) as at, looked_through(at) as catalogue:
        rows = _of_state(catalogue, asked)
        if as_json:
            _print_lines(rows, most)
        else:
            print_rows(rows, most or _LISTED)


@filtered
def stats(asked: Asked, *, as_json: JsonOption = False) -> None:
    """Count dead letters by class and state.

    A letter that failed again after a replay is a new letter; its earlier ones count as
    replayed.
    """
    with desk(asked) as at, looked_through(at) as catalogue:
        found = tally(_of_state(catalogue, asked))
    if as_json:
        print_json([each.as_json() for each in found])
    elif not found:
        say("no dead letter fits")
    else:
        print_bars(found)


@contextmanager
def looked_through(at: Desk) -> Generator[Catalogue]:
    """All letters with their states."""
    with Catalogue(at.dlq) as catalogue:
        at.read_letters(catalogue)
        at.read_states(catalogue)
        at.watch.rest()
        yield catalogue


def _of_state(catalogue: Catalogue, asked: Asked) -> Iterator[Row]:
    states = asked.filter.states
    return (row for row in catalogue.rows() if not states or row.standing in states)


def _print_lines(rows: Iterator[Row], most: int | None) -> None:
    none = True
    for row in islice(rows, most):
        none = False
        print_json(in_a_line(row))
    if none:
        say("no dead letter fits")


def print_rows(rows: Iterator[Row], most: int) -> None:
    listed: list[list[str]] = []
    more = 0
    for row in rows:
        if len(listed) < most:
            listed.append(_cells(row))
        else:
            more += 1
    if not listed:
        say("no dead letter fits")
        return
    console().print(table_of(_COLUMNS, listed))
    say(f"{counted(len(listed) + more, 'letter')}{f', {more:,} not shown: --max' if more else ''}")


def _cells(row: Row) -> list[str]:
    line = in_a_line(row)
    names = ("letter", "origin", "class", "code", "state", "replays", "failedAt")
    return [str(line[name]) for name in names]


def print_bars(found: Sequence[Tally]) -> None:
    most = max(each.letters for each in found)
    columns = ("class", "letters", *Standing, "oldest", "newest", "")
    rows = [
        (
            each.reason,
            f"{each.letters:,}",
            *(f"{each.by_standing[standing]:,}" for standing in Standing),
            utc(each.oldest_ms),
            utc(each.newest_ms),
            "█" * max(1, round(_BAR * each.letters / most)),
        )
        for each in found
    ]
    console().print(table_of(columns, rows))
