"""Random walks through the dispatcher, against what a plain list says (P3).

Whatever is added, refused, divided, held, set apart or given up: parcels of one subject and
lane leave in order, never in two batches at once, each is settled once, and none is lost.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from consumer.delivery.dispatcher import Dispatcher
from consumer.delivery.isolation import one_by_one, split
from consumer.delivery.lanes import Batch, Parcel
from tests.unit.delivery_samples import Publisher, close, lane

PLACES = (("moves", 0), ("moves", 1), ("closings", 0))
TOPICS = ("moves", "closings")
BATCH_SIZE = 6
STEPS = 60
ACTS = {"add": 5, "send": 10, "land": 10, "hold": 2, "probe": 2, "set apart": 1, "give up": 1}
FATES = {"accepted": 4, "sealed": 2, "sealed first": 1, "refused": 5, "one by one": 1}
KINDS = {"ready": 2, "sealed": 2, "apart": 1}
SHRINKING_A_SEED_HELPS_NOBODY = settings(
    max_examples=150, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)


class Walk:
    """`_waiting` is the model: all that was added and is neither settled nor given up."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._apart: set[str] = set()
        self._it = Dispatcher(BATCH_SIZE, apart=self._apart)
        self._publishers = [Publisher(lane(*place)) for place in PLACES]
        self._waiting: list[Parcel] = []
        self._flying: list[Batch] = []
        self._settled: dict[int, Parcel] = {}
        """Kept, so that no other parcel gets the same id."""

    def step(self) -> None:
        match self._pick(ACTS):
            case "add":
                self._add()
            case "send":
                self._send(self._pick(KINDS))
            case "land":
                self._land(self._pick(FATES))
            case "hold":
                self._hold_or_release(self._random.choice(TOPICS))
            case "probe":
                self._probe()
            case "set apart":
                self._apart ^= {"bad"}
            case _:
                self._give_up(self._random.randrange(len(PLACES)))

    def end(self) -> None:
        """Once all is released and whatever is sent is accepted, nothing is left."""
        for topic in TOPICS:
            self._it.release(topic)
        while self._flying or not self._it.idle:
            for batch in list(self._flying):
                self._accept(batch)
            for kind in KINDS:
                self._send(kind)
        assert self._waiting == []

    def _pick(self, weights: dict[str, int]) -> str:
        return self._random.choices(list(weights), list(weights.values()))[0]

    def _add(self) -> None:
        for _ in range(self._random.randrange(1, 8)):
            publisher = self._random.choice(self._publishers)
            hirer = self._random.choice(["good", "bad", None])
            parcel = publisher.parcel(self._random.choice("aaabc"), hirer)
            self._waiting.append(parcel)
            self._it.add(parcel)

    def _send(self, kind: str) -> None:
        match kind:
            case "ready":
                batch = self._it.take_ready()
            case "apart":
                batch = self._it.take_apart()
            case _:
                batch = self._it.take_sealed(0.0, lambda _: True)
        if batch is not None:
            self._check(batch)
            self._flying.append(batch)

    def _check(self, batch: Batch) -> None:
        assert 0 < len(batch.parcels) <= BATCH_SIZE
        subjects = {parcel.signal.subject for parcel in batch.parcels}
        assert all(parcel.signal.subject not in subjects for parcel in self._flown()), "sent twice"
        for parcel in batch.parcels:
            assert parcel.lane.open
            own = [p.offset for p in batch.parcels if _same(p, parcel)]
            assert own == sorted(own)
            older = [p for p in self._waiting if _same(p, parcel) and p.offset < parcel.offset]
            assert all(p in batch.parcels for p in older), "overtaken"

    def _flown(self) -> list[Parcel]:
        return [parcel for batch in self._flying for parcel in batch.parcels]

    def _land(self, fate: str) -> None:
        if not self._flying:
            return
        batch = self._random.choice(self._flying)
        if fate == "accepted" or (fate == "refused" and len(batch.parcels) == 1):
            self._accept(batch)
            return
        self._flying.remove(batch)
        match fate:
            case "sealed":
                self._it.seal(batch)
            case "sealed first":
                self._it.seal_first(batch)
            case "refused":
                culprits = self._random.choice([{0}, {1, 2}, set[int](), set[int]()])
                self._it.divide(batch, split(batch.parcels, culprits))
            case _:
                self._it.divide(batch, one_by_one(batch.parcels))

    def _accept(self, batch: Batch) -> None:
        self._flying.remove(batch)
        for parcel in batch.parcels:
            assert id(parcel) not in self._settled, "settled twice"
            self._settled[id(parcel)] = parcel
            if parcel.lane.open:
                self._waiting.remove(parcel)
        self._it.settle(batch)

    def _hold_or_release(self, topic: str) -> None:
        if topic in self._it.held_topics:
            self._it.release(topic)
        else:
            self._it.hold(topic)

    def _probe(self) -> None:
        for topic in sorted(self._it.held_topics):
            self._it.probe_shelf(topic)

    def _give_up(self, place: int) -> None:
        gone = self._publishers[place].lane
        close(gone)
        self._it.forget(gone)
        self._publishers[place] = Publisher(lane(*PLACES[place]))
        self._waiting = [parcel for parcel in self._waiting if parcel.lane is not gone]


def _same(one: Parcel, other: Parcel) -> bool:
    return one.lane is other.lane and one.signal.subject == other.signal.subject


@given(seed=st.integers(0, 2**32))
@SHRINKING_A_SEED_HELPS_NOBODY
def test_no_parcel_is_lost_doubled_or_overtaken(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(STEPS):
        walk.step()
    walk.end()


def test_the_walk_goes_everywhere() -> None:
    """Else it would prove nothing of where it does not go."""
    been: Counter[str] = Counter()

    class Noted(Walk):
        def _land(self, fate: str) -> None:
            batches = list(self._flying)
            been["chain"] += any(len(batch.then) > 1 for batch in batches)
            been["apart"] += any(batch.apart for batch in batches)
            super()._land(fate)

        def _give_up(self, place: int) -> None:
            been["given up in flight"] += any(p.lane.place == PLACES[place] for p in self._flown())
            super()._give_up(place)

        def _probe(self) -> None:
            been["probed"] += any(self._it.probe_shelf(t) for t in sorted(self._it.held_topics))

    for seed in range(150):
        walk = Noted(seed)
        for _ in range(STEPS):
            walk.step()
    places = ("chain", "apart", "given up in flight", "probed")
    assert {where: been[where] for where in places if been[where] < 20} == {}
