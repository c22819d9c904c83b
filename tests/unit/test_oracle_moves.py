"""Whose a partition was, by what the processes say in their logs."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from io import FileIO
from math import inf
from pathlib import Path

from consumer.delivery.records import TopicPartition
from tests.faults.oracle.moves import Moves
from tests.faults.oracle.timeline import Timeline, TimelineLog
from tests.faults.spoken import Spoken

ONE, OTHER = TopicPartition("changes", 0), TopicPartition("changes", 1)


def moves(*told: tuple[str, str, float]) -> Moves:
    found = Moves()
    for session, event, at_ms in told:
        found.told(session, event, [ONE], at_ms)
    return found


def said(event: str, ago_s: float = 0.0, **more: object) -> bytes:
    at = datetime.fromtimestamp(time.time() - ago_s, UTC).isoformat()
    return json.dumps({"event": event, "timestamp": at, **more}).encode()


def test_a_process_knows_that_a_partition_is_gone_until_it_comes_back() -> None:
    told = moves(("a", "assigned", 10.0), ("a", "lost", 20.0), ("a", "assigned", 30.0))

    assert told.gone_since(ONE, "a", 15.0) == inf
    assert told.gone_since(ONE, "a", 25.0) == 20.0
    assert told.gone_since(ONE, "a", 35.0) == inf
    assert told.gone_since(OTHER, "a", 25.0) == inf
    assert told.gone_since(ONE, "b", 25.0) == inf


def test_a_partition_is_handed_over_when_one_gives_it_up_and_when_the_other_gets_it() -> None:
    told = moves(("a", "assigned", 10.0), ("a", "revoked", 20.0), ("b", "assigned", 21.0))

    assert list(told.hand_overs(ONE, "a", "b")) == [20.0, 21.0]
    assert list(told.hand_overs(ONE, "a", "a")) == [20.0]
    assert list(told.hand_overs(OTHER, "a", "b")) == []


def test_a_process_is_known_since_its_first_partitions() -> None:
    told = moves(("a", "assigned", 10.0), ("a", "assigned", 30.0))

    assert told.first_ms("a") == 10.0
    assert told.first_ms("b") == -inf


def test_what_services_say_is_in_the_timeline_by_their_own_time(tmp_path: Path) -> None:
    path = tmp_path / "faults.ndjson"
    with FileIO(str(path), "a") as file:
        Spoken("consumer-1", TimelineLog(file)).hear(
            [
                said("service started", session_id="a"),
                said("partitions assigned", 5.0, partitions=["changes/0", "changes/1"]),
                said("partitions assigned", 4.0, partitions=[]),
                said("partitions lost", 2.0, partitions=["changes/1"]),
                b"no JSON at all",
                said("service started", session_id="b"),
            ]
        )
    now_ms, told = time.monotonic() * 1000, Timeline()
    for line in path.read_bytes().splitlines():
        told.read(line)

    assert told.sessions == {"a": "consumer-1", "b": "consumer-1"}
    assert told.moves.gone_since(ONE, "a", now_ms) == inf
    assert abs(now_ms - 2_000.0 - told.moves.gone_since(OTHER, "a", now_ms)) < 1_000.0
    assert abs(now_ms - 5_000.0 - told.moves.first_ms("a")) < 1_000.0
