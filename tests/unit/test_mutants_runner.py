"""The runner of mutants tells a caught one from one that survived, or never ran."""

from __future__ import annotations

import contextlib
import io
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.mutants.mutant import BadMutantError, Fate, Mutant, read_mutant, too_few
from tests.mutants.run import main

RIGHT_LINE = "return n + n"
RIGHT = f"def double(n: int) -> int:\n    {RIGHT_LINE}\n"
TESTS = """
from consumer import double


def test_doubles():
    assert double(2) == 4


def test_weak():
    assert double(2) > 2


def test_wrong():
    assert double(2) == 5
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkout")
    (root / "consumer").mkdir()
    (root / "consumer" / "__init__.py").write_text(RIGHT)
    (root / "test_it.py").write_text(TESTS)
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)  # noqa: S603, S607 - our tree
    return root


def write_mutant(
    folder: Path, name: str, change: str, test: str, context: str = RIGHT_LINE
) -> None:
    (folder / f"P2-{name}.patch").write_text(
        f"promise: P2\nbreaks: doubles wrongly\ncaught by: test_it.py::{test}\n\n"
        "--- a/consumer/__init__.py\n+++ b/consumer/__init__.py\n@@ -1,2 +1,2 @@\n"
        f" def double(n: int) -> int:\n-    {context}\n+    {change}\n"
    )


class Run(NamedTuple):
    exit_code: int
    output: str


@pytest.fixture(scope="module")
def mixed(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run over a mutant of each kind."""
    folder = tmp_path_factory.mktemp("mutants")
    write_mutant(folder, "good", "return n + 1", "test_doubles")
    write_mutant(folder, "weak-test", "return n + 1", "test_weak")
    write_mutant(folder, "code-moved-on", "return n + 1", "test_doubles", "return n * 2")
    write_mutant(folder, "no-import", "return n +", "test_doubles")
    write_mutant(folder, "failing-test", "return n + 1", "test_wrong")
    write_mutant(folder, "no-such-test", "return n + 1", "test_absent")
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exit_code = main([f"--folder={folder}", f"--root={tree}", "--jobs=2"])
    return Run(exit_code, output.getvalue())


@pytest.mark.parametrize(
    ("name", "fate"),
    [
        ("P2-good", Fate.CAUGHT),
        ("P2-weak-test", Fate.SURVIVED),
        ("P2-code-moved-on", Fate.NOT_APPLICABLE),
        ("P2-no-import", Fate.BROKEN),
        ("P2-failing-test", Fate.NO_BASELINE),
        ("P2-no-such-test", Fate.NO_BASELINE),
    ],
)
def test_each_mutant_meets_its_fate(mixed: Run, name: str, fate: Fate) -> None:
    (row,) = (line for line in mixed.output.splitlines() if line.endswith(f" {name}"))

    assert f" {fate} " in row


def test_a_run_fails_when_not_all_are_caught(mixed: Run) -> None:
    assert mixed.exit_code == 1
    assert "1 of 6 mutants caught" in mixed.output


def test_a_run_whose_mutants_are_all_caught_succeeds(tree: Path, tmp_path: Path) -> None:
    write_mutant(tmp_path, "good", "return n + 1", "test_doubles")

    assert main([f"--folder={tmp_path}", f"--root={tree}"]) == 0


@pytest.mark.usefixtures("mixed")
def test_the_tree_itself_is_never_changed(tree: Path) -> None:
    assert (tree / "consumer" / "__init__.py").read_text() == RIGHT


def test_a_promise_without_two_mutants_fails_the_run(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"--folder={tmp_path}", f"--root={tree}", "--all-promises"]) == 1

    out = capsys.readouterr().out
    assert "P13 has 0 of at least 2" in out
    assert "single probe has 0 of at least 2" in out
    assert "P10 has 0 of at least 2" in out


def test_two_mutants_are_enough() -> None:
    mutants = [Mutant(Path(f"{n}.patch"), "P13", "", "") for n in range(2)]

    assert not any(line.startswith("P13 ") for line in too_few(mutants))
    assert any(line.startswith("P13 ") for line in too_few(mutants[:1]))


def test_a_rule_wants_two_mutants_of_its_own() -> None:
    mutants = [Mutant(Path(f"{n}.patch"), "P5", "", "", "ceiling") for n in range(2)]

    assert not any(line.startswith("ceiling ") for line in too_few(mutants))
    assert any(line.startswith("ceiling ") for line in too_few(mutants[:1]))


def test_the_rule_of_a_mutant_is_read(tmp_path: Path) -> None:
    mutant = tmp_path / "P5-a.patch"
    mutant.write_text("promise: P5\nrule: ceiling\nbreaks: it\ncaught by: test_it.py\n")

    assert read_mutant(mutant).rule == "ceiling"


def test_only_p1_does_not_choose_p13(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "promise: P13\nbreaks: something\ncaught by: test_it.py::test_doubles\n"
    (tmp_path / "P13-sample.patch").write_text(text)

    main([f"--folder={tmp_path}", f"--root={tree}", "--only", "P1"])

    assert "0 of 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("P2-a.patch", "promise: P2\nbreaks: it\n\n--- a/x\n"),
        ("P3-a.patch", "promise: P2\nbreaks: it\ncaught by: test_it.py\n"),
        ("P2-a.patch", "promise: P2\nrule: no such\nbreaks: it\ncaught by: test_it.py\n"),
    ],
    ids=["no test named", "the name says another promise", "a rule that there is not"],
)
def test_a_mutant_that_says_too_little_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(BadMutantError, match=name):
        read_mutant(tmp_path / name)
