"""The promises hold in 300 hostile histories, and these were hostile enough to tell."""

from __future__ import annotations

import pytest

from tests.simulation.chronicle import Chronicle, live
from tests.simulation.faults import Hazard

HISTORIES = 300
TOGETHER = 20
AT_LEAST = 20
"""Times that each kind of fault has to strike, in all histories."""


@pytest.fixture(scope="module")
def chronicle(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Chronicle:
    own = tmp_path_factory.getbasetemp()
    return Chronicle(own if worker_id == "master" else own.parent)


@pytest.mark.parametrize("first", range(0, HISTORIES, TOGETHER))
def test_no_promise_is_broken(first: int, chronicle: Chronicle) -> None:
    for seed in range(first, first + TOGETHER):
        broken = chronicle.broken(seed)
        assert broken is None, broken


def test_every_kind_of_fault_has_struck(chronicle: Chronicle) -> None:
    tally = chronicle.tally(range(HISTORIES))

    assert {hazard: tally[hazard] for hazard in Hazard if tally[hazard] < AT_LEAST} == {}


def test_a_seed_tells_the_same_history_again() -> None:
    first, again = live(7, verbose=True), live(7, verbose=True)

    assert first.steps == again.steps
