"""A refused batch is taken apart until each culprit stands alone, and no further."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.isolation import Chain, one_by_one, split
from consumer.delivery.lanes import Parcel
from tests.unit.delivery_samples import Publisher


def names(chains: list[Chain]) -> list[list[str]]:
    """Each part as its offsets, joined."""
    return [[" ".join(str(parcel.offset) for parcel in part) for part in chain] for chain in chains]


def parcels(*subjects: str) -> list[Parcel]:
    return Publisher().parcels(*subjects)


@dataclass(slots=True)
class Seek:
    """Refuses whatever holds a culprit; may point at the culprits; counts requests."""

    culprits: set[int]
    points: bool = False
    requests: int = 0
    accepted: list[Parcel] = field(default_factory=list[Parcel])
    buried: list[Parcel] = field(default_factory=list[Parcel])

    def send(self, batch: list[Parcel]) -> None:
        """And all that becomes of it, parts of a chain one after the other."""
        self.requests += 1
        guilty = {i for i, parcel in enumerate(batch) if parcel.offset in self.culprits}
        if not guilty:
            self.accepted += batch
        elif len(batch) == 1:
            self.buried += batch
        else:
            for chain in split(batch, guilty if self.points else ()):
                for part in chain:
                    assert 0 < len(part) < len(batch)
                    self.send(part)


def test_a_batch_without_a_pointer_is_halved() -> None:
    assert names(split(parcels("a", "b", "c", "d"), ())) == [["0 1"], ["2 3"]]


def test_signals_of_one_subject_stay_in_one_half() -> None:
    assert names(split(parcels("a", "b", "a", "c"), ())) == [["0 2"], ["1 3"]]


def test_a_subject_larger_than_half_leaves_the_rest_to_the_other_half() -> None:
    assert names(split(parcels("b", "a", "a", "a"), ())) == [["0"], ["1 2 3"]]


def test_the_halves_of_one_subject_follow_one_another() -> None:
    assert names(split(parcels("a", "a", "a"), ())) == [["0", "1 2"]]


def test_a_signal_that_is_pointed_at_is_alone_and_the_rest_together() -> None:
    assert names(split(parcels("a", "b", "c", "d"), {2})) == [["2"], ["0 1 3"]]


def test_several_that_are_pointed_at_are_each_alone() -> None:
    assert names(split(parcels("a", "b", "c"), {0, 2})) == [["0"], ["2"], ["1"]]


def test_others_of_a_culprits_subject_go_before_and_after_it() -> None:
    chains = split(parcels("a", "a", "a", "a", "b"), {2})
    assert names(chains) == [["0 1", "2", "3"], ["4"]]


def test_a_batch_of_culprits_only_leaves_no_empty_rest() -> None:
    assert names(split(parcels("a", "b"), {0, 1})) == [["0"], ["1"]]


@pytest.mark.parametrize("nonsense", [{4}, {-1}, {99_999}])
def test_a_pointer_past_the_batch_points_at_nothing(nonsense: set[int]) -> None:
    assert names(split(parcels("a", "b", "c", "d"), nonsense)) == [["0 1"], ["2 3"]]


def test_one_by_one_keeps_the_order_of_a_subject() -> None:
    assert names(one_by_one(parcels("a", "b", "a"))) == [["0", "2"], ["1"]]


@pytest.mark.parametrize("culprit", range(100))
def test_one_bad_signal_in_a_hundred_costs_thirteen_or_fourteen_extra_requests(
    culprit: int,
) -> None:
    seek = Seek({culprit})
    seek.send(Publisher().parcels(*map(str, range(100))))
    assert seek.requests - 1 in {12, 13, 14}
    assert [parcel.offset for parcel in seek.buried] == [culprit]
    assert len(seek.accepted) == 99


def test_one_bad_signal_that_is_pointed_at_costs_two_extra_requests() -> None:
    seek = Seek({17}, points=True)
    seek.send(Publisher().parcels(*map(str, range(100))))
    assert seek.requests - 1 == 2


@given(
    subjects=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40),
    culprits=st.sets(st.integers(0, 39)),
    points=st.booleans(),
)
def test_every_culprit_is_found_alone_and_all_others_are_accepted_in_order(
    subjects: list[str], culprits: set[int], *, points: bool
) -> None:
    sent = Publisher().parcels(*subjects)
    seek = Seek(culprits, points=points)

    seek.send(sent)

    assert Counter(id(p) for p in [*seek.accepted, *seek.buried]) == Counter(id(p) for p in sent)
    assert {parcel.offset for parcel in seek.buried} == culprits & set(range(len(sent)))
    for subject in set(subjects):
        accepted = [parcel.offset for parcel in seek.accepted if parcel.signal.subject == subject]
        assert accepted == sorted(accepted)


@given(
    subjects=st.lists(st.sampled_from("abcd"), min_size=2, max_size=30),
    culprits=st.sets(st.integers(-2, 40)),
)
def test_chains_share_no_subject(subjects: list[str], culprits: set[int]) -> None:
    """So they may be sent at once, in any order."""
    sent = Publisher().parcels(*subjects)
    for chains in (split(sent, culprits), one_by_one(sent)):
        owners = [{parcel.signal.subject for part in chain for parcel in part} for chain in chains]
        assert sum(map(len, owners)) == len(set(subjects))
