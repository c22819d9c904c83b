"""`python -m tests.ops.package`: wheel, sdist, SBOM and licences into dist/.

The SBOM and the licences are those of an environment that has the locked dependencies and
the wheel, and nothing else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.ops.tools import Tools

ROOT: Final = Path(__file__).parents[2]
SBOM: Final = "sbom.cdx.json"
LICENCES: Final = "licences.md"


def build(place: Path) -> tuple[Path, Path]:
    """The wheel and the sdist; the same bytes for the same commit."""
    when = _output(["git", "log", "-1", "--format=%ct"]).strip()
    place.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(place)]
    _output(command, {"SOURCE_DATE_EPOCH": when})
    (wheel,), (sdist,) = place.glob("*.whl"), place.glob("*.tar.gz")
    return wheel, sdist


def install(wheel: Path, place: Path) -> Path:
    """An environment with the locked dependencies and the wheel; its Python."""
    _output([sys.executable, "-m", "venv", str(place)])
    python = place / "bin" / "python"
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    lock = str(ROOT / "requirements.lock")
    _output([*pip, "--require-hashes", "--only-binary", ":all:", "--requirement", lock])
    _output([*pip, "--no-deps", "--no-index", str(wheel)])
    _output([str(python), "-m", "pip", "--quiet", "uninstall", "--yes", "pip", "setuptools"])
    return python


def describe(tools: Tools, python: Path, place: Path) -> None:
    """What the environment holds, and under which licences."""
    sbom = str(place / SBOM)
    _output(
        [
            *(str(tools.program("cyclonedx-py")), "environment", str(python)),
            *("--output-reproducible", "--pyproject", str(ROOT / "pyproject.toml")),
            *("--output-file", sbom),
        ]
    )
    licences = _output(
        [
            *(str(tools.program("pip-licenses")), f"--python={python}"),
            *("--from=mixed", "--format=markdown", "--order=name"),
        ]
    )
    (place / LICENCES).write_text(licences)


def main() -> None:
    place = ROOT / "dist"
    shutil.rmtree(place, ignore_errors=True)
    wheel, sdist = build(place)
    environment = place / "environment"
    describe(Tools(), install(wheel, environment), place)
    shutil.rmtree(environment)
    sys.stdout.write("".join(f"dist/{each}\n" for each in (wheel.name, sdist.name, SBOM, LICENCES)))


def _output(command: list[str], more: dict[str, str] | None = None) -> str:
    run = subprocess.run(  # noqa: S603 -- the commands above
        command,
        cwd=ROOT,
        env={**os.environ, **(more or {})},
        check=False,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{run.stdout}{run.stderr}")
    return run.stdout


if __name__ == "__main__":
    main()
