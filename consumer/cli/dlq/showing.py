"""`seek-signals dlq show`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from textwrap import indent
from typing import Annotated, Final, cast

import orjson
import typer
from rich.console import Console
from rich.text import Text

from consumer.cli.dlq.listing import looked_through
from consumer.cli.dlq.options import Asked, filtered
from consumer.cli.dlq.printing import JsonOption, console, print_json, say, shown
from consumer.cli.dlq.wiring import Desk, desk
from consumer.cli.plain import printable
from consumer.domain.signals import Mapped
from consumer.letters.catalogue import Catalogue
from consumer.letters.choosing import Row
from consumer.letters.describing import Described, in_full
from consumer.letters.errors import BadOptionsError, LettersError
from consumer.letters.letter import Letter
from consumer.letters.raw import decoded
from consumer.letters.slices import whole

_SHOWN: Final = 10
_SPOT: Final = re.compile(r"(\d+)/(\d+)")
_ORIGIN: Final = re.compile(r"(.+)/(\d+)/(\d+)")
_WIDTH: Final = 12


@filtered
def show(
    asked: Asked,
    places: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PLACE]...",
            help="A letter's place (partition/offset) or its origin (topic/partition/offset), as "
            "`dlq list` prints them. Without any, those that the filters take.",
        ),
    ] = None,
    *,
    reveal: Annotated[
        bool,
        typer.Option("--reveal", help="Show ids, tokens and quoted input: candidates' data."),
    ] = False,
    most: Annotated[int, typer.Option("--max", min=1, help="Letters to show, at most.")] = _SHOWN,
    as_json: JsonOption = False,
) -> None:
    """Show dead letters in full: the event, what would be sent, why it failed, what to do.

    The value is decoded with its writer's schema; what today's code and settings would make
    of it is shown beside. What may quote a person is masked unless --reveal is given.
    """
    wanted = _wanted(places or [])
    count = 0
    with desk(asked) as at, looked_through(at) as catalogue:
        for row in _rows(catalogue, asked, wanted):
            if count == most:
                say(f"more letters fit; only {most} are shown: --max")
                break
            described = _described(at, row, reveal=reveal)
            (print_json if as_json else print_letter)(described)
            count += 1
    if not count:
        say("no dead letter fits")


def _wanted(places: list[str]) -> set[str]:
    """Raises BadOptionsError for what is no place."""
    bad = [place for place in places if not (_SPOT.fullmatch(place) or _ORIGIN.fullmatch(place))]
    if bad:
        faults = (f"{place}: write partition/offset or topic/partition/offset" for place in bad)
        raise BadOptionsError(*faults)
    return set(places)


def _rows(catalogue: Catalogue, asked: Asked, wanted: set[str]) -> Iterator[Row]:
    states = asked.filter.states
    for row in catalogue.rows():
        origin = "/".join(str(part) for part in row.key[:3])
        if wanted and str(row.spot) not in wanted and origin not in wanted:
            continue
        if not states or row.standing in states:
            yield row


def _described(at: Desk, row: Row, *, reveal: bool) -> Described:
    letter = at.letters.fetch([row.spot]).get(row.spot)
    if letter is None:
        msg = f"letter {row.spot} has expired while it was being looked at"
        raise LettersError(msg)
    there = whole(row, letter, at.sources)
    value = decoded((there or letter).value, at.registry)
    described = in_full(row, there or letter, value, _judged(at, there), reveal=reveal)
    if row.is_pointer:
        described["pointer"] = _pointed(there)
    return described


def _pointed(there: Letter | None) -> str:
    if there is None:
        return "too large for the dead-letter topic, and gone from its origin: cannot be replayed"
    return "too large for the dead-letter topic; the record is still at its origin"


def _judged(at: Desk, letter: Letter | None) -> Mapped | str:
    if letter is None:
        return "its record is gone"
    try:
        return at.understanding.judge(letter.value)
    except LettersError as error:
        return str(error)


def print_letter(described: Described) -> None:
    out = console()
    heading = shown(f"letter {described['letter']} of {described['origin']}")
    out.rule(heading, align="left")
    for name, value in described.items():
        if name not in {"letter", "origin"} and value != "" and value is not False:
            _print_field(out, name, value)


def _print_field(out: Console, name: str, value: object) -> None:
    label = Text(f"{name:{_WIDTH}}", "bold")
    if isinstance(value, Mapping | list):
        out.print(label)
        options = orjson.OPT_INDENT_2
        text = orjson.dumps(cast("object", value), option=options, default=str).decode()
        out.print(Text(indent(printable(text), "    ")), soft_wrap=True)
    else:
        out.print(Text.assemble(label, " ", shown(str(value))), soft_wrap=True)
