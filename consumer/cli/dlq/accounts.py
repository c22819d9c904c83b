"""What a replay, a trial or a purge came to: for people on standard error, for programs as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from consumer.cli.dlq.printing import by_class, console, counted, print_json, say, table_of
from consumer.delivery.dead_letter import Origin
from consumer.letters.describing import Described, place, utc
from consumer.letters.named import MOST, Named
from consumer.letters.purging import Purged
from consumer.letters.replaying import Account
from consumer.letters.standing import OriginKey
from consumer.letters.superseding import Newer
from consumer.letters.trying import SENT, Trial, Tried

_NOTHING: Final = "nothing to replay fits (what was replayed before needs --again)"
_NAMED: Final = 20
"""Letters named one by one for a person; JSON names more."""

_T = TypeVar("_T")


def print_account(account: Account, failure: str | None, *, as_json: bool) -> None:
    """`failure`: what ended it before its time, which a person is told elsewhere."""
    if as_json:
        print_json(
            {
                "replayed": account.replayed.total(),
                "replayedByClass": dict(account.replayed),
                "parked": account.parked.total(),
                **_superseded(account.superseded),
                "lookedAhead": account.looked_ahead,
                "notRead": account.unread,
                **_places("gone", account.gone),
                **_places("tooLarge", account.too_large),
                "interrupted": account.interrupted,
                "failure": failure,
            }
        )
        return
    if failure is not None:
        if not account.dealt_with:
            return
        say("Before it ended:")
    say(_summed(account.replayed, "replayed") if account.dealt_with else _NOTHING)
    if account.parked:
        say(f"{_summed(account.parked, 'parked')}. They failed too often; see --max-replays")
    _say_superseded(account.superseded, account.unread)
    _say_named("gone: the letter, or what it points at, has expired", account.gone, place)
    _say_named("too large: raise the retry topic's limit", account.too_large, place)
    if account.interrupted:
        say("stopped in good order. To go on, run the same command again")


def print_trial(trial: Trial, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "outcomes": {reason: dict(counts) for reason, counts in trial.outcomes.items()},
                "letters": [_tried(each) for each in trial.letters.first],
                "lettersTotal": trial.letters.total,
                **_superseded(trial.superseded),
                "notRead": trial.unread,
            }
        )
        return
    rows = [
        (reason, f"{count:,}", outcome)
        for reason, counts in sorted(trial.outcomes.items())
        for outcome, count in counts.most_common()
    ]
    if not rows:
        say("nothing to replay fits")
    else:
        console().print(table_of(("class", "letters", "today"), rows))
    for outcome, named in _by_outcome(trial).items():
        _say_named(outcome, named, lambda each: f"{each.row.spot} of {place(each.row.key)}")
    _say_superseded(trial.superseded, trial.unread)
    say("nothing was changed")


def print_purged(
    purged: Purged, vanishing: str, failure: str | None = None, *, as_json: bool
) -> None:
    """`vanishing`: when the bytes will be gone. `failure`: as for `print_account`."""
    if as_json:
        print_json(
            {
                "purged": purged.marked.total(),
                "purgedByClass": dict(purged.marked),
                "cutBefore": {str(number): first for number, first in purged.cuts.items()},
                "vanishing": vanishing,
                "interrupted": purged.interrupted,
                "failure": failure,
            }
        )
        return
    if failure is not None:
        if not purged.marked:
            return
        say("Before it ended:")
    say(f"{_summed(purged.marked, 'marked')}: no replay takes them any more")
    for partition, first in sorted(purged.cuts.items()):
        say(f"  partition {partition}: cut before offset {first:,}")
    if vanishing:
        say(vanishing)
    if purged.interrupted:
        say("stopped in good order. To go on, run the same command again")


def _summed(counts: Counter[str], done: str) -> str:
    classes = f" ({by_class(counts)})" if counts else ""
    return f"{counted(counts.total(), 'letter')} {done}{classes}"


def _places(name: str, found: Named[OriginKey]) -> Described:
    return {name: [place(key) for key in found.first], f"{name}Total": found.total}


def _superseded(found: Named[tuple[Origin, Newer]]) -> Described:
    listed = [
        {
            "origin": place(origin),
            "newerOffset": newer.offset,
            "newerState": utc(newer.state_time_ms),
        }
        for origin, newer in found.first
    ]
    return {"superseded": listed, "supersededTotal": found.total}


def _tried(each: Tried) -> Described:
    row = each.row
    return {
        "letter": str(row.spot),
        "origin": place(row.key),
        "class": row.reason,
        "today": each.outcome,
    }


def _by_outcome(trial: Trial) -> Mapping[str, Named[Tried]]:
    """Which letters would not be sent."""
    found: dict[str, Named[Tried]] = {}
    for each in trial.letters.first:
        if each.outcome != SENT:
            found.setdefault(each.outcome, Named[Tried]()).add(each)
    return found


def _say_superseded(found: Named[tuple[Origin, Newer]], unread: Mapping[str, str]) -> None:
    _say_named(
        "superseded: the source has a newer state of the same subject",
        found,
        lambda each: f"{place(each[0])}: newer of {utc(each[1].state_time_ms)}",
    )
    for where, why in unread.items():
        say(f"not known whether superseded, of {where}: {why}")


def _say_named(heading: str, named: Named[_T], line: Callable[[_T], str]) -> None:
    if not named:
        return
    say(f"{named.total:,} {heading}")
    for each in named.first[:_NAMED]:
        say(f"  {line(each)}")
    if named.total > _NAMED:
        say(f"  and {named.total - _NAMED:,} more: --json names up to {MOST:,}")
