"""The dead-letter topic cannot be written to: bad records wait, good ones go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from consumer.demo.expectations import DemoEvent, Kind, ToBeBuried
from consumer.observed import HoldReason
from tests.faults.scene import Scene, scene
from tests.integration.outages.stage import (
    BACKLOG,
    NEWS_WITHIN,
    REBALANCES,
    SHARE,
    Stage,
    assert_alive,
    assert_told,
    stage,
)
from tests.testbed import (
    CONSUMER,
    KafkaCluster,
    Registry,
    allow,
    committed,
    running_kafka,
)

KIND = Kind.APPLICATION_STATUS_CHANGED
FAILURES = "seek_signals_dead_letter_failures_total"
BAD = 3
KEPT_S = 7 * 86_400
"""A broker's own default."""


class Unwritable(NamedTuple):
    mend: Callable[[], None]
    says: str


@pytest.fixture(scope="module")
def guarded() -> Iterator[KafkaCluster]:
    """One node that asks who you are, and what you may."""
    with running_kafka(sasl=True) as cluster:
        yield cluster


def test_bad_records_wait_for_the_right_to_write_them(
    guarded: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with scene(guarded, registry, tmp_path, latency_s=0.0) as it:
        for topic in (*it.topics.values(), f"{it.group}.retry"):
            allow(guarded, CONSUMER, "TOPIC", topic, "READ")
        allow(guarded, CONSUMER, "GROUP", it.group, "READ")
        settings = {
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SSL_CA_LOCATION": str(guarded.ca_file),
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": CONSUMER,
            "KAFKA_SASL_PASSWORD": guarded.access.passwords[CONSUMER],
        }
        with stage(it, **settings) as staged:
            staged.publish()
            staged.until_all_settled()
            outage = Unwritable(
                mend=lambda: allow(guarded, CONSUMER, "TOPIC", f"{it.group}.dlq", "WRITE"),
                says="grant Write",
            )
            _endure(staged, outage)


def test_bad_records_wait_for_their_topic_to_be_made_again(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with scene(kafka, registry, tmp_path, latency_s=0.0) as it:
        letters = f"{it.group}.dlq"
        with stage(it, **NEWS_WITHIN) as staged:
            staged.publish()
            staged.until_all_settled()
            staged.delete_letters()
            outage = Unwritable(mend=staged.make_letters_again, says="create the topic <group>.dlq")
            _endure(staged, outage)
            staged.until(lambda: _a_letter_counts_down(staged, letters), "the time to its loss")
            staged.it.oracle.close()


def _a_letter_counts_down(staged: Stage, letters: str) -> bool:
    """On one of its partitions at least; where none waits it is infinite."""
    name = "seek_signals_time_to_loss_seconds"
    left_s = [staged.watch.value(name, topic=letters, partition=str(n)) for n in range(6)]
    return any(0 < each <= KEPT_S for each in left_s)


def _endure(staged: Stage, outage: Unwritable) -> None:
    it, watch = staged.it, staged.watch
    rebalances, lines = watch.value(REBALANCES), len(list(watch.lines()))
    began_s = time.monotonic()
    it.publisher.publish([_poison(number) for number in range(BAD)])
    staged.publish(BACKLOG)
    staged.until_held(HoldReason.DEAD_LETTERS)
    staged.until(lambda: watch.value(FAILURES) >= 2, "tried again")
    staged.until(lambda: it.sandbox.accepted == SHARE + BACKLOG, "all good ones accepted")

    assert [hold["reason"] for hold in watch.holds()] == [HoldReason.DEAD_LETTERS]
    assert watch.value("seek_signals_hold", reason=HoldReason.DEAD_LETTERS) == 1
    # Nothing pauses for it: what waits for the topic is held, up to its partition's bounds.
    staged.until(lambda: watch.value("seek_signals_pending_records") == BAD, "only these waiting")
    assert watch.value("seek_signals_partitions_paused") == 0
    assert_alive(watch)
    assert _passed_over(it) == []
    # Each of the three once, then one of them in ever longer intervals.
    assert watch.value(FAILURES) <= 10 + time.monotonic() - began_s

    outage.mend()
    staged.assert_recovered(letters=BAD)
    assert watch.value(REBALANCES) == rebalances
    assert_told(watch, HoldReason.DEAD_LETTERS, outage.says, lines)


def _poison(number: int) -> DemoEvent:
    return DemoEvent(KIND, f"key-{number}", b"garbage", ToBeBuried("bad_framing"))


def _passed_over(it: Scene) -> list[int]:
    """Offsets of bad records that a commit has passed though no letter can have been written."""
    marks = committed(it.kafka, it.group, [it.topics[KIND]])
    return [
        each.offset
        for each in it.publisher.published
        if isinstance(each.event.expectation, ToBeBuried) and marks.get(each.place, 0) > each.offset
    ]
