"""The broker is away: what was read goes on to SEEK, nothing is committed past it, all resumes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from consumer.app import STATS_EVERY_MS
from consumer.observed import HoldReason
from tests.faults.scene import scene
from tests.integration.outages.stage import (
    BACKLOG,
    REBALANCES,
    SHARE,
    Stage,
    assert_alive,
    assert_told,
    stage,
)
from tests.testbed import KafkaCluster, Registry, running_kafka


class Away(NamedTuple):
    begin: Callable[[KafkaCluster], None]
    end: Callable[[KafkaCluster], None]
    lasts_s: float = 0.0
    """The hold is watched for at least so long: it must not flap."""


STATS_EVERY_S: Final = 1.2 * int(STATS_EVERY_MS) / 1000
"""By its statistics the client tells that a broker is connected again."""
OUTAGES = {
    "stalled-network": Away(
        lambda it: it.proxy(1).stall(), lambda it: it.proxy(1).pass_on(), lasts_s=STATS_EVERY_S
    ),
    "refused-network": Away(lambda it: it.proxy(1).refuse(), lambda it: it.proxy(1).pass_on()),
    "frozen": Away(lambda it: it.node(1).freeze(), lambda it: it.node(1).thaw()),
    "killed": Away(lambda it: it.node(1).kill(), lambda it: it.node(1).start()),
}


@pytest.fixture(scope="module")
def fragile() -> Iterator[KafkaCluster]:
    """One node for all tests here, each of which leaves it running."""
    with running_kafka(advertise_via_proxy=True) as cluster:
        yield cluster


@pytest.mark.parametrize("name", OUTAGES)
def test_a_broker_that_is_away_is_waited_out(
    fragile: KafkaCluster, registry: Registry, tmp_path: Path, name: str
) -> None:
    with scene(fragile, registry, tmp_path, latency_s=0.2) as it:
        settings = {
            "KAFKA_SOCKET_TIMEOUT_MS": "3000",
            "KAFKA_API_VERSION_REQUEST_TIMEOUT_MS": "3000",
            "KAFKA_RECONNECT_BACKOFF_MAX_MS": "1000",
        }
        with stage(it, **settings) as staged:
            staged.publish()
            staged.until_all_settled()
            _endure(staged, fragile, OUTAGES[name])


def _endure(staged: Stage, kafka: KafkaCluster, away: Away) -> None:
    it, watch = staged.it, staged.watch
    rebalances, lines = watch.value(REBALANCES), len(list(watch.lines()))
    staged.publish(BACKLOG)
    accepted = it.sandbox.accepted
    staged.until(lambda: it.sandbox.accepted > accepted, "some of them sent")
    away.begin(kafka)
    staged.until(
        lambda: (
            watch.is_held(HoldReason.KAFKA) and watch.held_for_s(HoldReason.KAFKA) >= away.lasts_s
        ),
        "a hold of kafka",
        looking=False,
    )

    assert watch.value("seek_signals_hold", reason=HoldReason.KAFKA) == 1
    # Nothing needs to pause: there is nothing to read, and what was read goes on to SEEK.
    staged.until(
        lambda: watch.value("seek_signals_pending_records") == 0, "the last settled", looking=False
    )
    assert watch.value("seek_signals_exposed_records") <= SHARE + BACKLOG
    assert_alive(watch)

    away.end(kafka)
    staged.publish()
    staged.assert_recovered()
    assert watch.value(REBALANCES) == rebalances
    assert_told(watch, HoldReason.KAFKA, "KAFKA_BOOTSTRAP_SERVERS", lines)
