"""Company for records that may be sick is asked for when there is none, and not too often."""

from __future__ import annotations

from dataclasses import dataclass, field

from consumer.delivery.lanes import Batch, Lane
from consumer.delivery.limits import Limits
from consumer.delivery.verdicts import Verdict
from consumer.observed import PauseReason
from consumer.pipeline.company import Company
from consumer.pipeline.partitions import Partitions
from tests.unit.courier_driver import ACCEPTED, BROKEN, NO_GUARD, Driver
from tests.unit.delivery_samples import Publisher
from tests.unit.pipeline_doubles import ours

LIMITS = Limits(batch_size=1, flood=NO_GUARD)
THREE_MINUTES = 180.0


def no_verdict_passes(_: Batch) -> Verdict:
    return BROKEN


@dataclass(slots=True)
class Alone:
    """A courier, and a partition that waits at its bound."""

    driver: Driver = field(default_factory=lambda: Driver(LIMITS))
    partitions: Partitions = field(init=False)
    it: Company = field(init=False)

    def __post_init__(self) -> None:
        self.partitions = ours([self.lane], LIMITS)
        self.lane.paused, self.lane.waits_for = True, PauseReason.EXPOSED
        self.it = Company(LIMITS.sick, self.partitions, self.driver.it)

    @property
    def lane(self) -> Lane:
        return self.driver.publisher.lane

    def is_invited(self) -> bool:
        self.lane.invited_to = 0
        self.it.turn(self.driver.now_s)
        return self.lane.invited_to > 0


def failing(records: int = 1) -> Alone:
    alone = Alone()
    alone.driver.add_many(records)
    alone.driver.serve(no_verdict_passes, until_s=alone.driver.now_s + 300.0)
    return alone


def test_a_record_that_fails_with_no_other_to_send_gets_company() -> None:
    assert failing().is_invited()


def test_company_comes_again_after_a_fifth_of_what_a_sick_record_has_to_fail_for() -> None:
    alone = failing()
    assert alone.is_invited()
    assert not alone.is_invited()
    alone.driver.now_s += THREE_MINUTES - 1.0
    assert not alone.is_invited()
    alone.driver.now_s += 1.0
    assert alone.is_invited()


def test_nothing_that_fails_needs_no_company() -> None:
    assert not Alone().is_invited()


def test_a_record_that_was_not_tried_yet_is_company_enough() -> None:
    alone = failing()
    alone.driver.add("fresh")
    assert not alone.is_invited()


def test_a_request_in_flight_may_be_company() -> None:
    alone = failing()
    alone.driver.pass_over()
    alone.driver.send()
    assert not alone.is_invited()


def test_where_another_was_accepted_since_no_more_company_is_needed() -> None:
    alone = failing()
    alone.driver.pass_over()
    alone.driver.publisher = Publisher(alone.lane, offset=70)
    alone.driver.add("another")
    alone.driver.exchange(ACCEPTED)
    assert not alone.is_invited()


def test_many_that_fail_are_an_outage_and_get_no_company() -> None:
    assert failing(records=3).is_invited()
    assert not failing(records=4).is_invited()
