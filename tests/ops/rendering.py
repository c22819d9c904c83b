"""What is made by the ops tools: the chart rendered by variant of its values, the dashboard."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from tests.ops.tools import KUBERNETES, Tools

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
CHART: Final = DEPLOY / "helm" / "seek-signals"
VARIANTS: Final = ["default", *sorted(path.stem for path in (CHART / "variants").glob("*.yaml"))]


def values_of(variant: str) -> list[str]:
    if variant == "default":
        return []
    return ["--values", str(CHART / "variants" / f"{variant}.yaml")]


def rendered(tools: Tools, *more: str) -> str:
    command = [str(tools.helm), "template", "seek-signals", str(CHART)]
    run = subprocess.run(  # noqa: S603 -- Helm on our chart
        [*command, "--kube-version", KUBERNETES, *more], check=True, capture_output=True, text=True
    )
    return run.stdout


def dashboard(tools: Tools) -> str:
    """Grafana's JSON, made in the environment that has its library."""
    command = [str(tools.program("python")), "-m", "tests.ops.dashboard"]
    run = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)  # noqa: S603 -- our own module
    return run.stdout
