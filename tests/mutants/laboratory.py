"""Runs one test on a copy of the tree, mutated or not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from tests.mutants.mutant import Fate, Mutant, Verdict

GUARD: Final = Path(__file__).with_name("guard.py")
TEST_WAIT_S: Final = 180
TAIL_LINES: Final = 25
TESTS_FAILED: Final = 1
"""pytest's exit code for that; anything higher means that it could not run them."""


class Outcome(NamedTuple):
    passed: int
    failed: int
    errors: int
    skipped: int
    exit_code: int
    tail: str

    @property
    def is_clean_pass(self) -> bool:
        return self.exit_code == 0 and self.passed > 0 and self.skipped == 0

    @property
    def is_clean_failure(self) -> bool:
        return self.exit_code == TESTS_FAILED and self.failed > 0 and self.errors == 0


@dataclass(frozen=True, slots=True)
class Laboratory:
    """Works on copies of the tree at `root`, a git checkout; never touches the tree itself."""

    root: Path

    def baselines(self, tests: Sequence[str]) -> dict[str, Verdict | None]:
        """None for a test that passes as it should; else why no mutant can be judged by it.

        Looked at together, since most of the time goes into starting: one by one only where
        not all pass.
        """
        if not tests:
            return {}
        began_s = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            outcome = run_tests(self.copy(Path(folder)), tests)
        if outcome.is_clean_pass:
            return dict.fromkeys(tests)
        if len(tests) > 1:
            alone = [self.baselines([test]) for test in tests]
            return {test: verdict for found in alone for test, verdict in found.items()}
        advice = f"{tests[0]} does not pass without a mutant; mend it first:\n{outcome.tail}"
        return {tests[0]: Verdict(Fate.NO_BASELINE, time.monotonic() - began_s, advice)}

    def judge(self, mutant: Mutant) -> Verdict:
        began_s = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            copy = self.copy(Path(folder))
            fault = apply_patch(copy, mutant.path)
            if fault is None:
                fate, advice = _fate(mutant, run_tests(copy, [mutant.caught_by]))
            else:
                fate, advice = Fate.NOT_APPLICABLE, _refresh(mutant, fault)
        return Verdict(fate, time.monotonic() - began_s, advice)

    def copy(self, folder: Path) -> Path:
        """Tracked files and new ones that are not ignored, as they lie in the tree now."""
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git of the PATH
            cwd=self.root,
            check=True,
            capture_output=True,
        )
        copy = folder.resolve() / "tree"
        for name in filter(None, listing.stdout.decode().split("\0")):
            source, target = self.root / name, copy / name
            if source.is_file():  # Deleted, but git does not know yet.
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        return copy


def apply_patch(copy: Path, patch: Path) -> str | None:
    """None, or what git said against it."""
    run = subprocess.run(  # noqa: S603 - our own patch
        ["git", "apply", "--whitespace=nowarn", str(patch.resolve())],  # noqa: S607 - git of the PATH
        cwd=copy,
        check=False,
        capture_output=True,
        text=True,
        # Outside of any repository, so that paths count from the copy.
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(copy.parent)},
    )
    return run.stderr if run.returncode else None


def run_tests(copy: Path, tests: Sequence[str]) -> Outcome:
    """Runs the tests with the copy first on the path; see `guard`.

    No plugin is loaded but that of hypothesis: it takes longer than most of the tests.
    """
    side = copy.parent / "side"
    side.mkdir()
    shutil.copy(GUARD, side / "mutant_guard.py")
    report = side / "report.xml"
    command = [
        *(sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=short"),
        *("-p", "mutant_guard", "-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider"),
        *("--hypothesis-seed=0", f"--rootdir={copy}", f"--junitxml={report}", *tests),
    ]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        "PYTHONPATH": os.pathsep.join([str(copy), str(side)]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MUTATED_TREE": str(copy),
    }
    try:
        run = subprocess.run(  # noqa: S603 - our own tests
            command,
            cwd=copy,
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=TEST_WAIT_S,
        )
    except subprocess.TimeoutExpired:
        return Outcome(0, 0, 0, 0, -1, f"not done after {TEST_WAIT_S} s")
    tail = "\n".join(run.stdout.splitlines()[-TAIL_LINES:])
    return _counted(report, run.returncode, tail)


def _counted(report: Path, exit_code: int, tail: str) -> Outcome:
    if not report.exists():
        return Outcome(0, 0, 0, 0, exit_code, tail)
    suites = list(ET.parse(report).iter("testsuite"))  # noqa: S314 - pytest wrote it just now
    tests, failed, errors, skipped = (
        sum(int(suite.get(what, "0")) for suite in suites)
        for what in ("tests", "failures", "errors", "skipped")
    )
    return Outcome(tests - failed - errors - skipped, failed, errors, skipped, exit_code, tail)


def _fate(mutant: Mutant, outcome: Outcome) -> tuple[Fate, str]:
    if outcome.is_clean_failure:
        return Fate.CAUGHT, ""
    if outcome.is_clean_pass:
        return Fate.SURVIVED, (
            f"{mutant.breaks}: and {mutant.caught_by} passes. Sharpen the test until it fails."
        )
    return Fate.BROKEN, (
        f"{mutant.caught_by} did not run to its end (pytest's exit code {outcome.exit_code}). "
        f"A mutant must break a promise, not the import:\n{outcome.tail}"
    )


def _refresh(mutant: Mutant, fault: str) -> str:
    return (
        f"{fault.strip()}\n"
        f"The code has moved on. Make the change again ({mutant.breaks}), then write the "
        f"header lines and the output of 'git diff' to {mutant.path.name}, and undo the change."
    )
