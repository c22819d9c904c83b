"""A check that cannot fail is worthless: consumers broken on purpose are caught by the oracle.

Each runs as a process on real Kafka in a scenario that provokes it; in the same scenarios
the oracle finds nothing against the consumer as it is. For the freeze, `test_frozen` says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Final

import pytest

from consumer.demo.expectations import DemoEvent
from consumer.demo.stream import believable_stream
from tests.faults.controls.control import Control, broken_tree, read_controls
from tests.faults.oracle.process import OracleProcess, running_oracle
from tests.faults.oracle.report import Report
from tests.faults.oracle.timeline import TimelineLog
from tests.faults.scene import REFUSALS, Scene, scene
from tests.faults.service import REPOSITORY, ServiceProcess, service
from tests.faults.spoken import Spoken
from tests.integration.freezing import freeze_and_thaw
from tests.integration.members import company
from tests.testbed import KafkaCluster, Registry

EVENTS = 2_000
FIRST = 400
"""Events before the outage begins."""
REQUEST_S = 10.0
"""Patience for a busy machine, so that no time-out repeats what was accepted."""
LOAD = 3_000
"""Events for the members of which one is frozen."""
SLOW = {"fault": "slow", "delayS": 1.0, "probability": 0.3, "seed": 1}
"""So that batches are accepted in another order than they were sent in, and commits are seen
in between."""
OUTAGES = (
    {"fault": "status", "status": 401, "seconds": 2},
    {"fault": "status", "status": 503, "afterS": 2, "seconds": 2},
)


def _uneven_answers(it: Scene, tree: Path) -> Report:
    """Beside them somebody else is killed, which is no reason to send anything again."""
    it.sandbox.set_faults([*REFUSALS, SLOW])
    it.publisher.publish(_stream(EVENTS))
    evidence = replace(it.evidence, request_s=REQUEST_S, unexplained_may_be=False)
    with (
        FileIO(str(evidence.faults), "a") as faults,
        running_oracle(evidence) as oracle,
        _consumer(it, tree) as process,
    ):
        timeline = TimelineLog(faults)
        timeline.begin("consumer.kill", "somebody else", time.monotonic() * 1000)
        _until_committed(oracle, process)
        Spoken("service", timeline).hear(process.said().encode().splitlines())
        return oracle.verdict()


def _outages(it: Scene, tree: Path) -> Report:
    stream = _stream(EVENTS)
    it.publisher.publish(stream[:FIRST])
    with running_oracle(it.evidence) as oracle, _consumer(it, tree) as process:
        process.until(lambda: it.sandbox.accepted > 0, "working")
        it.sandbox.set_faults([*OUTAGES, *REFUSALS])
        it.publisher.publish(stream[FIRST:])
        _until_committed(oracle, process)
        return oracle.verdict()


def _a_freeze(it: Scene, tree: Path) -> Report:
    with company(it, "classic", _stream(LOAD), tree) as group:
        return freeze_and_thaw(group)


SCENARIOS: Final[Mapping[str, Callable[[Scene, Path], Report]]] = {
    "uneven answers": _uneven_answers,
    "outages": _outages,
    "a freeze": _a_freeze,
}


@pytest.mark.parametrize("control", read_controls(), ids=lambda control: control.name)
def test_the_oracle_catches_a_consumer_that(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path, control: Control
) -> None:
    tree = broken_tree(control, tmp_path)
    with scene(kafka, registry, tmp_path, latency_s=0.05) as it:
        told = SCENARIOS[control.scenario](it, tree)

    assert told["verdict"] == "violated"
    assert told["violations"].get(control.violation), told["texts"]


@pytest.mark.parametrize("scenario", ["uneven answers", "outages"])
def test_the_oracle_has_nothing_against_the_consumer_as_it_is_in(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path, scenario: str
) -> None:
    with scene(kafka, registry, tmp_path, latency_s=0.05) as it:
        told = SCENARIOS[scenario](it, REPOSITORY)

    assert told["texts"] == []
    assert told["verdict"] == "clean"


def _stream(events: int) -> list[DemoEvent]:
    return believable_stream(seed=6, events=events, now_ms=time.time_ns() // 1_000_000)


def _consumer(it: Scene, tree: Path) -> AbstractContextManager[ServiceProcess]:
    environment = it.environment(
        SEEK_SIGNALS_IN_FLIGHT_MAX="4",
        SEEK_SIGNALS_IN_FLIGHT_START="4",
        SEEK_SIGNALS_HOLD_MAX_S="1",
        SEEK_SIGNALS_AUTH_PROBE_S="0.5",
        SEEK_SIGNALS_FLOOD_PROBE_S="1",
        SEEK_SIGNALS_REQUEST_TOTAL_S=str(REQUEST_S),
        SEEK_SIGNALS_DRAIN_S="15",
    )
    return service(environment, it.folder / "service.log", tree)


def _until_committed(oracle: OracleProcess, process: ServiceProcess) -> None:
    def all_is() -> bool:
        told = oracle.report()
        return told is not None and told["published"] == EVENTS and not told["lag"]

    process.until(all_is, "all committed")
