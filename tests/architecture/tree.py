"""The files of the checkout that rules apply to."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def modules() -> list[Path]:
    """Every Python module of the package and of the tests."""
    return sorted(path for top in ("consumer", "tests") for path in (ROOT / top).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tracked() -> list[Path]:
    """Files that git keeps, or would keep; in a tree without git, those of our folders."""
    run = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git of the PATH
        cwd=ROOT,
        check=False,
        capture_output=True,
    )
    names = [name for name in run.stdout.decode().split("\0") if name]
    if not names:
        return modules()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    parsed = ast.walk(ast.parse(path.read_text()))
    return [node for node in parsed if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1
