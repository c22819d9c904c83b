"""What is made by the ops tools: the chart rendered by variant of its values, the dashboard."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import yaml

from tests.ops.tools import KUBERNETES, Tools

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
CHART: Final = DEPLOY / "helm" / "seek-signals"
VARIANTS: Final = ["default", *sorted(path.stem for path in (CHART / "variants").glob("*.yaml"))]


Resource: TypeAlias = dict[str, Any]


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


def resources_of(tools: Tools, variant: str, *more: str) -> list[Resource]:
    documents = yaml.safe_load_all(rendered(tools, *values_of(variant), *more))
    return [cast("Resource", each) for each in documents if each]


def one(resources: Iterable[Resource], kind: str, name: str = "seek-signals") -> Resource:
    (found,) = [r for r in resources if (r["kind"], r["metadata"]["name"]) == (kind, name)]
    return found


def pods_of(resources: Iterable[Resource]) -> list[Resource]:
    """Labels and specification of each pod that they make."""
    pods: list[Resource] = []
    for each in resources:
        match each["kind"]:
            case "Pod":
                pods.append(each)
            case "Deployment" | "StatefulSet":
                pods.append(each["spec"]["template"])
            case "CronJob":
                pods.append(each["spec"]["jobTemplate"]["spec"]["template"])
            case _:
                pass
    return pods


def service_pod(resources: Sequence[Resource]) -> Resource:
    """Its specification."""
    is_of_service = {"app.kubernetes.io/name": "seek-signals"}.items()
    (found,) = [p for p in pods_of(resources) if is_of_service <= p["metadata"]["labels"].items()]
    return cast("Resource", found["spec"])


def kustomize_base(tools: Tools) -> str:
    """The default, without what only `helm test` runs."""
    return rendered(tools, "--no-hooks")


def scheduled_replay(tools: Tools) -> dict[str, str]:
    """The CronJob and its settings, by file name."""
    files = {"replay.yaml": "replay", "settings.yaml": "operator"}
    on = ("--set", "scheduledReplay.enabled=true", "--show-only")
    return {file: rendered(tools, *on, f"templates/{name}.yaml") for file, name in files.items()}


def dashboard(tools: Tools) -> str:
    """Grafana's JSON, made in the environment that has its library."""
    command = [str(tools.program("python")), "-m", "tests.ops.dashboard"]
    run = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)  # noqa: S603 -- our own module
    return run.stdout
