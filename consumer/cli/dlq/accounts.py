"""What a replay, a trial or a purge came to: for people on standard error, for programs as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from consumer.cli.dlq.printing import by_class, console, counted, print_json, say, table_of
from consumer.letters.describing import Described, place, utc
from consumer.letters.purging import Purged
from consumer.letters.replaying import Account
from consumer.letters.standing import OriginKey
from consumer.letters.superseding import Newer
from consumer.letters.trying import Trial

_NOTHING: Final = "nothing to replay fits (what was replayed before needs --again)"
_NAMED: Final = 20
"""Letters named one by one for a person; JSON names all."""


def print_account(account: Account, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "replayed": account.replayed.total(),
                "replayedByClass": dict(account.replayed),
                "parked": account.parked.total(),
                "superseded": _superseded(account.superseded),
                "gone": [place(key) for key in account.gone],
                "tooLarge": [place(key) for key in account.too_large],
                "interrupted": account.interrupted,
            }
        )
        return
    say(_summed(account.replayed, "replayed") if account.dealt_with else _NOTHING)
    if account.parked:
        say(f"{_summed(account.parked, 'parked')}. They failed too often; see --max-replays")
    _say_superseded(account.superseded)
    _say_named("gone: the letter, or what it points at, has expired", map(place, account.gone))
    _say_named("too large: raise the retry topic's limit", map(place, account.too_large))
    if account.interrupted:
        say("stopped in good order. To go on, run the same command again")


def print_trial(trial: Trial, *, as_json: bool) -> None:
    if as_json:
        outcomes = {reason: dict(counts) for reason, counts in trial.outcomes.items()}
        print_json({"outcomes": outcomes, "superseded": _superseded(trial.superseded)})
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
    _say_superseded(trial.superseded)
    say("nothing was changed")


def print_purged(purged: Purged, vanishing: str, *, as_json: bool) -> None:
    """`vanishing`: when the bytes will be gone."""
    if as_json:
        print_json(
            {
                "purged": purged.marked.total(),
                "purgedByClass": dict(purged.marked),
                "cutBefore": {str(number): first for number, first in purged.cuts.items()},
                "vanishing": vanishing,
                "interrupted": purged.interrupted,
            }
        )
        return
    say(f"{_summed(purged.marked, 'marked')}: no replay takes them any more")
    for partition, first in sorted(purged.cuts.items()):
        say(f"  partition {partition}: cut before offset {first:,}")
    say(vanishing)
    if purged.interrupted:
        say("stopped in good order. To go on, run the same command again")


def _summed(counts: Counter[str], done: str) -> str:
    classes = f" ({by_class(counts)})" if counts else ""
    return f"{counted(counts.total(), 'letter')} {done}{classes}"


def _superseded(found: Mapping[OriginKey, Newer]) -> Sequence[Described]:
    return [
        {
            "origin": place(key),
            "newerOffset": newer.offset,
            "newerState": utc(newer.state_time_ms),
        }
        for key, newer in found.items()
    ]


def _say_superseded(found: Mapping[OriginKey, Newer]) -> None:
    lines = (f"{place(key)}: newer of {utc(new.state_time_ms)}" for key, new in found.items())
    _say_named("superseded: the source has a newer state of the same key", lines)


def _say_named(heading: str, lines: Iterable[str]) -> None:
    named = list(lines)
    if not named:
        return
    say(f"{len(named):,} {heading}")
    for line in named[:_NAMED]:
        say(f"  {line}")
    if len(named) > _NAMED:
        say(f"  and {len(named) - _NAMED:,} more: --json names all")
