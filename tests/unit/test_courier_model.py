"""Random walks of the courier through a SEEK that fails in every way it can.

In the end each healthy record was accepted, each bad one buried, each once, the order of a
subject kept, and no outage has buried anything (P3, P6, P7).
"""

from __future__ import annotations

from random import Random

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from consumer.delivery.lanes import Batch, Parcel
from consumer.delivery.limits import FloodLimits, Limits
from consumer.delivery.verdicts import NotStarted, Refusal, Refused, Verdict
from tests.unit.courier_driver import (
    ACCEPTED,
    BAD,
    BROKEN,
    BUSY,
    FORBIDDEN,
    NO_ACCESS,
    NO_TOKEN,
    SILENT,
    SLOW,
    Driver,
)
from tests.unit.delivery_samples import Publisher, close, lane

UNWELCOME = "unwelcome"
STEPS = 80
PASSING: list[Verdict] = [BROKEN, SLOW, SILENT, NO_TOKEN, NO_ACCESS, BUSY, NotStarted()]
LIMITS = Limits(batch_size=5, flood=FloodLimits(window=12, at_least=8, probe_s=20.0))


class Walk:
    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.driver = Driver(LIMITS)
        self._publishers = [Publisher(lane(partition=0)), Publisher(lane(partition=1))]
        self._bad: dict[int, Parcel] = {}
        self._waiting: list[Parcel] = []
        self._flying: list[Batch] = []

    def step(self) -> None:
        self.driver.now_s += self._random.choice([0.0, 0.1, 1.0, 30.0])
        act = self._random.randrange(20)
        if act == 0:
            self._give_up(self._random.randrange(2))
        elif act < 7:
            self._add()
        elif act < 14:
            self._send()
        elif self._flying:
            batch = self._random.choice(self._flying)
            fails = self._random.random() < 0.3
            self._land(batch, self._random.choice(PASSING) if fails else self._honest(batch))

    def end(self) -> None:
        """SEEK is well again; healthy records keep coming, so that a sick one is told apart."""
        for round_ in range(400):
            self.driver.now_s += 10.0
            if round_ < 300:
                self._arrive(f"last {round_}", "good")
            while self._send():
                pass
            while self._flying:
                self._land(self._flying[0], self._honest(self._flying[0]))
        assert self._waiting == []

    def _add(self) -> None:
        for _ in range(self._random.randrange(1, 6)):
            hirer = self._random.choice(["good", "better", UNWELCOME, None])
            self._arrive(self._random.choice("aabcd"), hirer)

    def _arrive(self, subject: str, hirer: str | None) -> None:
        self.driver.publisher = self._random.choice(self._publishers)
        parcel = self.driver.publisher.parcel(subject, hirer)
        self.driver.it.add([parcel], self.driver.now_s)
        self._waiting.append(parcel)
        if self._random.random() < 0.15:
            self._bad[id(parcel)] = parcel

    def _send(self) -> bool:
        batch = self.driver.it.next_batch(self.driver.now_s)
        if batch is None:
            return False
        subjects = {parcel.signal.subject for parcel in batch.parcels}
        flown = [parcel.signal.subject for other in self._flying for parcel in other.parcels]
        assert subjects.isdisjoint(flown)
        assert all(parcel.lane.open for parcel in batch.parcels)
        self._flying.append(batch)
        return True

    def _honest(self, batch: Batch) -> Verdict:
        if any(parcel.signal.hirer_id == UNWELCOME for parcel in batch.parcels):
            return FORBIDDEN
        guilty = [i for i, parcel in enumerate(batch.parcels) if id(parcel) in self._bad]
        if not guilty:
            return ACCEPTED
        points = self._random.random() < 0.5
        pointing = Refused(Refusal.BAD_USER_INPUT, BAD.code, "those", frozenset(guilty))
        return pointing if points else BAD

    def _land(self, batch: Batch, verdict: Verdict) -> None:
        self._flying.remove(batch)
        landing = self.driver.land(batch, verdict, self._random.random())
        for parcel in landing.accepted:
            if parcel.lane.open:
                older = [p for p in self._waiting if _same(p, parcel) and p.offset < parcel.offset]
                assert all(p in landing.accepted for p in older), "overtaken"
        for parcel in landing.accepted:
            self._settle(parcel)
        for poison in landing.poison:
            parcel = poison.parcel
            assert id(parcel) in self._bad or parcel.signal.hirer_id == UNWELCOME
            self._settle(parcel)

    def _settle(self, parcel: Parcel) -> None:
        if parcel.lane.open:
            self._waiting.remove(parcel)

    def _give_up(self, number: int) -> None:
        gone = self._publishers[number].lane
        close(gone)
        self.driver.it.forget(gone)
        self._publishers[number] = Publisher(lane(partition=number))
        self._waiting = [parcel for parcel in self._waiting if parcel.lane is not gone]


def _same(one: Parcel, other: Parcel) -> bool:
    return one.lane is other.lane and one.signal.subject == other.signal.subject


@given(seed=st.integers(0, 2**32))
@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_each_record_ends_as_it_should_whatever_happens_on_the_way(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(STEPS):
        walk.step()
    walk.end()
