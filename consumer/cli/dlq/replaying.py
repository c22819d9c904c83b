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
from consumer.letters.errors import FAILURES, BadOptionsError
from consumer.letters.picking import Picking
from consumer.letters.replaying import Account, Replay, ReplayOptions, to_replay
from consumer.letters.superseding import Superseding
from consumer.letters.trying import Trial, Trying

_DryRun: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="Change nothing; say what today's code makes of each.")
]
_Most: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max",
        min=1,
        help="Letters to replay, at most: those that were replayed least, all of a key in order.",
    ),
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
        help="Read the sources, from the oldest chosen letter on, for newer states of the same "
        "subjects, among the records of the same keys.",
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

    Which of them are superseded is told at the end, when the sources have been read for it; with
    --skip-superseded they are read first.

    Exit codes: 0 done, or nothing to do; 1 failed, or some could not be replayed; 4 shut out by
    --take-over; 7 another run is at work; 130 stopped by a signal, in good order.
    """
    if skip_superseded and not look_ahead:
        fault = "--skip-superseded: needs --look-ahead"
        raise BadOptionsError(fault)
    policy = Policy(max_replays, again, asked.filter.states)
    options = ReplayOptions(policy, most, rate, look_ahead, skip_superseded)
    if dry_run:
        print_trial(_trial(asked, options), as_json=as_json)
        return
    account = Account()
    try:
        agreed = _run(asked, options, account, take_over=take_over, yes=yes)
    except FAILURES as error:
        print_account(account, str(error), as_json=as_json)
        raise
    if not agreed:
        say("nothing was changed")
        return
    print_account(account, None, as_json=as_json)
    raise typer.Exit(_exit_code(account))


def _run(
    asked: Asked, options: ReplayOptions, account: Account, *, take_over: bool, yes: bool
) -> bool:
    """Whether whoever was asked agreed."""
    with desk(asked) as at, looked_through(at) as catalogue:
        picking = Picking(catalogue, options.policy, options.most)
        number = sum(1 for _ in picking.chosen())
        if number and not (yes or _agreed(at, number)):
            return False
        if number:
            _replay(at, catalogue, options, account, take_over=take_over)
        at.tell_oldest_open(catalogue)
    return True


def _agreed(at: Desk, number: int) -> bool:
    """Raises BadOptionsError where nobody can be asked."""
    if not sys.stdin.isatty():
        fault = "--yes: is needed where nobody can be asked"
        raise BadOptionsError(fault)
    topic = at.settings.source.retry_topic
    with at.watch.asking():
        return typer.confirm(f"Replay {counted(number, 'letter')} to {topic}?", err=True)


def _replay(
    at: Desk, catalogue: Catalogue, options: ReplayOptions, account: Account, *, take_over: bool
) -> None:
    session = at.session("replay")
    session.begin(catalogue, take_over=take_over)
    Replay(
        at.letters,
        at.sources,
        at.understanding,
        session,
        at.clock,
        at.watch,
        options,
        account,
    ).run(catalogue)
    at.watch.rest()


def _exit_code(account: Account) -> ExitCode:
    if account.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.FAILED if account.gone or account.too_large else ExitCode.OK


def _trial(asked: Asked, options: ReplayOptions) -> Trial:
    with desk(asked) as at, looked_through(at) as catalogue:
        return _tried(at, catalogue, options)


def _tried(at: Desk, catalogue: Catalogue, options: ReplayOptions) -> Trial:
    trial = Trial()
    picking = Picking(catalogue, options.policy, options.most)
    ahead = Superseding(catalogue, at.letters, at.sources, at.understanding)
    if options.look_ahead:
        looked_at = picking.all() if options.skip_superseded else picking.chosen()
        ahead.look(looked_at, at.watch.looking("reading the sources for newer states"))
        trial.unread = ahead.unread
        trial.superseded.add_all(ahead.all())
    number = sum(1 for _ in to_replay(picking, ahead, options))
    trying = Trying(at.letters, at.sources, at.understanding.judge, at.watch.looking("trying"))
    trying.run(trial, to_replay(picking, ahead, options), number)
    return trial
