"""Each option of the verbs says what it is called after, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from consumer.cli.dlq.options import Asked, filtered
from consumer.letters.errors import BadOptionsError
from consumer.letters.filters import Filter, Offsets
from consumer.letters.standing import Standing


def asked(*arguments: str) -> Asked:
    found: list[Asked] = []

    @filtered
    def verb(asked: Asked) -> None:
        found.append(asked)

    application = typer.Typer()
    application.command()(verb)
    ended = CliRunner().invoke(application, arguments)
    if ended.exception is not None:
        raise ended.exception
    return found[0]


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ((), Filter()),
        (("--class", "forbidden"), Filter(classes=frozenset({"forbidden"}))),
        (
            ("--class", "forbidden, bad_time", "--class", "no_bytes"),
            Filter(classes=frozenset({"forbidden", "bad_time", "no_bytes"})),
        ),
        (("--code", "A", "--code", "B,C"), Filter(codes=frozenset({"A", "B,C"}))),
        (("--topic", "a", "--topic", "b"), Filter(topics=frozenset({"a", "b"}))),
        (("--partition", "3"), Filter(partition=3)),
        (("--offsets", "3..9"), Filter(offsets=Offsets(3, 9))),
        (("--since", "2026-01-31T09:00:00Z"), Filter(since_ms=1_769_850_000_000)),
        (("--until", "2026-01-31T09:00:00Z"), Filter(until_ms=1_769_850_000_000)),
        (("--key", "k"), Filter(key=b"k")),
        (("--hirer", "h"), Filter(hirer="h")),
        (("--match", "TOKEN"), Filter(match="TOKEN")),
        (("--state", "new,parked"), Filter(states=frozenset({Standing.NEW, Standing.PARKED}))),
    ],
)
def test_an_option_is_one_part_of_the_filter(arguments: tuple[str, ...], chosen: Filter) -> None:
    assert asked(*arguments) == Asked(chosen, None, None)


def test_another_topic_and_a_file_are_no_part_of_it(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.touch()

    assert asked("--from", "t", "--config", str(file)) == Asked(Filter(), "t", file)


@pytest.mark.parametrize("bad", ["forbiden", "forbidden,", "forbidden bad_time"])
def test_a_class_that_does_not_exist_is_told(bad: str) -> None:
    with pytest.raises(BadOptionsError, match="known classes"):
        asked("--class", bad)
