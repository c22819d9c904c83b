"""SEEK is away, too slow, or answers in a way that settles nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from consumer.observed import HoldReason
from consumer.sandbox.server import RunningSandbox, running_sandbox
from tests.faults.scene import Scene, scene
from tests.integration.outages.door import Door, door
from tests.integration.outages.stage import (
    BACKLOG,
    REBALANCES,
    Outage,
    assert_alive,
    assert_told,
    endure,
    stage,
)
from tests.testbed import (
    Certificates,
    KafkaCluster,
    Registry,
    make_certificates,
    running_proxy,
)

SCRIPTED: Mapping[str, tuple[Mapping[str, object], str]] = {
    "html-200": ({"fault": "status", "status": 200, "body": "html"}, "unreadable: HTTP 200"),
    "html-503": ({"fault": "status", "status": 503, "body": "html"}, "server_fault: HTTP 503"),
    "null": ({"fault": "silence", "value": None}, "RESULT_NULL"),
    "false": ({"fault": "silence", "value": False}, "RESULT_FALSE"),
    "slow": ({"fault": "slow", "delayS": 30}, "timeout"),
    "truncated-json": ({"fault": "truncated", "stored": False}, "unreadable: HTTP 200"),
}
RETRY_AFTER_S: Final = 6
"""Throttling for longer than 5 s counts as a hold."""


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


def test_answers_that_are_lost_after_acceptance_cost_repeats_and_nothing_else(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with scene(kafka, registry, tmp_path, latency_s=0.0) as it, stage(it) as staged:
        outage = Outage(
            begin=lambda: it.sandbox.set_faults([{"fault": "lostAnswer"}]),
            end=it.sandbox.clear_faults,
            reason=HoldReason.SEEK,
            says="transport: ",
            loses_answers=True,
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


def test_an_expired_certificate_is_waited_out_until_it_is_replaced(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    files = make_certificates(tmp_path / "tls")
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        secured(it, files) as (way, good, expired),
    ):
        settings = {
            "SEEK_ENDPOINT": f"https://{way.address}/graphql",
            "SEEK_TOKEN_URL": f"https://{way.address}/oauth/token",
            "SEEK_SSL_CA_LOCATION": str(files.authority),
        }
        with stage(it, **settings) as staged:
            outage = Outage(
                begin=lambda: way.lead_to(expired.port),
                end=lambda: way.lead_to(good.port),
                reason=HoldReason.SEEK,
                says="certificate has expired",
            )
            endure(staged, outage)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_no_request_starts_before_seek_said_to_come_back(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path, form: str
) -> None:
    fault = {"fault": "status", "status": 429, "retryAfterS": RETRY_AFTER_S, "retryAfterAs": form}
    fault |= {"requests": 1}
    one_at_a_time = {"SEEK_SIGNALS_IN_FLIGHT_MAX": "1", "SEEK_SIGNALS_IN_FLIGHT_START": "1"}
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        stage(it, **one_at_a_time) as staged,
    ):
        staged.publish()
        staged.until_all_settled()
        rebalances, lines = staged.watch.value(REBALANCES), len(list(staged.watch.lines()))
        it.sandbox.set_faults([fault])
        staged.publish(BACKLOG)
        staged.until_held(HoldReason.SEEK)
        staged.publish()
        assert_alive(staged.watch)
        assert staged.watch.value("seek_signals_hold", reason=HoldReason.SEEK) == 1
        staged.assert_recovered()

        assert _quiet_after_throttling_ms(it) >= RETRY_AFTER_S * 1000
        assert staged.watch.value(REBALANCES) == rebalances
        assert_told(staged.watch, HoldReason.SEEK, "throttled, until", lines)


def _quiet_after_throttling_ms(it: Scene) -> float:
    """Until the next request began; there was none under way."""
    for line, following in pairwise(it.sandbox.requests()):
        if line["status"] == 429:
            return following["monotonicMs"] - line["monotonicMs"]
    return 0.0


@contextmanager
def secured(
    it: Scene, files: Certificates
) -> Iterator[tuple[Door, RunningSandbox, RunningSandbox]]:
    """A door to a SEEK over HTTPS, open; and the same SEEK with a certificate that has expired.

    They write the journal of the scene's sandbox, so the oracle reads it.
    """
    good = replace(it.sandbox.config, tls_cert=files.certificate, tls_key=files.key, requests=None)
    with (
        running_sandbox(good) as seek,
        running_sandbox(replace(good, tls_cert=files.expired)) as expired,
        door() as way,
    ):
        way.lead_to(seek.port)
        yield way, seek, expired
