"""Poison is buried one by one, but not when nearly everything is poison (P8)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.delivery.flood_guard import FloodGuard, Gate
from consumer.delivery.limits import FloodLimits

MOVES = Gate("moves", "send")
CLOSINGS = Gate("closings", "send")
DECODE = Gate("moves", "decode")


def guard(window: int = 200, at_least: int = 50, share: float = 0.9) -> FloodGuard:
    return FloodGuard(FloodLimits(window=window, at_least=at_least, share=share))


def bury(it: FloodGuard, times: int, gate: Gate = MOVES, hirer: str | None = None) -> int:
    """How many of so many refusals may be buried."""
    return sum(it.may_bury(gate, hirer) for _ in range(times))


def shut_guard() -> FloodGuard:
    it = guard()
    bury(it, 50)
    assert it.is_shut(MOVES)
    return it


def test_too_few_refusals_say_nothing() -> None:
    it = guard()
    assert bury(it, 49) == 49
    assert not it.is_shut(MOVES)


def test_the_fiftieth_of_fifty_refusals_is_not_buried_any_more() -> None:
    it = guard()
    assert bury(it, 100) == 49
    assert it.shut == {MOVES}


def test_a_tenth_that_passes_is_no_flood_at_all() -> None:
    it = guard()
    for _ in range(100):
        it.passed(MOVES)
        it.passed(MOVES)
        assert bury(it, 9) == 9


def test_a_lesser_share_than_a_tenth_is_a_flood() -> None:
    it = guard()
    it.passed(MOVES, 5)
    assert bury(it, 60) == 44


def test_passes_longer_ago_than_the_window_do_not_count() -> None:
    it = guard()
    it.passed(MOVES, 10_000)
    assert bury(it, 200) == 179


def test_topics_and_stages_are_guarded_apart() -> None:
    it = shut_guard()
    assert it.may_bury(CLOSINGS, None)
    assert it.may_bury(DECODE, None)
    assert it.shut == {MOVES}


def test_one_pass_opens_a_shut_gate_and_begins_the_count_again() -> None:
    it = shut_guard()
    assert it.passed(MOVES)
    assert it.shut == frozenset()
    assert bury(it, 100) == 49


def test_a_pass_elsewhere_opens_nothing() -> None:
    it = shut_guard()
    assert not it.passed(CLOSINGS)
    assert it.is_shut(MOVES)


def test_a_pass_of_an_open_gate_is_no_opening() -> None:
    assert not guard().passed(MOVES)


def test_a_gate_that_is_set_ajar_shuts_at_the_next_refusal() -> None:
    it = shut_guard()
    it.set_ajar(MOVES)
    assert not it.is_shut(MOVES)
    assert not it.may_bury(MOVES, None)
    assert it.is_shut(MOVES)


def test_a_gate_that_is_set_ajar_opens_fully_as_records_pass() -> None:
    it = shut_guard()
    it.set_ajar(MOVES)
    it.passed(MOVES, 20)
    assert bury(it, 10) == 10


def test_refusals_of_one_hirer_are_its_own_affair() -> None:
    assert bury(guard(), 300, hirer="acme") == 300


def test_refusals_of_several_hirers_are_a_flood() -> None:
    it = guard()
    buried = [it.may_bury(MOVES, f"hirer-{number % 3}") for number in range(60)]
    assert buried == [True] * 49 + [False] * 11


def test_a_few_others_do_not_make_a_flood_of_one_hirers_refusals() -> None:
    it = guard()
    assert bury(it, 3, hirer="other") == 3
    assert bury(it, 100, hirer="acme") == 100


def test_hirers_refused_longer_ago_than_the_window_do_not_count() -> None:
    it = guard(window=60)
    assert bury(it, 40, hirer="other") == 40
    it.passed(MOVES, 30)
    assert bury(it, 100, hirer="acme") == 100


def test_signals_refused_in_one_request_count_one_by_one() -> None:
    it = guard()
    assert it.may_bury(MOVES, "acme", 30)
    assert not it.may_bury(MOVES, "other", 30)


def test_a_topic_that_is_not_ours_any_more_is_forgotten() -> None:
    it = shut_guard()
    bury(it, 49, CLOSINGS)
    it.reopen("moves")
    assert it.shut == frozenset()
    assert bury(it, 100) == 49
    assert bury(it, 1, CLOSINGS) == 0


outcomes = st.lists(st.tuples(st.booleans(), st.sampled_from(["a", "b", None])), max_size=80)


@given(outcomes=outcomes, window=st.integers(4, 20), at_least=st.integers(1, 12))
def test_the_guard_agrees_with_a_plain_list_of_outcomes(
    outcomes: list[tuple[bool, str | None]], window: int, at_least: int
) -> None:
    """The model keeps every outcome, and counts anew each time."""
    it = guard(window, at_least, share=0.75)
    seen: list[tuple[bool, str | None]] = []
    for refused, hirer in outcomes:
        if not refused:
            it.passed(MOVES)
            seen.append((refused, hirer))
            continue
        last = [*seen, (refused, hirer)][-window:]
        hirers = [who for was_refused, who in last if was_refused]
        of_one = max((hirers.count(who) for who in hirers if who is not None), default=0)
        is_flood = (
            len(last) >= at_least
            and len(hirers) >= 0.75 * len(last)
            and len(hirers) - of_one >= 0.25 * len(hirers)
        )
        assert it.may_bury(MOVES, hirer) is not is_flood
        if is_flood:
            return
        seen.append((refused, hirer))
