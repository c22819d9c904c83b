"""What an answer does to a batch: the table of design 4, and who is asked next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.limits import Limits
from consumer.delivery.pacer import Cause
from consumer.delivery.verdicts import (
    Fault,
    NotStarted,
    Outage,
    Refusal,
    Refused,
    Unauthenticated,
    Verdict,
)
from tests.unit.courier_driver import (
    ACCEPTED,
    BAD,
    BROKEN,
    BUSY,
    FORBIDDEN,
    NO_ACCESS,
    NO_GUARD,
    NO_TOKEN,
    SILENT,
    SLOW,
    STRANGE,
    TOO_LARGE,
    Driver,
    bad_are,
)
from tests.unit.delivery_samples import offsets

OUTAGES = [BROKEN, STRANGE, SLOW, NO_TOKEN, SILENT]


def test_an_accepted_batch_is_settled_whole() -> None:
    it = Driver()
    parcels = it.add("a", "b", "a")
    it.exchange(ACCEPTED)
    assert it.accepted == parcels
    assert it.is_quiet()
    assert it.it.in_flight == 0


def test_a_subject_goes_on_when_its_batch_was_accepted() -> None:
    it = Driver()
    it.add("a")
    batch = it.send()
    it.add("a")
    assert it.is_quiet()
    it.land(batch, ACCEPTED)
    assert offsets(it.send()) == [1]


def test_requests_stay_within_what_may_be_in_flight() -> None:
    it = Driver(Limits(batch_size=1))
    it.add_many(5)
    it.send()
    batch = it.send()
    assert it.is_quiet()
    assert [parcel.offset for parcel in it.it.flying] == [0, 1]
    assert it.it.flight(batch.number) is batch
    it.land(batch, ACCEPTED)
    assert offsets(it.send()) == [2]


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [(BAD, "bad_user_input"), (FORBIDDEN, "forbidden"), (TOO_LARGE, "request_too_large")],
)
def test_a_refused_record_alone_is_poison_with_what_seek_said(
    verdict: Refused, reason: str
) -> None:
    it = Driver()
    (parcel,) = it.add("a")
    it.exchange(verdict)
    (poison,) = it.buried
    assert poison.parcel is parcel
    assert (poison.reason, poison.code, poison.message) == (reason, verdict.code, verdict.message)
    assert poison.attempts == 1


def test_a_subject_goes_on_when_one_of_it_was_buried() -> None:
    it = Driver()
    it.add("a")
    batch = it.send()
    it.add("a")
    it.land(batch, BAD)
    assert offsets(it.send()) == [1]


@pytest.mark.parametrize("verdict", [BAD, FORBIDDEN, TOO_LARGE])
def test_one_bad_record_in_a_hundred_is_buried_alone(verdict: Refused) -> None:
    it = Driver()
    it.add_many(100)
    it.serve(bad_are([37], verdict), until_s=110.0)
    assert [poison.parcel.offset for poison in it.buried] == [37]
    assert len(it.accepted) == 99
    assert it.requests - 1 in {12, 13, 14}


def test_a_record_that_is_pointed_at_costs_two_more_requests() -> None:
    it = Driver()
    it.add_many(100)
    pointing = Refused(Refusal.BAD_USER_INPUT, "BAD_USER_INPUT", "that one", frozenset({37}))
    it.exchange(pointing)
    it.serve(bad_are([37]), until_s=110.0)
    assert [poison.parcel.offset for poison in it.buried] == [37]
    assert it.requests == 3


def test_a_search_that_costs_too_much_ends_one_by_one() -> None:
    """Without the cap every other bad one would cost 199 requests."""
    it = Driver()
    it.add_many(100)
    it.serve(bad_are(range(0, 100, 2)), until_s=110.0)
    assert len(it.buried) == len(it.accepted) == 50
    assert it.requests <= 1 + 40 + 100


def test_each_dead_letter_counts_the_requests_that_carried_it() -> None:
    it = Driver()
    it.add_many(4)
    it.serve(bad_are([0]), until_s=110.0)
    assert [poison.attempts for poison in it.buried] == [3]


def test_isolated_records_of_one_subject_keep_their_order() -> None:
    it = Driver()
    it.add(*"aaaaaa")
    it.serve(bad_are([2, 3]), until_s=110.0)
    assert [parcel.offset for parcel in it.accepted] == [0, 1, 4, 5]
    assert [poison.parcel.offset for poison in it.buried] == [2, 3]


def test_throttling_holds_everybody_for_as_long_as_seek_says() -> None:
    it = Driver()
    it.add("a")
    batch = it.exchange(BUSY)
    it.add("b")
    it.now_s += 19.9
    assert it.is_quiet()
    it.now_s += 0.1
    assert it.send() is batch
    assert it.it.trouble == ""


def test_throttling_is_never_held_against_a_record() -> None:
    it = Driver()
    it.add("a")
    for _ in range(50):
        it.exchange(BUSY)
        it.pass_over()
    assert it.buried == []


def test_a_refused_token_is_renewed_and_the_batch_sent_again_at_once() -> None:
    it = Driver()
    it.add("a")
    batch = it.exchange(NO_ACCESS)
    assert it.send() is batch
    it.land(batch, ACCEPTED)
    assert it.it.pacer.cause is None


def test_a_second_refusal_of_the_token_holds_for_a_minute() -> None:
    it = Driver()
    it.add("a")
    it.exchange(NO_ACCESS)
    it.exchange(Unauthenticated("of a person", trouble="the secret's file is empty"))
    assert it.it.pacer.cause is Cause.AUTH
    assert it.it.trouble == "the secret's file is empty"
    it.now_s += 59.0
    assert it.is_quiet()
    it.now_s += 1.0
    it.exchange(ACCEPTED)
    assert it.it.pacer.cause is None


def test_a_token_that_ran_out_long_after_the_last_is_renewed_too() -> None:
    """The answer in between says that the earlier token was good."""
    it = Driver()
    it.add("a")
    it.exchange(NO_ACCESS)
    it.exchange(BROKEN)
    it.pass_over()
    it.exchange(NO_ACCESS)
    assert it.it.pacer.cause is not Cause.AUTH
    it.exchange(ACCEPTED)


def test_a_token_endpoint_that_is_away_is_held_against_no_batch() -> None:
    """Its request was never made, whatever was accepted meanwhile."""
    it = Driver()
    it.add("a", "b")
    first = it.send()
    it.add("c")
    second = it.send()
    it.land(first, NO_TOKEN)
    it.pass_over()
    it.land(it.send(), NO_TOKEN)
    it.land(second, ACCEPTED)
    it.pass_over()
    it.land(it.send(), NO_TOKEN)
    it.pass_over()
    assert it.it.pacer.cause is Cause.AUTH
    assert it.send() is first
    assert offsets(first) == [0, 1]


def test_the_wait_that_the_token_endpoint_asks_for_is_kept() -> None:
    it = Driver()
    it.add("a")
    it.land(it.send(), Outage(Fault.TOKEN_ENDPOINT, "HTTP 429", retry_after_s=300.0))
    it.pass_over(299.0)
    assert it.is_quiet()
    it.pass_over(1.0)
    it.send()


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_holds_and_the_same_batch_is_sent_again(outage: Outage) -> None:
    it = Driver()
    it.add("a", "b")
    batch = it.exchange(outage)
    assert it.it.trouble == f"{outage.fault}: {outage.code}"
    assert it.is_quiet()
    it.pass_over()
    assert it.send() is batch


def test_a_timeout_leaves_fewer_requests_in_flight() -> None:
    it = Driver()
    it.add("a")
    it.exchange(SLOW)
    assert it.it.pacer.in_flight_limit == 1.0


def test_after_repeated_failure_another_batch_is_the_probe() -> None:
    it = Driver(Limits(batch_size=1, flood=NO_GUARD))
    it.add("a", "b")
    for _ in range(2):
        assert offsets(it.exchange(BROKEN)) == [0]
        it.pass_over()
    assert offsets(it.send()) == [1]


def test_without_another_batch_the_same_is_the_probe() -> None:
    it = Driver()
    it.add("a")
    for _ in range(5):
        it.exchange(BROKEN)
        it.pass_over()
    assert offsets(it.send()) == [0]


@pytest.mark.parametrize("fault", [BROKEN, STRANGE, SLOW, SILENT, NO_ACCESS])
def test_one_record_that_fails_its_batch_stops_nobody_for_long(fault: Verdict) -> None:
    it = Driver(Limits(batch_size=10, flood=NO_GUARD))
    it.add_many(40)
    it.serve(bad_are([3], fault), until_s=1_200.0)
    assert sorted(parcel.offset for parcel in it.accepted) == [0, 1, 2, *range(4, 40)]
    it.add_many(40)
    it.serve(bad_are([3], fault), until_s=it.now_s + 65.0)
    assert len(it.accepted) == 79


@pytest.mark.parametrize(
    ("fault", "told"), [(BROKEN, "server_fault"), (SLOW, "timeout"), (NO_ACCESS, "unauthenticated")]
)
def test_a_batch_that_fails_while_others_pass_is_told_to_be_at_fault(
    fault: Verdict, told: str
) -> None:
    it, faults = Driver(Limits(batch_size=10)), list[str | None]()
    it.add_many(40)
    for _ in range(20):
        it.pass_over()
        batch = it.send()
        landing = it.land(batch, bad_are([3], fault)(batch))
        faults.append(landing.at_fault)
    assert told in faults
    assert set(faults) == {None, told}


def test_an_outage_of_all_takes_no_batch_apart() -> None:
    it = Driver(Limits(batch_size=10))
    it.add_many(40)
    it.serve(lambda _: BROKEN, until_s=3_000.0)
    assert {len(batch.parcels) for batch in it.it.dispatcher.sealed} == {10}
    it.requests = 0
    it.serve(lambda _: ACCEPTED, until_s=it.now_s + 61.0)
    assert it.requests == 4


def test_a_probe_whose_fault_was_its_own_makes_room_for_the_next() -> None:
    """Others were accepted since it failed, so its second refusal says nothing of SEEK: were
    it still waited for as the probe, nothing would be sent any more."""
    it = Driver(Limits(batch_size=2))
    it.add("a", "b", "c", "d")
    first, second = it.send(), it.send()
    it.land(first, NO_ACCESS)
    it.now_s += 1.0
    it.land(it.send(), NO_ACCESS)
    it.pass_over(61.0)
    it.land(second, ACCEPTED)
    it.exchange(NO_ACCESS)
    it.exchange(NO_ACCESS)
    assert len(it.it.dispatcher.sealed) == 2
    assert not it.is_quiet()


def test_a_request_that_was_not_started_is_no_attempt() -> None:
    it = Driver()
    it.add("a")
    batch = it.exchange(NotStarted())
    assert it.send() is batch
    it.land(batch, BAD)
    assert [poison.attempts for poison in it.buried] == [1]


def test_a_probe_that_was_not_started_makes_room_for_the_next() -> None:
    it = Driver()
    it.add("a")
    it.exchange(BROKEN)
    it.pass_over()
    it.exchange(NotStarted())
    assert not it.is_quiet()


@given(outages=st.lists(st.sampled_from([*OUTAGES, NO_ACCESS, BUSY]), max_size=60))
def test_no_outage_ever_makes_poison(outages: list[Verdict]) -> None:
    """However often SEEK is away, the records are still worth sending (P6)."""
    it = Driver(Limits(batch_size=2))
    it.add_many(5)
    for outage in outages:
        it.pass_over(1_000.0)
        it.exchange(outage)
    it.serve(lambda _: ACCEPTED, until_s=it.now_s + 1_000.0)
    assert it.buried == []
    assert len(it.accepted) == 5
