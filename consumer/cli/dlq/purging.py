"""`seek-signals dlq purge`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from consumer.cli.dlq.accounts import print_purged
from consumer.cli.dlq.listing import looked_through
from consumer.cli.dlq.options import Asked, TakeOverOption, filtered
from consumer.cli.dlq.printing import JsonOption, counted, say
from consumer.cli.dlq.wiring import Desk, desk
from consumer.errors import ExitCode
from consumer.letters.catalogue import Catalogue
from consumer.letters.describing import utc
from consumer.letters.errors import FAILURES, BadOptionsError
from consumer.letters.kafka.truncation import cut, retention_ms
from consumer.letters.purging import Purge, Purged, to_purge


@filtered
def purge(
    asked: Asked,
    *,
    confirm: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What would be typed, where nobody can be asked."),
    ] = None,
    take_over: TakeOverOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give dead letters up: mark them never to be replayed, and cut what nobody needs.

    Kafka cannot erase one record in the middle of a log. Cut is the beginning of each
    partition, up to the first letter that is neither purged nor replayed and settled; all
    else stays readable until the topic's retention has passed. There is no way back.

    Marked is what a replay could take: also what was replayed and is on its way, though the
    service may still send that; what SEEK has accepted only with --state accepted. Copies of
    replayed letters are on the retry topic too, for its own retention.
    """
    purged, vanishing = Purged(), ""
    try:
        with desk(asked) as at, looked_through(at) as catalogue:
            number = sum(1 for _ in to_purge(catalogue, asked.filter.states))
            if catalogue.taken:
                _insist(at, number, confirm)
                vanishing = _purge(at, catalogue, purged, take_over=take_over)
    except FAILURES as error:
        print_purged(purged, vanishing, str(error), as_json=as_json)
        raise
    if not catalogue.taken:
        say("no dead letter fits")
    if catalogue.taken or as_json:
        print_purged(purged, vanishing, as_json=as_json)
    raise typer.Exit(ExitCode.INTERRUPTED if purged.interrupted else ExitCode.OK)


def _purge(at: Desk, catalogue: Catalogue, purged: Purged, *, take_over: bool) -> str:
    """When the bytes are gone."""
    session = at.session("purge")
    session.begin(catalogue, take_over=take_over)
    states = at.asked.filter.states
    Purge(at.letters, session, at.clock, at.watch, states, purged).run(catalogue)
    vanishing = _cut(at, purged)
    at.tell_oldest_open(catalogue)
    return vanishing


def _insist(at: Desk, number: int, confirm: str | None) -> None:
    """Raises BadOptionsError where the text is another, or nobody can be asked."""
    expected = f"purge {number}"
    typed = _typed(at, number, expected) if confirm is None else confirm
    if typed.strip() != expected:
        fault = f"nothing was changed: what fits now is confirmed by {expected!r}"
        raise BadOptionsError(fault)


def _typed(at: Desk, number: int, expected: str) -> str:
    if not sys.stdin.isatty():
        fault = f'--confirm "{expected}": is needed where nobody can be asked'
        raise BadOptionsError(fault)
    topic = at.letters.topic
    with at.watch.asking():
        say(f"{counted(number, 'letter')} of {topic} will never be replayed. There is no way back.")
        say(f"To go on, type: {expected}")
        return sys.stdin.readline()


def _cut(at: Desk, purged: Purged) -> str:
    """When the bytes are gone."""
    admin = at.admin()
    cuts, purged.cuts = purged.cuts, {}
    cut(admin, at.letters.topic, cuts)
    purged.cuts = cuts  # Told of when they are made.
    kept_ms = retention_ms(admin, at.letters.topic)
    said = "what was cut is out of reach at once" if cuts else "nothing could be cut yet"
    if not purged.marked:
        return f"{said}; its bytes go with their log segments" if cuts else said
    if kept_ms is None:
        return (
            f"{said}; what is there stays until the topic's retention has passed; no end is set, "
            "or this user may not see it (retention.ms)"
        )
    days = kept_ms / 86_400_000
    return (
        f"{said}; the last of the rest vanishes soon after "
        f"{utc(purged.newest_ms + kept_ms)} (retention of {days:g} days)"
    )
