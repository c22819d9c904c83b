"""`seek-signals dlq replay`."""

from __future__ import annotations

import sys
from typing import Annotated, TypeAlias

import typer

from consumer.cli.dlq.accounts import print_account, print_trial
from consumer.cli.dlq.listing import looked_through
from consumer.cli.dlq.options import Asked, TakeOverOption, filtered
from consumer.cli.dlq.printing import JsonOption, counted, say
from consumer.cli.dlq.wiring import Desk, desk
from consumer.errors import ExitCode
from consumer.letters.catalogue import Catalogue
from consumer.letters.choosing import MAX_REPLAYS, Policy
from consumer.letters.errors import BadOptionsError, LettersError
from consumer.letters.replaying import Account, Replay, ReplayOptions, chosen, superseded
from consumer.letters.trying import Trying

_DryRun: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="Change nothing; say what today's code makes of each.")
]
_Most: TypeAlias = Annotated[
    int | None, typer.Option("--max", min=1, help="Letters to replay, at most.")
]
_Rate: TypeAlias = Annotated[float | None, typer.Option(min=0.1, help="Letters a second, at most.")]
_MaxReplays: TypeAlias = Annotated[
    int,
    typer.Option(
        min=1,
        help="Park a letter that was replayed so often, but for server_fault and unknown_code, "
        "which SEEK wants retried until accepted.",
    ),
]
_Again: TypeAlias = Annotated[
    bool,
    typer.Option("--again", help="Also those already replayed; with --state accepted even those."),
]
_SkipSuperseded: TypeAlias = Annotated[
    bool, typer.Option("--skip-superseded", help="Leave out those whose subject has moved on.")
]
_LookAhead: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--look-ahead/--no-look-ahead",
        help="Read the sources, from the oldest chosen letter on, for newer records of the same "
        "keys.",
    ),
]


@filtered
def replay(  # noqa: PLR0913 -- options of a command
    asked: Asked,
    *,
    dry_run: _DryRun = False,
    most: _Most = None,
    rate: _Rate = None,
    max_replays: _MaxReplays = MAX_REPLAYS,
    again: _Again = False,
    skip_superseded: _SkipSuperseded = False,
    look_ahead: _LookAhead = True,
    take_over: TakeOverOption = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Replay dead letters: hand them to the service once more, by its retry topic.

    Only new letters are taken (and parked ones, when --max-replays is raised), in the order of
    their origin. Each retry record is written together with the letter's state, so a run that
    ends at any moment, even by force, neither loses nor doubles any: run it again to go on.

    Exit codes: 0 done, or nothing to do; 1 failed, or some could not be replayed; 4 shut out by
    --take-over; 7 another run is at work; 130 stopped by a signal, in good order.
    """
    if skip_superseded and not look_ahead:
        fault = "--skip-superseded: needs --look-ahead"
        raise BadOptionsError(fault)
    policy = Policy(max_replays, again, asked.filter.states)
    options = ReplayOptions(policy, most, rate, look_ahead, skip_superseded)
    with desk(asked) as at, looked_through(at) as catalogue:
        if dry_run:
            _try(at, catalogue, options, as_json=as_json)
            return
        account = Account()
        number = sum(1 for _ in chosen(catalogue.rows(), options, {}))
        if number and not (yes or _agreed(at, number)):
            say("nothing was changed")
            return
        if number:
            account = _replay(at, catalogue, options, take_over=take_over)
        at.tell_oldest_open(catalogue)
    print_account(account, as_json=as_json)
    raise typer.Exit(_exit_code(account))


def _agreed(at: Desk, number: int) -> bool:
    """Raises BadOptionsError where nobody can be asked."""
    if not sys.stdin.isatty():
        fault = "--yes: is needed where nobody can be asked"
        raise BadOptionsError(fault)
    topic = at.settings.source.retry_topic
    with at.watch.asking():
        return typer.confirm(f"Replay {counted(number, 'letter')} to {topic}?", err=True)


def _replay(at: Desk, catalogue: Catalogue, options: ReplayOptions, *, take_over: bool) -> Account:
    session = at.session("replay")
    session.begin(catalogue, take_over=take_over)
    run = Replay(at.letters, at.sources, at.understanding, session, at.clock, at.watch, options)
    try:
        return run.run(catalogue)
    except LettersError:
        at.watch.rest()
        if run.account.dealt_with:
            say("Before it ended:")
            print_account(run.account, as_json=False)
        raise


def _exit_code(account: Account) -> ExitCode:
    if account.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.FAILED if account.gone or account.too_large else ExitCode.OK


def _try(at: Desk, catalogue: Catalogue, options: ReplayOptions, *, as_json: bool) -> None:
    newer = {}
    if options.look_ahead:
        seen = at.watch.looking("reading the sources for newer states")
        newer = dict(superseded(catalogue, options, at.sources, at.understanding, seen))
    number = sum(1 for _ in chosen(catalogue.rows(), options, newer))
    trying = Trying(at.letters, at.sources, at.understanding.judge, at.watch.looking("trying"))
    trial = trying.run(chosen(catalogue.rows(), options, newer), number)
    trial.superseded |= newer
    at.watch.rest()
    print_trial(trial, as_json=as_json)
