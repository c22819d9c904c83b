"""Virtual environments of the bench: one for each peer, since their dependencies disagree.

Made when first needed, in the cache folder of the tests, and kept there; a changed list
of requirements makes a new one.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.testbed.artifacts import cache_folder

REQUIREMENTS: Final = Path(__file__).parent / "requirements"
_DONE: Final = ".installed"


def python_of(name: str) -> Path:
    """The interpreter of the environment `requirements/<name>.txt`. Installs it, with a line."""
    requirements = REQUIREMENTS / f"{name}.txt"
    mark = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = cache_folder() / "bench" / f"{name}-{mark}"
    python = folder / "bin" / "python"
    if not (folder / _DONE).exists():
        print(f"environment for {name}: once, kept in the tests' cache", flush=True)  # noqa: T201
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        _run([str(python), *install, "--requirement", str(requirements)])
        (folder / _DONE).touch()
    return python


def versions(python: Path) -> dict[str, str]:
    """Installed distributions of an environment."""
    code = (
        "from importlib.metadata import distributions as d\n"
        "for it in d(): print(it.metadata['Name'].lower(), it.version)"
    )
    command = [str(python), "-c", code]
    told = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return dict(line.split() for line in told.stdout.splitlines())


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True)  # noqa: S603 -- our own command
