"""The image and the compose file, as far as they can be judged without a container engine."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.ops.tools import Tools

pytestmark = pytest.mark.ops

DEPLOY: Final = Path(__file__).parents[2] / "deploy"


def test_hadolint_finds_no_fault_in_the_dockerfile(tools: Tools) -> None:
    run = subprocess.run(  # noqa: S603 -- hadolint on our file
        [str(tools.hadolint), str(DEPLOY / "Dockerfile")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_no_digest_is_claimed_that_was_not_resolved() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    instructions = [line for line in lines if not line.startswith("#")]
    assert not any("sha256:" in line for line in instructions)
    assert "ARG BASE=python:3.11.13-slim-bookworm" in instructions
