"""What reaches a terminal is text, whatever headers and messages hold."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from consumer.cli.application import run_application
from consumer.cli.check import print_finding
from consumer.cli.dlq.accounts import print_trial
from consumer.cli.dlq.listing import print_bars, print_rows
from consumer.cli.dlq.printing import console, print_json, say, table_of
from consumer.cli.dlq.showing import print_letter
from consumer.cli.explain import print_explanation
from consumer.cli.plain import printable
from consumer.cli.verbs import Verb
from consumer.letters.errors import LettersError
from consumer.letters.letter import Spot
from consumer.letters.statistics import tally
from consumer.letters.trying import Trial
from consumer.preflight.findings import fault
from tests.unit.letters.samples import row

MARKUP = "[red]x[/red][link=u]y[/link]:skull:"
HOSTILE = f"\x1b[2J\x9b1m\u202e\r{MARKUP}"
AS_TEXT = rf"\x1b[2J\x9b1m\x202e\x0d{MARKUP}"


def print_hostile_trial() -> None:
    trial = Trial()
    trial.outcomes[HOSTILE][HOSTILE] += 1
    print_trial(trial, as_json=False)


def fails() -> None:
    """Fail with what somebody else said."""
    raise LettersError(HOSTILE)


def print_hostile_error() -> None:
    run_application(["fail"], [Verb("fail", f"{__name__}:fails", "Fail.")])


PRINTERS: list[Callable[[], None]] = [
    lambda: console().print(table_of(("code",), [(HOSTILE,)])),
    lambda: say(HOSTILE),
    lambda: print_rows(iter([row()._replace(code=HOSTILE)]), 1),
    lambda: print_bars(tally([row(reason=HOSTILE)])),
    lambda: print_letter({"letter": Spot(0, 1), "origin": HOSTILE}),
    lambda: print_letter({"letter": Spot(0, 1), "origin": "a/0/1", "message": HOSTILE}),
    print_hostile_trial,
    lambda: print_finding(console(), fault("topic a", HOSTILE, "mend it")),
    lambda: print_finding(console(), fault("topic a", "is odd", HOSTILE)),
    lambda: print_explanation({"event": HOSTILE, "outcome": "none"}),
    lambda: print_explanation({"event": "e", "outcome": "none", "why": HOSTILE}),
    print_hostile_error,
]


@pytest.mark.parametrize("printed", PRINTERS)
def test_hostile_text_is_shown_and_neither_obeyed_nor_read_as_markup(
    capsys: pytest.CaptureFixture[str], printed: Callable[[], None]
) -> None:
    printed()

    out = "".join(capsys.readouterr())
    assert not [c for c in out if not c.isprintable() and c != "\n"]
    assert AS_TEXT in out


def test_hostile_values_of_a_letter_are_shown_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_letter({"letter": Spot(0, 1), "origin": "a/0/1", "value": {HOSTILE: [HOSTILE]}})

    out = capsys.readouterr().out
    assert not [c for c in out if not c.isprintable() and c != "\n"]
    assert out.count(MARKUP) == 2


def test_other_scripts_and_lines_are_left_as_they_are() -> None:
    assert printable("Gespräch 面接\nzwei") == "Gespräch 面接\nzwei"


def test_json_is_a_line_for_each_value(capsys: pytest.CaptureFixture[str]) -> None:
    astral = "\U000e0001"
    print_json({"a": HOSTILE + astral, "b": b"\xff"})

    out = capsys.readouterr().out
    assert out.endswith("\n")
    assert out[:-1].isprintable()
    assert json.loads(out) == {"a": HOSTILE + astral, "b": "ff"}
