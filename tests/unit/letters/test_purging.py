"""Purge: never replayed again, and only what nobody needs is cut."""

from __future__ import annotations

from consumer.letters.catalogue import Catalogue
from consumer.letters.choosing import Policy
from consumer.letters.purging import needless_prefixes
from consumer.letters.standing import Mark, Standing
from tests.unit.letters.fake_kafka import FakeClock, FakeLetters, FakeWatcher
from tests.unit.letters.replaying_process import (
    Process,
    accept,
    bury,
    fail_again,
    with_letters,
)
from tests.unit.letters.samples import key_of


def test_a_purged_letter_is_not_replayed_even_if_asked_for_again() -> None:
    kafka = with_letters(1, 2)
    purged = Process(kafka, takes=lambda letter: letter.origin.offset == 1).purge()

    assert purged.marked == {"forbidden": 1}
    everything = Policy(again=True, states=frozenset(Standing))
    assert Process(kafka).replay(everything).replayed.total() == 1


def test_what_was_replayed_is_not_replayed_again_once_it_is_purged() -> None:
    kafka = with_letters(1)
    Process(kafka).replay()

    assert Process(kafka).purge().marked.total() == 1
    assert Process(kafka).replay(Policy(again=True)).replayed.total() == 0


def test_what_seek_has_is_marked_only_where_that_is_named() -> None:
    kafka = with_letters(1)
    Process(kafka).replay()
    accept(kafka)

    assert Process(kafka).purge().marked.total() == 0
    assert Process(kafka).purge(frozenset({Standing.ACCEPTED})).marked.total() == 1
    again = Policy(again=True, states=frozenset(Standing))
    assert Process(kafka).replay(again).replayed.total() == 0


def test_a_letter_that_is_on_its_way_is_cut_only_once_the_group_has_committed_past_it() -> None:
    """Purged or not: only then it has either come through or become another letter."""
    kafka = with_letters(1)
    Process(kafka).replay()

    assert Process(kafka).purge().cuts == {}
    accept(kafka)
    assert Process(kafka).purge().cuts == {0: 1}


def test_a_purge_that_is_stopped_tells_of_no_cut_it_did_not_make() -> None:
    kafka = with_letters(1, 2, 3)
    stopping = FakeWatcher(FakeClock(), stop_after=3)  # While it looks for what may be cut.

    purged = Process(kafka).purge(watcher=stopping)

    assert (purged.marked.total(), purged.interrupted, purged.cuts) == (3, True, {})
    assert Process(kafka).purge().cuts == {0: 3}


def test_a_purged_letter_that_fails_again_from_an_earlier_replay_is_new() -> None:
    kafka = with_letters(1)
    Process(kafka).replay()
    fail_again(kafka)
    assert Process(kafka).purge().marked.total() == 1
    bury(kafka, 5)

    assert Process(kafka).replay().replayed.total() == 1


def test_a_prefix_is_cut_up_to_the_first_letter_that_is_still_needed() -> None:
    kafka = with_letters(1, 2, 3, 4)
    purged = Process(kafka, takes=lambda letter: letter.origin.offset != 3).purge()

    assert purged.cuts == {0: 2}


def test_a_replayed_letter_is_cut_only_once_the_group_has_committed_past_it() -> None:
    kafka = with_letters(1, 2)
    Process(kafka).replay()
    nothing = Process(kafka, takes=lambda _: False)
    assert nothing.purge().cuts == {}
    accept(kafka)

    assert nothing.purge().cuts == {0: 2}


def test_a_letter_that_failed_again_frees_its_earlier_one() -> None:
    kafka = with_letters(1)
    Process(kafka).replay()
    fail_again(kafka)

    assert Process(kafka, takes=lambda _: False).purge().cuts == {0: 1}


def test_a_letter_that_came_after_all_were_looked_at_is_kept() -> None:
    kafka = with_letters(1, 2)
    first, second = FakeLetters(kafka).scan(lambda done, total: None)  # noqa: ARG005 -- nobody watches
    with Catalogue() as catalogue:
        catalogue.add(first, taken=True)
        catalogue.remember([(key_of(1), Mark(Standing.PURGED, 0, 1))])

        assert needless_prefixes(iter([first, second]), catalogue) == {0: 1}


def test_only_the_states_that_were_named_are_purged() -> None:
    kafka = with_letters(1)
    Process(kafka).replay(Policy(max_replays=1))
    fail_again(kafka)
    Process(kafka).replay(Policy(max_replays=1))
    bury(kafka, 2)

    assert Process(kafka).purge(frozenset({Standing.PARKED})).marked.total() == 1
    assert Process(kafka).purge(frozenset({Standing.PARKED})).marked.total() == 0
    assert Process(kafka).purge(frozenset({Standing.NEW})).marked.total() == 1


def test_an_earlier_letter_of_one_that_failed_again_needs_no_mark() -> None:
    kafka = with_letters(1)
    Process(kafka).replay()
    fail_again(kafka)

    assert Process(kafka).purge().marked.total() == 1
