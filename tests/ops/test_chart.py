"""The Helm chart: every variant lints, renders, and is what Kubernetes and the operators take."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import pytest
import yaml

from consumer.settings.load import load_settings
from tests.ops.rendering import CHART, DEPLOY, VARIANTS, rendered, values_of
from tests.ops.tools import KUBERNETES, Tools

pytestmark = pytest.mark.ops

CUSTOM: Final = frozenset({"ScaledObject", "ServiceMonitor", "PrometheusRule"})


def _resources(tools: Tools, variant: str) -> list[dict[str, Any]]:
    documents = yaml.safe_load_all(rendered(tools, *values_of(variant)))
    return [cast("dict[str, Any]", each) for each in documents if each]


def _one(resources: list[dict[str, Any]], kind: str) -> Mapping[str, Any]:
    (found,) = [each for each in resources if each["kind"] == kind]
    return found


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
    run = subprocess.run(  # noqa: S603 -- kubeconform on our manifests
        [
            *(str(tools.kubeconform), "-strict", "-summary", "-kubernetes-version", KUBERNETES),
            *("-schema-location", tools.kubernetes_schemas, "-skip", ",".join(sorted(CUSTOM))),
        ],
        input=rendered(tools, *values_of(variant)),
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " - Valid: 0" not in run.stdout


def test_keda_and_the_operator_would_take_their_resources(tools: Tools) -> None:
    chosen = [each for each in _resources(tools, "everything") if each["kind"] in CUSTOM]
    assert {each["kind"] for each in chosen} == CUSTOM
    assert tools.custom_resource_faults("\n".join(map(json.dumps, chosen))) == ""


def test_a_wrong_custom_resource_would_be_seen(tools: Tools) -> None:
    scaled = _one(_resources(tools, "everything"), "ScaledObject")
    wrong = {**scaled, "spec": {**scaled["spec"], "triggers": "many"}}
    assert "triggers" in tools.custom_resource_faults(json.dumps(wrong))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_service_takes_the_settings_that_the_chart_writes(
    tools: Tools, variant: str, tmp_path: Path
) -> None:
    resources = _resources(tools, variant)
    file = tomllib.loads(_one(resources, "ConfigMap")["data"]["seek-signals.toml"])
    environ = {"KAFKA_GROUP_INSTANCE_ID": "seek-signals-0"} if variant == "statefulset" else {}
    pod = _pod(resources)
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
def test_a_pod_has_the_least_rights(tools: Tools, variant: str) -> None:
    pod = _pod(_resources(tools, variant))
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
        resources = _resources(tools, variant)
        stateful = any(each["kind"] == "StatefulSet" for each in resources)
        names = {each["name"] for each in _pod(resources)["containers"][0]["env"]}
        assert ("KAFKA_GROUP_INSTANCE_ID" in names) is stateful


def test_keda_owns_the_number_of_replicas_where_it_is_on(tools: Tools) -> None:
    resources = _resources(tools, "everything")
    assert "replicas" not in _one(resources, "Deployment")["spec"]
    target = _one(resources, "ScaledObject")["spec"]["scaleTargetRef"]
    assert target["name"] == _one(resources, "Deployment")["metadata"]["name"]


def test_the_chart_has_the_same_alerts() -> None:
    copy = (CHART / "files" / "alerts.yaml").read_text()
    assert copy == (DEPLOY / "prometheus" / "alerts.yaml").read_text(), "make manifests copies them"


def test_the_kustomize_base_is_what_the_chart_renders(tools: Tools) -> None:
    base = (DEPLOY / "kustomize" / "base" / "seek-signals.yaml").read_text()
    assert base == rendered(tools), "make manifests writes it anew"


def _pod(resources: list[dict[str, Any]]) -> dict[str, Any]:
    (workload,) = [each for each in resources if each["kind"] in ("Deployment", "StatefulSet")]
    return cast("dict[str, Any]", workload["spec"]["template"]["spec"])
