"""The chart's optional parts: the budget, the network policy, KEDA, the operator's rules."""

from __future__ import annotations

import subprocess
import tomllib
from typing import Final

import pytest

from consumer.settings.load import load_connections
from consumer.topics.plan import SOURCE_PARTITIONS
from tests.ops.rendering import DEPLOY, Resource, one, pods_of, rendered, resources_of
from tests.ops.tools import Tools

pytestmark = pytest.mark.ops

RUNBOOK: Final = "https://wiki.example/seek-signals/RUNBOOK.md"
A_MEMBER_S: Final = 2_000
"""Signals a second of one member (SCALING.md: 2 in flight, 100 ms)."""


@pytest.fixture(scope="module")
def everything(tools: Tools) -> list[Resource]:
    return resources_of(tools, "everything")


def _is_chosen(labels: dict[str, str], selector: Resource) -> bool:
    every = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in every)
    return selector["matchLabels"].items() <= labels.items() and all(
        labels[each["key"]] in each["values"] for each in every
    )


def test_a_member_that_cannot_work_keeps_no_node_from_being_drained(
    everything: list[Resource],
) -> None:
    budget = one(everything, "PodDisruptionBudget")["spec"]
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert budget["maxUnavailable"] == 1
    labels = one(everything, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert _is_chosen(labels, budget["selector"])


def test_the_network_policy_is_for_every_pod_and_lets_scrapers_in_only(
    everything: list[Resource],
) -> None:
    policy = one(everything, "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    labels = [pod["metadata"]["labels"] for pod in pods_of(everything)]
    assert len(labels) == 4
    assert all(_is_chosen(each, policy["podSelector"]) for each in labels)
    (way_in,) = policy["ingress"]
    assert way_in["ports"] == [{"port": "metrics", "protocol": "TCP"}]
    assert way_in["from"]


def test_the_way_out_is_open_to_dns_and_to_where_the_settings_point(tools: Tools) -> None:
    resources = resources_of(tools, "default")
    ways_out = one(resources, "NetworkPolicy")["spec"]["egress"]
    ports = {(port["protocol"], port["port"]) for way in ways_out for port in way["ports"]}
    file = tomllib.loads(one(resources, "ConfigMap")["data"]["seek-signals.toml"])
    kafka = int(file["KAFKA_BOOTSTRAP_SERVERS"].rpartition(":")[2])
    registry = int(file["SCHEMA_REGISTRY_URL"].rpartition(":")[2])
    assert ports >= {("UDP", 53), ("TCP", 53), ("TCP", kafka), ("TCP", registry), ("TCP", 443)}


def test_only_the_service_is_scraped_and_counted_as_its_pods(everything: list[Resource]) -> None:
    chosen = one(everything, "Service")["spec"]["selector"].items()
    names = [pod["spec"]["containers"][0]["name"] for pod in pods_of(everything)]
    of_service = [p for p in pods_of(everything) if chosen <= p["metadata"]["labels"].items()]
    assert sorted(names) == ["check", "desk", "replay", "seek-signals"]
    assert [pod["spec"]["containers"][0]["name"] for pod in of_service] == ["seek-signals"]


def test_keda_owns_the_number_of_replicas_where_it_is_on(everything: list[Resource]) -> None:
    assert "replicas" not in one(everything, "Deployment")["spec"]
    target = one(everything, "ScaledObject")["spec"]["scaleTargetRef"]
    assert target == {"kind": "Deployment", "name": "seek-signals"}


def test_keda_adds_members_by_lag_that_members_can_mend(everything: list[Resource]) -> None:
    scaled = one(everything, "ScaledObject")["spec"]
    assert scaled["maxReplicaCount"] == SOURCE_PARTITIONS
    assert scaled["minReplicaCount"] >= 1
    slow = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    assert slow["stabilizationWindowSeconds"] >= 600
    assert slow["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 300}]
    for trigger in scaled["triggers"]:
        about = trigger["metadata"]
        assert about["excludePersistentLag"] == "true"
        assert about["scaleToZeroOnInvalidOffset"] == "false"
        assert int(about["lagThreshold"]) == 30 * A_MEMBER_S
    assert f"formula says {A_MEMBER_S:,} a member" in (DEPLOY / "SCALING.md").read_text()


@pytest.mark.parametrize("variant", ["default", "everything"])
def test_keda_looks_at_every_source_of_the_group(tools: Tools, variant: str) -> None:
    resources = resources_of(tools, variant, "--set", "keda.enabled=true")
    file = tomllib.loads(one(resources, "ConfigMap")["data"]["seek-signals.toml"])
    plain = {
        n: v
        for n, v in file.items()
        if not n.startswith(("KAFKA_SASL_", "KAFKA_SSL_", "KAFKA_SECURITY_"))
    }
    source = load_connections({}, plain).source
    triggers = one(resources, "ScaledObject")["spec"]["triggers"]
    assert [each["metadata"]["topic"] for each in triggers] == list(source.sources)
    assert {each["metadata"]["consumerGroup"] for each in triggers} == {source.group}


def test_links_of_the_rules_lead_to_the_runbook_of_the_values(everything: list[Resource]) -> None:
    (group,) = one(everything, "PrometheusRule")["spec"]["groups"]
    links = [rule["annotations"]["runbook_url"] for rule in group["rules"]]
    assert links
    assert all(link.startswith(f"{RUNBOOK}#") for link in links)


def test_rules_whose_links_would_lead_nowhere_are_not_rendered(tools: Tools) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        rendered(tools, "--set", "monitoring.prometheusRule=true")
    assert "monitoring.runbook: the address" in caught.value.stderr
