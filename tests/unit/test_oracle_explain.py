"""A duplicate is explained by the fault that caused it, and by no other."""

from __future__ import annotations

import json

from consumer.delivery.records import TopicPartition
from consumer.sandbox.journal import Entry, RequestLine
from tests.faults.oracle.explain import Explainer
from tests.faults.oracle.ledger import Duplicate, LetterAgain
from tests.faults.oracle.requests import Requests
from tests.faults.oracle.timeline import Timeline

PLACE = TopicPartition("changes", 0)
NEVER = float("inf")


def timeline(*faults: tuple[str, str, float, float | None]) -> Timeline:
    told = Timeline()
    for name in ("one", "two"):
        told.read(json.dumps({"session": f"session-{name}", "target": name}).encode())
    for number, (kind, target, begin_ms, end_ms) in enumerate(faults):
        begin = {"id": number, "kind": kind, "target": target, "beginMs": begin_ms}
        told.read(json.dumps(begin).encode())
        if end_ms is not None:
            told.read(json.dumps({"id": number, "endMs": end_ms}).encode())
    return told


def entry(request: str, session: str, at_ms: float) -> Entry:
    return Entry(
        seq=1,
        at="",
        monotonicMs=at_ms,
        requestId=request,
        sessionId=f"session-{session}",
        operation="sendSignals",
        index=0,
        batchSize=1,
        swallowed=False,
        validatedOnly=False,
        signal={},
    )


def line(request: str, arrived_ms: float, fault: str | None, status: int | None) -> RequestLine:
    return RequestLine(
        at="",
        monotonicMs=arrived_ms,
        requestId=request,
        sessionId=None,
        bearer="",
        signals=1,
        subjects=[],
        outcome="accepted",
        fault=fault,
        status=status,
    )


def cause(  # noqa: PLR0913 -- a duplicate has two requests, and each its circumstances
    told: Timeline,
    *,
    fault: str | None = None,
    status: int | None = 200,
    took_ms: float = 10.0,
    again_by: str = "two",
    again_ms: float = 60_000.0,
    committed_ms: float = NEVER,
) -> str | None:
    """Process one had it accepted at 50 s; it was accepted again."""
    requests = Requests()
    before = requests.number_of(entry("before", "one", 50_000.0))
    again = requests.number_of(entry("again", again_by, again_ms + 10.0))
    requests.log(line("before", 50_000.0 - took_ms, fault, status))
    requests.log(line("again", again_ms, None, 200))
    return Explainer(requests, told).cause(Duplicate(PLACE, 1, before, again, committed_ms))


def test_nothing_explains_a_repeat_on_a_quiet_day() -> None:
    assert cause(timeline()) is None


def test_an_answer_that_seek_never_sent_is_the_cause_before_all_others() -> None:
    told = timeline(("consumer.kill", "one", 50_100.0, 51_000.0))

    assert cause(told, fault="lostAnswer", status=None) == "answer lost: sandbox.lostAnswer"


def test_an_answer_that_says_nothing_is_a_lost_one() -> None:
    assert cause(timeline(), fault="truncated") == "answer lost: sandbox.truncated"


def test_the_way_to_seek_explains_only_its_own_process() -> None:
    assert cause(timeline(("seek.stall", "one", 49_000.0, 51_000.0))) == "answer lost: seek.stall"
    assert cause(timeline(("seek.stall", "two", 49_000.0, 49_500.0))) is None


def test_an_answer_that_came_too_late_is_none() -> None:
    told = timeline(("sandbox.slow-after", "all", 49_000.0, 51_000.0))

    assert cause(told) == "answer late: sandbox.slow-after"


def test_a_kill_explains_what_its_process_had_not_committed() -> None:
    told = timeline(("consumer.kill", "one", 51_000.0, 52_000.0))

    assert cause(told) == "consumer.kill"


def test_a_kill_does_not_explain_what_had_been_committed_before_it() -> None:
    told = timeline(("consumer.kill", "one", 51_000.0, 52_000.0))

    assert cause(told, committed_ms=50_500.0) is None


def test_a_kill_before_the_acceptance_hit_another_process() -> None:
    told = timeline(("consumer.kill", "one", 20_000.0, 21_000.0))

    assert cause(told) is None


def test_what_happens_to_others_can_move_the_partition() -> None:
    told = timeline(("broker.kill", "3", 45_000.0, 48_000.0))

    assert cause(told) == "moved or not committed: broker.kill"


def test_what_was_on_meanwhile_is_blamed_before_what_had_ended() -> None:
    told = timeline(
        ("consumer.freeze", "two", 40_000.0, 45_000.0), ("broker.kill", "3", 51_000.0, 55_000.0)
    )

    assert cause(told) == "moved or not committed: broker.kill"


def test_a_new_secret_moves_nothing() -> None:
    assert cause(timeline(("operator.rotate", "all", 49_000.0, 52_000.0))) is None
    assert cause(timeline(("operator.join", "all", 49_000.0, 52_000.0))) is not None


def test_what_is_long_over_moves_nothing() -> None:
    assert cause(timeline(("broker.kill", "3", 10_000.0, 20_000.0))) is None


def test_a_fault_that_came_after_the_repeat_is_innocent() -> None:
    assert cause(timeline(("consumer.kill", "one", 61_000.0, None))) is None


def test_a_request_that_was_held_up_arrives_after_others_went_on() -> None:
    told = timeline(("seek.stall", "two", 55_000.0, 61_000.0))

    assert cause(told, committed_ms=50_500.0) == "request late: seek.stall"


def test_twice_in_one_request_is_never_explained() -> None:
    requests = Requests()
    number = requests.number_of(entry("before", "one", 50_000.0))
    requests.log(line("before", 49_990.0, "lostAnswer", None))
    explainer = Explainer(requests, timeline(("consumer.kill", "one", 50_001.0, None)))

    assert explainer.cause(Duplicate(PLACE, 1, number, number, NEVER)) is None


def test_a_letter_is_written_again_after_a_crash_that_its_commit_did_not_precede() -> None:
    told = timeline(("consumer.kill", "one", 51_000.0, 52_000.0))
    explainer = Explainer(Requests(), told)
    letter = LetterAgain(PLACE, 1, 50_000.0, 60_000.0, NEVER)

    assert explainer.cause_of_letter(letter) == "moved or not committed: consumer.kill"
    assert explainer.cause_of_letter(letter._replace(committed_ms=50_500.0)) is None
