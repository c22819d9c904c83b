"""A duplicate is explained by the fault that caused it, and by no other."""

from __future__ import annotations

import json
from math import inf

import pytest

from consumer.delivery.records import TopicPartition
from consumer.sandbox.journal import Entry, RequestLine
from tests.faults.oracle.explain import Explainer
from tests.faults.oracle.ledger import Duplicate, LetterAgain
from tests.faults.oracle.requests import Requests
from tests.faults.oracle.timeline import Timeline

PLACE = TopicPartition("changes", 0)
OTHER_PLACE = TopicPartition("changes", 1)
NEVER = inf
MOST = 2 * (8 * 100 + 2 * 1_000)


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


def moved(told: Timeline, from_ms: float, to_ms: float, place: TopicPartition = PLACE) -> Timeline:
    """One had it, lost it, and two got it."""
    told.moves.told("session-one", "assigned", [place], 1_000.0)
    if from_ms < NEVER:
        told.moves.told("session-one", "revoked", [place], from_ms)
    if to_ms < NEVER:
        told.moves.told("session-two", "assigned", [place], to_ms)
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
    again = requests.number_of(entry("again", again_by, max(50_000.0, again_ms) + 10.0))
    requests.log(line("before", 50_000.0 - took_ms, fault, status))
    requests.log(line("again", again_ms, None, 200))
    found = Explainer(requests, told).cause(Duplicate(PLACE, 1, before, again, committed_ms))
    return found and found.text


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


SLOW = ("sandbox.slow-after", "all", 49_000.0, 51_000.0)


def test_an_answer_that_came_too_late_is_none() -> None:
    assert cause(timeline(SLOW), again_by="one") == "answer late: sandbox.slow-after"


def test_no_answer_is_too_late_for_a_process_that_did_not_wait_for_it() -> None:
    assert cause(timeline(SLOW), again_by="one", again_ms=50_400.0) is None


def test_what_took_too_long_may_be_accepted_after_what_repeats_it() -> None:
    told = timeline(("sandbox.slow-beyond", "all", 44_000.0, 47_000.0))

    assert cause(told, again_by="one", again_ms=46_000.0) == "answer late: sandbox.slow-beyond"
    assert cause(told, again_by="one", again_ms=49_500.0) is None


def test_a_kill_explains_what_its_process_had_not_committed() -> None:
    told = timeline(("consumer.kill", "one", 51_000.0, 52_000.0))

    assert cause(told) == "consumer.kill"


def test_a_kill_does_not_explain_what_had_been_committed_before_it() -> None:
    told = timeline(("consumer.kill", "one", 51_000.0, 52_000.0))

    assert cause(told, committed_ms=50_500.0) is None


def test_a_kill_before_the_acceptance_hit_another_process() -> None:
    told = timeline(("consumer.kill", "one", 20_000.0, 21_000.0))

    assert cause(told) is None


def test_a_kill_of_the_process_that_bore_the_name_before_explains_nothing() -> None:
    told = moved(timeline(("consumer.kill", "one", 47_500.0, 49_000.0)), NEVER, NEVER)
    told.moves.told("session-three", "assigned", [PLACE], 49_500.0)
    told.sessions["session-three"] = "one"
    requests = Requests()
    before = requests.number_of(entry("before", "three", 50_000.0))
    again = requests.number_of(entry("again", "three", 54_000.0))

    assert Explainer(requests, told).cause(Duplicate(PLACE, 1, before, again, NEVER)) is None


def test_an_orderly_end_explains_only_what_something_else_hindered() -> None:
    stop = ("consumer.stop", "one", 51_000.0, 53_000.0)
    hindered = timeline(stop, ("kafka.stall", "2", 49_000.0, 50_500.0))

    assert cause(timeline(stop)) is None
    assert cause(hindered) == "consumer.stop"


BROKER = ("broker.kill", "3", 45_000.0, 48_000.0)


def test_what_happens_to_others_can_move_the_partition() -> None:
    told = moved(timeline(BROKER), 52_000.0, 53_000.0)

    assert cause(told) == "moved: broker.kill"


def test_what_happens_to_others_explains_nothing_while_the_partition_stays() -> None:
    assert cause(timeline(BROKER)) is None
    assert cause(moved(timeline(BROKER), 52_000.0, 53_000.0, OTHER_PLACE)) is None


@pytest.mark.parametrize("at_ms", [30_000.0, 70_000.0])
def test_a_move_long_before_or_after_the_two_requests_is_none_of_theirs(at_ms: float) -> None:
    assert cause(moved(timeline(BROKER), at_ms, at_ms)) is None


def test_a_move_explains_nothing_that_had_been_committed_before_it() -> None:
    told = moved(timeline(BROKER), 52_000.0, 53_000.0)

    assert cause(told, committed_ms=51_000.0) is None


def test_a_member_may_not_have_heard_of_its_loss_when_it_sent() -> None:
    told = moved(timeline(("kafka.stall", "2", 40_000.0, 58_000.0)), 59_000.0, 47_000.0)

    assert cause(told) == "moved: kafka.stall"


def test_what_was_on_meanwhile_is_blamed_before_what_had_ended() -> None:
    told = timeline(
        ("consumer.freeze", "two", 40_000.0, 45_000.0), ("broker.kill", "3", 51_000.0, 55_000.0)
    )

    assert cause(moved(told, 52_000.0, 53_000.0)) == "moved: broker.kill"


def test_a_new_secret_moves_nothing() -> None:
    told = timeline(("operator.rotate", "all", 49_000.0, 52_000.0))
    joined = timeline(("operator.join", "all", 49_000.0, 52_000.0))

    assert cause(moved(told, 51_000.0, 53_000.0)) is None
    assert cause(moved(joined, 51_000.0, 53_000.0)) == "moved: operator.join"


def test_what_is_long_over_moves_nothing() -> None:
    told = timeline(("broker.kill", "3", 1_000.0, 10_000.0))

    assert cause(moved(told, 51_000.0, 53_000.0)) is None


def test_a_fault_that_came_after_the_repeat_is_innocent() -> None:
    assert cause(timeline(("consumer.kill", "one", 61_000.0, None))) is None


def test_a_request_that_was_held_up_arrives_after_others_went_on() -> None:
    told = timeline(("seek.stall", "two", 55_000.0, 61_000.0))

    assert cause(told, committed_ms=50_500.0) is None  # It never had the partition.
    told.moves.told("session-two", "assigned", [PLACE], 40_000.0)
    assert cause(told, committed_ms=50_500.0) == "request late: seek.stall"


def test_twice_in_one_request_is_never_explained() -> None:
    requests = Requests()
    number = requests.number_of(entry("before", "one", 50_000.0))
    requests.log(line("before", 49_990.0, "lostAnswer", None))
    explainer = Explainer(requests, timeline(("consumer.kill", "one", 50_001.0, None)))

    assert explainer.cause(Duplicate(PLACE, 1, number, number, NEVER)) is None


def kill_of(signals: int, *more: tuple[str, str, float, float | None]) -> list[str]:
    """What is held against a kill that so many signals were sent again for."""
    requests = Requests()
    before = requests.number_of(entry("before", "one", 50_000.0))
    again = requests.number_of(entry("again", "two", 60_000.0))
    told = timeline(("consumer.kill", "one", 51_000.0, 52_000.0), *more)
    duplicates = [Duplicate(PLACE, offset, before, again, NEVER) for offset in range(signals)]
    return list(Explainer(requests, told).crowds(duplicates))


def test_a_kill_costs_no_more_than_was_exposed() -> None:
    assert kill_of(MOST) == []
    assert len(kill_of(MOST + 1)) == 1


def test_what_brokers_do_not_confirm_stays_exposed() -> None:
    assert kill_of(MOST + 1, ("broker.freeze", "1", 45_000.0, 49_000.0)) == []
    assert len(kill_of(MOST + 1, ("broker.freeze", "1", 20_000.0, 30_000.0))) == 1


LETTER = LetterAgain(PLACE, 1, 50_000.0, 60_000.0, NEVER)
KILL = ("consumer.kill", "one", 51_000.0, 52_000.0)


def test_a_letter_is_written_again_after_a_crash_that_its_commit_did_not_precede() -> None:
    explainer = Explainer(Requests(), moved(timeline(KILL), NEVER, 55_000.0))

    assert explainer.cause_of_letter(LETTER) == "consumer.kill"
    assert explainer.cause_of_letter(LETTER._replace(committed_ms=50_500.0)) is None


def test_a_letter_is_written_again_after_a_move_of_its_own_partition() -> None:
    kill = ("consumer.kill", "three", 51_000.0, 52_000.0)
    here = moved(timeline(kill), 52_000.0, 55_000.0)
    there = moved(timeline(kill), 52_000.0, 55_000.0, OTHER_PLACE)

    assert Explainer(Requests(), here).cause_of_letter(LETTER) == "moved: consumer.kill"
    assert Explainer(Requests(), there).cause_of_letter(LETTER) is None


def test_a_letter_that_no_broker_confirmed_is_written_again() -> None:
    told = timeline(("kafka.cut", "2", 50_100.0, 50_100.0))

    assert Explainer(Requests(), told).cause_of_letter(LETTER) == "not confirmed: kafka.cut"


def test_which_copy_of_a_letter_was_seen_first_does_not_matter() -> None:
    told = timeline(("kafka.cut", "2", 50_100.0, 50_100.0))
    other_way = LETTER._replace(before_ms=LETTER.again_ms, again_ms=LETTER.before_ms)

    assert Explainer(Requests(), told).cause_of_letter(other_way) == "not confirmed: kafka.cut"


def test_a_letter_is_late_when_its_process_stood_still() -> None:
    freeze = ("consumer.freeze", "one", 47_000.0, 59_900.0)
    told = moved(timeline(freeze), 60_500.0, 44_000.0)
    explainer, letter = Explainer(Requests(), told), LETTER._replace(committed_ms=50_500.0)

    assert explainer.cause_of_letter(letter) == "letter late: consumer.freeze"
    assert explainer.cause_of_letter(letter._replace(again_ms=66_000.0)) is None
    assert explainer.cause_of_letter(letter._replace(place=OTHER_PLACE)) is None
