"""Small enough to be read; arguments, returns, branches and complexity are the linter's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.tree import functions, lines_of, modules, name_of

MODULE_LINES = 350
FUNCTION_LINES = 50


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_and_its_functions_are_short(path: Path) -> None:
    too_long = [f"{f.name}: {lines_of(f)}" for f in functions(path) if lines_of(f) > FUNCTION_LINES]

    assert too_long == [], f"functions of more than {FUNCTION_LINES} lines: split them"
    assert len(path.read_text().splitlines()) <= MODULE_LINES, "split the module"


def test_the_gate_sees_a_function_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text("def long():\n" + "    x = 1\n" * FUNCTION_LINES)

    assert [lines_of(function) for function in functions(path)] == [FUNCTION_LINES + 1]
