"""The oracle's eye for members that send what is no longer theirs."""

from __future__ import annotations

import orjson
import pytest

from consumer.delivery.records import TopicPartition
from consumer.sandbox.journal import Entry, RequestLine
from tests.faults.oracle.fence import Fence
from tests.faults.oracle.ledger import Duplicate
from tests.faults.oracle.requests import Requests
from tests.faults.oracle.timeline import Timeline

PLACE = TopicPartition("changes", 0)
SESSION = "s"
COMMITTED_MS, FROZE_MS = 20_000.0, 10_000.0


def timeline(*faults: tuple[str, float, float]) -> Timeline:
    told = Timeline({SESSION: "consumer-1"})
    for number, (kind, begin_ms, end_ms) in enumerate(faults):
        line = {"id": number, "kind": kind, "target": "consumer-1", "beginMs": begin_ms}
        told.read(orjson.dumps(line))
        told.read(orjson.dumps({"id": number, "endMs": end_ms}))
    return told


def requests(*times: tuple[float, float]) -> Requests:
    """Of each request: when it arrived and was accepted."""
    told = Requests()
    for number, (arrived_ms, accepted_ms) in enumerate(times):
        common = {"requestId": str(number), "sessionId": SESSION, "outcome": "accepted"}
        told.number_of(Entry(**common, monotonicMs=accepted_ms))  # type: ignore[typeddict-item]
        told.log(
            RequestLine(**common, monotonicMs=arrived_ms, fault=None, status=200)  # type: ignore[typeddict-item]
        )
    return told


def again(number: int, committed_ms: float = COMMITTED_MS) -> Duplicate:
    return Duplicate(PLACE, number, before=0, again=number, committed_ms=committed_ms)


def breaches(told: Requests, faults: Timeline, *duplicates: Duplicate, senders: int = 2) -> int:
    return len(list(Fence(told, faults, senders).breaches(duplicates)))


FREEZE = ("consumer.freeze", FROZE_MS, 22_000.0)
FIRST = (1_000.0, 1_100.0)


def test_what_is_sent_before_a_commit_is_no_breach() -> None:
    told = requests(FIRST, (COMMITTED_MS - 1, COMMITTED_MS + 100))
    assert breaches(told, timeline(), again(1)) == 0


def test_what_is_sent_after_a_commit_is_a_breach() -> None:
    told = requests(FIRST, (COMMITTED_MS + 1, COMMITTED_MS + 100))
    assert breaches(told, timeline(), again(1)) == 1


def test_each_sender_may_have_been_about_to_begin_when_its_process_froze() -> None:
    told = requests(FIRST, *[(22_001.0 + n, 22_100.0) for n in range(3)])
    assert breaches(told, timeline(FREEZE), again(1), again(2)) == 0
    assert breaches(told, timeline(FREEZE), again(1), again(2), again(3)) == 1


def test_a_sender_that_waited_for_an_answer_was_not_about_to_begin() -> None:
    told = requests(
        FIRST, (FROZE_MS - 5, FROZE_MS + 5), *[(22_001.0 + n, 22_100.0) for n in (0, 1)]
    )
    assert breaches(told, timeline(FREEZE), again(2)) == 0
    assert breaches(told, timeline(FREEZE), again(2), again(3)) == 1


@pytest.mark.parametrize("kind", ["seek.stall", "kafka.stall", "broker.freeze"])
def test_a_network_that_holds_back_requests_or_the_news_is_an_excuse(kind: str) -> None:
    told = requests(FIRST, (COMMITTED_MS + 1, COMMITTED_MS + 100))
    fault = (kind, COMMITTED_MS - 8_000.0, COMMITTED_MS - 1_000.0)
    assert breaches(told, timeline(fault), again(1)) == 0
    assert breaches(told, timeline((kind, 0.0, 1.0)), again(1)) == 1


def test_a_crash_of_the_process_holds_no_request_back() -> None:
    told = requests(FIRST, (COMMITTED_MS + 1, COMMITTED_MS + 100))
    crash = ("consumer.kill", FROZE_MS, FROZE_MS)
    assert breaches(told, timeline(crash), again(1)) == 1


def gone(told: Timeline, at_ms: float) -> Timeline:
    """The process says that it has lost the partition."""
    told.moves.told(SESSION, "assigned", [PLACE], 500.0)
    told.moves.told(SESSION, "lost", [PLACE], at_ms)
    return told


LATER = (COMMITTED_MS + 4_000.0, COMMITTED_MS + 4_100.0)


def test_what_a_process_sends_of_what_it_said_was_gone_is_a_breach() -> None:
    told = requests(FIRST, LATER)
    assert breaches(told, gone(timeline(), COMMITTED_MS), again(1, float("inf"))) == 1
    assert breaches(told, gone(timeline(), LATER[0] - 500.0), again(1, float("inf"))) == 0


def test_trouble_of_the_brokers_is_no_excuse_for_one_who_knew() -> None:
    told = requests(FIRST, LATER)
    stall = ("kafka.stall", COMMITTED_MS - 8_000.0, LATER[0])
    assert breaches(told, gone(timeline(stall), COMMITTED_MS), again(1)) == 1
    assert breaches(told, timeline(stall), again(1)) == 0


def test_it_is_a_breach_as_well_when_the_one_that_may_not_was_the_first() -> None:
    told = requests(LATER, (LATER[0] + 100.0, LATER[1] + 100.0))
    told_of = gone(timeline(), COMMITTED_MS)
    told_of.moves.told(SESSION, "assigned", [PLACE], LATER[0] + 50.0)
    assert breaches(told, told_of, again(1, float("inf"))) == 1


def test_a_partition_that_came_back_may_be_sent_for() -> None:
    told = requests(FIRST, LATER)
    told_of = gone(timeline(), COMMITTED_MS)
    told_of.moves.told(SESSION, "assigned", [PLACE], LATER[0] - 50.0)
    assert breaches(told, told_of, again(1, float("inf"))) == 0


def test_what_is_moved_by_people_is_known_to_those_who_lose_it() -> None:
    told = requests(FIRST, (COMMITTED_MS + 1, COMMITTED_MS + 100))
    fault = ("operator.join", COMMITTED_MS - 8_000.0, COMMITTED_MS - 1_000.0)
    assert breaches(told, timeline(fault), again(1)) == 1
