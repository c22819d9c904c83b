"""What the image installs besides `requirements.lock`, taken out of `requirements-dev.lock` with
its hashes: the build backend, the extra for traces. `python -m tests.ops.manifests` writes it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import requires
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[2]
HEAD: Final = "# Out of requirements-dev.lock by `make manifests`.\n"
_BLOCK: Final = re.compile(r"^([A-Za-z0-9._-]+)==(?:.*\\\n)(?:    --hash=.*\n)+", re.MULTILINE)


def image_locks() -> dict[str, str]:
    """By file name in deploy/locks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {
        "build.lock": project["build-system"]["requires"],
        "otel.lock": project["project"]["optional-dependencies"]["otel"],
    }
    blocks = _blocks()
    return {
        file: HEAD + "".join(blocks[name] for name in sorted(_closure(wanted[file])))
        for file in wanted
    }


def _blocks() -> dict[str, str]:
    """What the lock says of each package: version and hashes."""
    text = (ROOT / "requirements-dev.lock").read_text()
    return {canonicalize_name(found[1]): found[0] for found in _BLOCK.finditer(text)}


def _closure(wanted: Iterable[str]) -> set[str]:
    """The packages and all that they need, here."""
    found: set[str] = set()
    ahead = [Requirement(each) for each in wanted]
    while ahead:
        requirement = ahead.pop()
        name = canonicalize_name(requirement.name)
        if name not in found:
            found.add(name)
            ahead += _needed_by(name)
    return found


def _needed_by(name: str) -> Iterator[Requirement]:
    for line in requires(name) or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement
