"""SEEK is away, too slow, or answers in a way that settles nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from consumer.observed import HoldReason
from tests.faults.scene import scene
from tests.integration.outages.stage import Outage, endure, stage
from tests.testbed import KafkaCluster, Registry, running_proxy

SCRIPTED: Mapping[str, tuple[Mapping[str, object], str]] = {
    "html-200": ({"fault": "status", "status": 200, "body": "html"}, "unreadable: HTTP 200"),
    "html-503": ({"fault": "status", "status": 503, "body": "html"}, "server_fault: HTTP 503"),
    "null": ({"fault": "silence", "value": None}, "RESULT_NULL"),
    "false": ({"fault": "silence", "value": False}, "RESULT_FALSE"),
    "slow": ({"fault": "slow", "delayS": 30}, "timeout"),
    "truncated-json": ({"fault": "truncated", "stored": False}, "unreadable: HTTP 200"),
}


@pytest.mark.parametrize("name", SCRIPTED)
def test_an_answer_that_settles_nothing_is_waited_out(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path, name: str
) -> None:
    fault, says = SCRIPTED[name]
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        stage(it, SEEK_SIGNALS_REQUEST_TOTAL_S="1", SEEK_SIGNALS_REQUEST_CONNECT_S="1") as staged,
    ):
        outage = Outage(
            begin=lambda: it.sandbox.set_faults([fault]),
            end=it.sandbox.clear_faults,
            reason=HoldReason.SEEK,
            says=says,
        )
        endure(staged, outage)


def test_a_seek_that_is_down_for_longer_than_the_poll_interval_costs_no_membership(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        running_proxy(("127.0.0.1", it.sandbox.port)) as seek,
    ):
        settings = {
            "SEEK_ENDPOINT": f"http://{seek.address}/graphql",
            "KAFKA_SESSION_TIMEOUT_MS": "10000",
            "KAFKA_MAX_POLL_INTERVAL_MS": "10000",
            "KAFKA_SOCKET_TIMEOUT_MS": "5000",
        }
        with stage(it, **settings) as staged:
            outage = Outage(
                begin=seek.refuse,
                end=seek.pass_on,
                reason=HoldReason.SEEK,
                says="transport: ConnectionRefusedError",
                lasts_s=12.0,
            )
            endure(staged, outage)
