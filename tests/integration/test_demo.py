"""The demo as a user runs it: by itself, to the end, balanced."""

from __future__ import annotations

import subprocess
import sys


def test_the_demo_ends_by_itself_and_balances() -> None:
    command = [sys.executable, "-m", "consumer", "demo", "--seed", "11"]
    ended = subprocess.run(  # noqa: S603 -- our own command
        command, capture_output=True, text=True, timeout=90, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "published 2400/2400" in ended.stdout
    assert "answered with a server fault" in ended.stdout
    assert "throttled" in ended.stdout
    assert "It balances" in ended.stdout
    assert ended.stderr == ""
