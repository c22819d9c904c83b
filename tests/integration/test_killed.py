"""SIGKILL at random moments: every event accepted, dead-lettered or skipped, in order."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from random import Random

import pytest

from consumer.demo.balance import balance
from consumer.demo.expectations import DemoEvent, Kind, ToBeAccepted, ToBeBuried
from consumer.demo.stream import believable_stream
from tests.faults.scene import REFUSALS, Scene, scene
from tests.faults.service import service
from tests.testbed import KafkaCluster, Registry

EVENTS = 10_000
KILLS = 6
SEED = 20261123
IN_FLIGHT = 4
COMMIT_RECORDS = 1_000
EXPOSED_MAX = 10_000
PATIENCE_S = 240.0
SICK_TOKEN = "global-SICK"  # noqa: S105 -- no secret: made up


def _with_sick_record(stream: list[DemoEvent]) -> list[DemoEvent]:
    """One event early in the stream, that makes SEEK answer 500 whenever it is sent."""
    place = next(
        number
        for number, event in enumerate(stream)
        if number > EVENTS // 20
        and event.kind is Kind.APPLICATION_COMPLETED
        and isinstance(event.expectation, ToBeAccepted)
        and isinstance(event.value, Mapping)
    )
    event = stream[place]
    assert isinstance(event.value, Mapping)
    value = {**event.value, "seekToken": SICK_TOKEN}
    stream[place] = DemoEvent(event.kind, event.key, value, ToBeBuried("server_fault"))
    return stream


def _has_accepted(it: Scene, signals: int) -> bool:
    return it.sandbox.accepted >= signals


def _is_buried_while_others_pass(it: Scene, trickle: list[DemoEvent]) -> bool:
    """Only while others are accepted can a record be told from an outage."""
    it.publisher.publish([trickle.pop()])
    return any(letter.reason == "server_fault" for letter in it.oracle.letters)


def _run_with_kills(it: Scene, environment: dict[str, str], trickle: list[DemoEvent]) -> None:
    draw = Random(SEED)
    with service(environment, it.folder / "service.log") as process:
        until = partial(process.until, within_s=PATIENCE_S, meanwhile=it.oracle.look)
        for number in range(KILLS):
            share = (number + draw.random()) / (KILLS + 1)
            target = round(len(it.publisher.published) * 0.8 * share)
            until(partial(_has_accepted, it, target), "accepting")
            process.kill()
            it.oracle.look()
            process.start()
        if trickle:
            until(partial(_is_buried_while_others_pass, it, trickle), "burying")
        until(lambda: it.oracle.finished, "finishing")
        assert process.terminate() == 0
    it.oracle.look()


@pytest.mark.parametrize("sick", [False, True], ids=["healthy", "sick-record"])
def test_nothing_is_lost_when_the_process_is_killed(
    kafka: KafkaCluster,
    registry: Registry,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    sick: bool,
) -> None:
    stream = believable_stream(seed=SEED, events=EVENTS, now_ms=time.time_ns() // 1_000_000)
    with scene(kafka, registry, tmp_path, latency_s=0.1) as it:
        it.publisher.publish(_with_sick_record(stream) if sick else stream)
        assert it.publisher.failed == []
        if sick:
            fault = {"fault": "status", "status": 500, "match": {"token": SICK_TOKEN}}
            it.sandbox.set_faults([*REFUSALS, fault])
        environment = it.environment(
            SEEK_SIGNALS_IN_FLIGHT_MAX=str(IN_FLIGHT),
            SEEK_SIGNALS_IN_FLIGHT_START=str(IN_FLIGHT),
            SEEK_SIGNALS_SICK_AFTER_S="15",
            SEEK_SIGNALS_HOLD_MAX_S="2",
        )
        now_ms = time.time_ns() // 1_000_000
        more = believable_stream(seed=SEED + 1, events=EVENTS, now_ms=now_ms) if sick else []
        _run_with_kills(it, environment, more[::-1])
        sheet = balance(it.oracle.evidence())

        with capsys.disabled():
            sys.stdout.write(f"\n{KILLS} kills, {EVENTS} events: {sheet.repeats} duplicates ")
        assert list(sheet.faults) == []
        assert it.oracle.looks > KILLS
        a_kill = EXPOSED_MAX if sick else IN_FLIGHT * 100 + COMMIT_RECORDS
        assert sheet.repeats <= KILLS * a_kill
