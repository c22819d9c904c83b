"""The Helm chart: every variant lints, renders, and is what Kubernetes and the operators take."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Final

import pytest
import yaml

from consumer.settings.load import load_settings
from tests.ops.rendering import (
    CHART,
    DEPLOY,
    VARIANTS,
    kustomize_base,
    one,
    pods_of,
    rendered,
    resources_of,
    scheduled_replay,
    service_pod,
    values_of,
)
from tests.ops.tools import KUBERNETES, Tools

pytestmark = pytest.mark.ops

CUSTOM: Final = frozenset({"ScaledObject", "ServiceMonitor", "PrometheusRule"})
"""kubeconform knows none of them: their makers' own schemas judge them, by npm."""
KUSTOMIZED: Final = (DEPLOY / "kustomize" / "base", DEPLOY / "cronjob")


@pytest.mark.parametrize("variant", VARIANTS)
def test_helm_finds_no_fault(tools: Tools, variant: str) -> None:
    run = subprocess.run(  # noqa: S603 -- Helm on our chart
        [
            *(str(tools.helm), "lint", "--strict", "--kube-version", KUBERNETES, str(CHART)),
            *values_of(variant),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("variant", VARIANTS)
def test_kubernetes_would_take_every_manifest(tools: Tools, variant: str) -> None:
    _taken_by_kubernetes(tools, rendered(tools, *values_of(variant)))


@pytest.mark.parametrize("folder", KUSTOMIZED, ids=lambda folder: folder.name)
def test_kubernetes_would_take_what_kustomize_names(tools: Tools, folder: Path) -> None:
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert kustomization["apiVersion"] == "kustomize.config.k8s.io/v1beta1"
    assert kustomization["kind"] == "Kustomization"
    others = {file.name for file in folder.iterdir()} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == others
    for file in others:
        _taken_by_kubernetes(tools, (folder / file).read_text())


def _taken_by_kubernetes(tools: Tools, manifests: str) -> None:
    run = subprocess.run(  # noqa: S603 -- kubeconform on our manifests
        [
            *(str(tools.kubeconform), "-strict", "-summary", "-kubernetes-version", KUBERNETES),
            *("-schema-location", tools.kubernetes_schemas, "-skip", ",".join(sorted(CUSTOM))),
        ],
        input=manifests,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " - Valid: 0" not in run.stdout


def test_keda_and_the_operator_would_take_theirresources_of(tools: Tools) -> None:
    chosen = [each for each in resources_of(tools, "everything") if each["kind"] in CUSTOM]
    assert {each["kind"] for each in chosen} == CUSTOM
    assert tools.custom_resource_faults("\n".join(map(json.dumps, chosen))) == ""


def test_a_wrong_custom_resource_would_be_seen(tools: Tools) -> None:
    scaled = one(resources_of(tools, "everything"), "ScaledObject")
    wrong = {**scaled, "spec": {**scaled["spec"], "triggers": "many"}}
    assert "triggers" in tools.custom_resource_faults(json.dumps(wrong))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_service_takes_the_settings_that_the_chart_writes(
    tools: Tools, variant: str, tmp_path: Path
) -> None:
    resources = resources_of(tools, variant)
    file = tomllib.loads(one(resources, "ConfigMap")["data"]["seek-signals.toml"])
    environ = {"KAFKA_GROUP_INSTANCE_ID": "seek-signals-0"} if variant == "statefulset" else {}
    pod = service_pod(resources)
    for variable in pod["containers"][0]["env"]:
        if variable["name"].endswith("_FILE"):
            secret = tmp_path / variable["name"]
            secret.write_text("secret")
            environ[variable["name"]] = str(secret)
    file.pop("KAFKA_SSL_CA_LOCATION", None)  # A file of the pod's, which is not here.

    settings = load_settings(environ, file)

    grace_s = pod["terminationGracePeriodSeconds"]
    assert grace_s > settings.stopping.drain_s + settings.stopping.watchdog_s
    assert settings.watching.http_host == "0.0.0.0"  # noqa: S104 -- inside the pod


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_pod_has_the_least_rights(tools: Tools, variant: str) -> None:
    for pod in (each["spec"] for each in pods_of(resources_of(tools, variant))):
        (container,) = pod["containers"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_static_membership_is_for_stable_names_only(tools: Tools) -> None:
    for variant in VARIANTS:
        resources = resources_of(tools, variant)
        stateful = any(each["kind"] == "StatefulSet" for each in resources)
        names = {each["name"] for each in service_pod(resources)["containers"][0]["env"]}
        assert ("KAFKA_GROUP_INSTANCE_ID" in names) is stateful


def test_the_chart_has_the_same_alerts() -> None:
    copy = (CHART / "files" / "alerts.yaml").read_text()
    assert copy == (DEPLOY / "prometheus" / "alerts.yaml").read_text(), "make manifests copies them"


def test_what_kustomize_takes_is_what_the_chart_renders(tools: Tools) -> None:
    base = (DEPLOY / "kustomize" / "base" / "seek-signals.yaml").read_text()
    assert base == kustomize_base(tools), "make manifests writes it anew"
    for file, text in scheduled_replay(tools).items():
        assert (DEPLOY / "cronjob" / file).read_text() == text, "make manifests writes it anew"
