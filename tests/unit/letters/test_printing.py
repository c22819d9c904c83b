"""What reaches a terminal is text, whatever headers and messages hold."""

from __future__ import annotations

import pytest

from consumer.cli.dlq.printing import console, print_json, printable, say, table_of

HOSTILE = "\x1b[2J\x9b31m\u202egnp.exe\r[bold]x[/bold]"


def test_nothing_that_a_terminal_obeys_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(table_of(("code",), [(HOSTILE,)]))
    say(HOSTILE)

    out, err = capsys.readouterr()
    for text in (out, err):
        assert not [c for c in text if not c.isprintable() and c != "\n"]
        assert "[bold]x[/bold]" in text


def test_other_scripts_and_lines_are_left_as_they_are() -> None:
    assert printable("Gespräch 面接\nzwei") == "Gespräch 面接\nzwei"


def test_json_is_a_line_for_each_value(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": HOSTILE, "b": b"\xff"})

    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "\x1b" not in out
    assert '"b":"ff"' in out
