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


def build(
    place: Path, source: Path = ROOT, *options: str, python: Path = Path(sys.executable)
) -> list[Path]:
    """The wheel and the sdist, or what the options choose; the same bytes for the same commit."""
    when = _output(["git", "log", "-1", "--format=%ct"]).strip()
    place.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", "hatchling", "build", "--directory", str(place), *options]
    _output(command, {"SOURCE_DATE_EPOCH": when}, source)
    return [*place.glob("*.whl"), *place.glob("*.tar.gz")]


def install(wheel: Path, place: Path) -> Path:
    """An environment with the locked dependencies and the wheel; its Python."""
    python = locked_environment(ROOT / "requirements.lock", place)
    _output([*_pip(python), "install", "--no-deps", "--no-index", str(wheel)])
    _output([*_pip(python), "uninstall", "--yes", "pip", "setuptools"])
    return python


def locked_environment(lock: Path, place: Path) -> Path:
    """Its Python."""
    _output([sys.executable, "-m", "venv", str(place)])
    python = place / "bin" / "python"
    strictly = ("--require-hashes", "--only-binary", ":all:")
    _output([*_pip(python), "install", *strictly, "--requirement", str(lock)])
    return python


def _pip(python: Path) -> list[str]:
    return [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]


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


def _output(command: list[str], more: dict[str, str] | None = None, folder: Path = ROOT) -> str:
    run = subprocess.run(  # noqa: S603 -- the commands above
        command,
        cwd=folder,
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
