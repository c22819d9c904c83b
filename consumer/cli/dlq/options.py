"""The options that all verbs of `dlq` share, written once."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Final, NamedTuple, TypeAlias, cast, get_type_hints

import typer

from consumer.cli.config import ConfigOption
from consumer.letters.filters import Filter, known_classes, known_states, moment_ms, offsets_of

_PANEL: Final = "Which letters"
_CONFIG: Final = "config"
_DLQ: Final = "from_topic"

TakeOverOption: TypeAlias = Annotated[
    bool, typer.Option("--take-over", help="Shut out another run that is still at work.")
]
Words: TypeAlias = list[str] | None
_OPTIONS: Final[Mapping[str, object]] = {
    "class_": Annotated[
        Words,
        typer.Option(
            "--class",
            help="Why it was buried; several, or with commas, are or.",
            rich_help_panel=_PANEL,
        ),
    ],
    "code": Annotated[
        Words, typer.Option(help="SEEK's code, or a foreign exception.", rich_help_panel=_PANEL)
    ],
    "topic": Annotated[
        Words, typer.Option(help="Topic that the record came from.", rich_help_panel=_PANEL)
    ],
    "partition": Annotated[
        int | None, typer.Option(help="Partition that it came from.", rich_help_panel=_PANEL)
    ],
    "offsets": Annotated[
        str | None,
        typer.Option(
            metavar="A..B", help="Offsets that it had there: 3..9, 3.., 7.", rich_help_panel=_PANEL
        ),
    ],
    "since": Annotated[
        str | None,
        typer.Option(
            help="Buried since: 2h (ago; s, m, h, d, w) or an RFC 3339 time.",
            rich_help_panel=_PANEL,
        ),
    ],
    "until": Annotated[
        str | None, typer.Option(help="Buried before; as --since.", rich_help_panel=_PANEL)
    ],
    "key": Annotated[
        str | None, typer.Option(help="Key of the record, exactly.", rich_help_panel=_PANEL)
    ],
    "hirer": Annotated[
        str | None,
        typer.Option(
            help="Hirer, as the decoded event names it; of letters too large for the topic, whose "
            "events stayed behind, none.",
            rich_help_panel=_PANEL,
        ),
    ],
    "match": Annotated[
        str,
        typer.Option(metavar="TEXT", help="Text in the message; any case.", rich_help_panel=_PANEL),
    ],
    "state": Annotated[
        Words,
        typer.Option(
            help="new, replayed, accepted, parked or purged; several, or with commas, are or.",
            rich_help_panel=_PANEL,
        ),
    ],
    _DLQ: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TOPIC",
            help="Another dead-letter topic: Kafka Connect's, a Streams application's, "
            "spring-kafka's. Default: the group's own.",
            rich_help_panel=_PANEL,
        ),
    ],
    _CONFIG: ConfigOption,
}


class Asked(NamedTuple):
    """What the shared options say."""

    filter: Filter
    from_topic: str | None
    config: Path | None


def filtered(verb: Callable[..., None]) -> Callable[..., None]:
    """`verb(asked, …)` becomes a command with the shared options in place of `asked`."""
    own = [p for p in inspect.signature(verb).parameters.values() if p.name != "asked"]
    hints = get_type_hints(verb, include_extras=True)
    shared = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default="" if name == "match" else None,
            annotation=kind,
        )
        for name, kind in _OPTIONS.items()
    ]

    @wraps(verb)
    def command(**given: object) -> None:
        options = {name: given.pop(name) for name in _OPTIONS}
        verb(_asked(options), **given)

    resolved = [parameter.replace(annotation=hints[parameter.name]) for parameter in own]
    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in resolved]
    vars(command)["__signature__"] = inspect.Signature([*keyword, *shared])
    command.__annotations__ = {p.name: p.annotation for p in (*keyword, *shared)}
    return command


def _asked(options: Mapping[str, object]) -> Asked:
    now_ms = time.time_ns() // 1_000_000
    partition, key, hirer = options["partition"], options["key"], options["hirer"]
    from_topic, config = options[_DLQ], options[_CONFIG]
    chosen = Filter(
        classes=known_classes(listed(options["class_"])),
        codes=frozenset(_words(options["code"])),
        topics=frozenset(_words(options["topic"])),
        partition=partition if isinstance(partition, int) else None,
        offsets=offsets_of(_text(options["offsets"])),
        since_ms=moment_ms("--since", _text(options["since"]), now_ms),
        until_ms=moment_ms("--until", _text(options["until"]), now_ms),
        key=key.encode() if isinstance(key, str) else None,
        hirer=_text(hirer),
        match=_text(options["match"]) or "",
        states=known_states(listed(options["state"])),
    )
    return Asked(chosen, _text(from_topic), config if isinstance(config, Path) else None)


def _words(given: object) -> list[str]:
    if not isinstance(given, list | tuple):
        return []
    return [str(word) for word in cast("Sequence[object]", given)]


def listed(given: object) -> list[str]:
    """Of words that hold no commas themselves."""
    return [word.strip() for each in _words(given) for word in each.split(",")]


def _text(given: object) -> str | None:
    return given if isinstance(given, str) else None
