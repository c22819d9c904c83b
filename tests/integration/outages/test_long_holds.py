"""Holds of every kind at once, for longer than a member may go without a poll (P5, P6)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from consumer.demo.expectations import DemoEvent, Kind, ToBeBuried
from consumer.observed import HoldReason
from tests.faults.scene import scene
from tests.integration.outages.stage import (
    BACKLOG,
    NEWS_WITHIN,
    REBALANCES,
    SHARE,
    acceptable_events,
    assert_alive,
    stage,
)
from tests.testbed import KafkaCluster, Registry, running_proxy

KNOWN, UNKNOWN = Kind.APPLICATION_STATUS_CHANGED, Kind.APPLICATION_COMPLETED
"""Whose schemas the service has, and whose it needs."""
REASONS: Final = (HoldReason.REGISTRY, HoldReason.DEAD_LETTERS, HoldReason.AUTH)
POLL_S: Final = 7.0
LASTS_S: Final = 9.0
KIP_848: Final = {
    "KAFKA_GROUP_PROTOCOL": "consumer",
    "KAFKA_SESSION_TIMEOUT_MS": "",
    "KAFKA_HEARTBEAT_INTERVAL_MS": "",
    "SEEK_SIGNALS_SESSION_TIMEOUT_S": "6",
}


def test_holds_longer_than_the_poll_interval_cost_no_membership_with_kip_848(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        running_proxy(("127.0.0.1", it.sandbox.port)) as endpoint,
        running_proxy(("127.0.0.1", registry.port)) as schemas,
    ):
        settings = {
            **KIP_848,
            "SEEK_TOKEN_URL": f"http://{endpoint.address}/oauth/token",
            "SCHEMA_REGISTRY_URL": registry.url.replace(str(registry.port), str(schemas.port)),
            "KAFKA_MAX_POLL_INTERVAL_MS": str(int(POLL_S * 1000)),
            "KAFKA_SOCKET_TIMEOUT_MS": "2000",
            **NEWS_WITHIN,
        }
        with stage(it, **settings) as staged:
            watch, known, unknown = staged.watch, _of(KNOWN), _of(UNKNOWN)
            it.publisher.publish([next(known) for _ in range(SHARE)])
            staged.until_all_settled()
            rebalances = watch.value(REBALANCES)

            schemas.refuse()
            staged.delete_letters()
            it.publisher.publish([_poison(), next(unknown)])
            staged.until_held(HoldReason.REGISTRY)
            staged.until_held(HoldReason.DEAD_LETTERS)
            endpoint.refuse()
            it.sandbox.set_faults([{"fault": "revoke"}])
            it.publisher.publish([next(known) for _ in range(BACKLOG)])
            staged.until(
                lambda: all(watch.held_for_s(reason) >= LASTS_S for reason in REASONS),
                "all held for long",
            )
            assert watch.value("seek_signals_partitions_paused") > 0
            assert not it.oracle.finished
            assert_alive(watch)

            schemas.pass_on()
            staged.make_letters_again()
            endpoint.pass_on()
            staged.assert_recovered(letters=1)
            assert watch.value(REBALANCES) == rebalances
            staged.it.oracle.close()


def _of(kind: Kind) -> Iterator[DemoEvent]:
    return (event for event in acceptable_events() if event.kind is kind)


def _poison() -> DemoEvent:
    return DemoEvent(KNOWN, "key", b"garbage", ToBeBuried("bad_framing"))
