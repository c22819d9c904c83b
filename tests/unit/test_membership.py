"""Who fell out of the group is no member, who gave partitions up in order is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from consumer.delivery.lease import Lease
from consumer.delivery.limits import Limits
from consumer.delivery.records import Offset, TopicPartition
from consumer.observed import Occurrence, Snapshot
from consumer.pipeline import Parts, Pipeline
from consumer.ports import Landed, Request, Start
from tests.unit.pipeline_doubles import ENVELOPE, CommitsOnly, Graveyard, Library
from tests.unit.seek_doubles import FakeClock

PLACE = TopicPartition("moves", 0)


class NobodySends:
    def submit(self, request: Request) -> None:
        raise NotImplementedError(request)

    def landed(self, wait_s: float) -> Sequence[Landed]:  # noqa: ARG002 -- the port's name
        return ()


@dataclass
class Shown:
    """A sink of telemetry."""

    latest: Snapshot | None = None

    def note(self, occurrence: Occurrence) -> None:
        """Of no interest here."""

    def show(self, snapshot: Snapshot) -> None:
        self.latest = snapshot


@dataclass
class Bench:
    clock: FakeClock = field(default_factory=FakeClock)
    shown: Shown = field(default_factory=Shown)
    it: Pipeline = field(init=False)

    def __post_init__(self) -> None:
        limits = Limits()
        parts = Parts(
            source=CommitsOnly(),
            reader=Library(),
            senders=NobodySends(),
            dead_letters=Graveyard(),
            clock=self.clock,
            telemetry=self.shown,
            lease=Lease(limits.lease_s),
            envelope=ENVELOPE,
        )
        self.it = Pipeline(parts, limits)

    def assigned(self, *places: TopicPartition) -> None:
        self.it.assigned({place: Start(Offset(0)) for place in places})

    @property
    def is_member(self) -> bool:
        self.clock.pass_s(1.0)
        self.it.turn()
        assert self.shown.latest is not None
        return self.shown.latest.member


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_before_the_group_took_it_in_it_is_no_member(bench: Bench) -> None:
    assert not bench.is_member


@pytest.mark.parametrize("places", [(PLACE,), ()], ids=["some", "none"])
def test_whom_the_group_gave_what_there_is_for_it_is_a_member(
    bench: Bench, places: tuple[TopicPartition, ...]
) -> None:
    bench.assigned(*places)
    assert bench.is_member


def test_who_gives_its_partitions_up_in_order_stays_a_member(bench: Bench) -> None:
    bench.assigned(PLACE)
    bench.it.revoked([PLACE])
    assert bench.is_member


def test_who_fell_out_is_no_member_until_it_is_taken_in_again(bench: Bench) -> None:
    bench.assigned(PLACE)
    bench.it.lost([PLACE])
    assert not bench.is_member
    bench.assigned()
    assert bench.is_member


def test_a_topic_that_is_made_anew_costs_no_membership(bench: Bench) -> None:
    bench.assigned(PLACE)
    bench.it.recreated([PLACE])
    assert bench.is_member
    assert bench.it.partitions.lanes == {}
