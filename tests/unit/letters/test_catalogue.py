"""A million letters in bounded memory, each once, with what has become of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from consumer.letters.catalogue import Catalogue
from consumer.letters.choosing import Policy
from consumer.letters.errors import LettersError
from consumer.letters.letter import Letter, Spot, read_letter
from consumer.letters.picking import Picking
from consumer.letters.standing import Mark, Standing
from consumer.letters.statistics import tally
from consumer.letters.temporary import CACHE_KIB
from tests.unit.letters.samples import buried, key_of, letter, source


@pytest.fixture
def catalogue() -> Iterator[Catalogue]:
    with Catalogue() as made:
        yield made


def test_letters_come_in_the_order_of_origin(catalogue: Catalogue) -> None:
    for topic, partition, offset in (("b", 0, 1), ("a", 1, 5), ("a", 1, 3), ("a", 0, 9)):
        record = source(offset, topic=topic, partition=partition)
        catalogue.add(read_letter(buried(record, Spot(0, offset))), taken=True)

    assert [row.key[:3] for row in catalogue.rows()] == [
        ("a", 0, 9),
        ("a", 1, 3),
        ("a", 1, 5),
        ("b", 0, 1),
    ]


def test_a_letter_that_was_written_twice_is_one_the_first(catalogue: Catalogue) -> None:
    for spot in (Spot(0, 3), Spot(0, 9)):
        catalogue.add(read_letter(buried(source(1), spot)), taken=True)

    assert [row.spot for row in catalogue.rows()] == [Spot(0, 3)]


def test_what_the_filter_left_is_not_told_but_known(catalogue: Catalogue) -> None:
    catalogue.add(letter(1), taken=False)

    assert list(catalogue.rows()) == []
    assert len(catalogue.of_origin(key_of(1).origin)) == 1


def test_the_last_mark_of_a_letter_counts(catalogue: Catalogue) -> None:
    catalogue.add(letter(1), taken=True)
    key = key_of(1)
    catalogue.remember([(key, Mark(Standing.REPLAYED, 0, 1)), (key, Mark(Standing.PURGED, 0, 2))])

    assert [row.standing for row in catalogue.rows()] == [Standing.PURGED]


def test_marks_of_another_dead_letter_topic_are_of_other_letters(catalogue: Catalogue) -> None:
    catalogue.add(letter(1), taken=True)
    mark = Mark(Standing.PURGED, 0, 1)
    catalogue.remember([(key_of(1)._replace(dlq="connect.dlq"), mark)])

    assert [row.standing for row in catalogue.rows()] == [Standing.NEW]


def test_of_rows_that_are_read_all_fields_are_as_they_were(catalogue: Catalogue) -> None:
    one: Letter = letter(7)
    catalogue.add(one, taken=True)

    [row] = catalogue.rows()
    assert (row.key.origin, row.spot, row.kind) == (one.origin, one.spot, one.kind)
    assert (row.reason, row.attempts, row.size) == ("forbidden", 1, one.size)
    assert (row.is_pointer, row.replay_count, row.newest) == (False, 0, 0)


def test_memory_does_not_grow_with_the_number_of_letters(catalogue: Catalogue) -> None:
    """What Python holds; the database's cache is bounded by its own setting."""
    tracemalloc.start()
    try:
        peaks = []
        for count in (2_000, 10_000):
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            for offset in range(count):
                catalogue.add(letter(offset), taken=True)
            assert sum(1 for _ in catalogue.rows()) >= count
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()

    assert peaks[1] < peaks[0] * 1.5 + 200_000
    assert CACHE_KIB < 32_768


def test_without_room_for_a_file_it_says_what_to_mount(catalogue: Catalogue) -> None:
    catalogue.base.write("PRAGMA max_page_count = 20")  # A disk that is full.

    def fill() -> None:
        for offset in range(10_000):
            catalogue.add(letter(offset), taken=True)

    with pytest.raises(LettersError, match="SQLITE_TMPDIR"):
        fill()


@pytest.mark.parametrize(
    "asked",
    [
        lambda catalogue: catalogue.remember(
            (key_of(offset), Mark(Standing.PURGED, 0, 1)) for offset in range(10_000)
        ),
        lambda catalogue: list(Picking(catalogue, Policy(), most=5_000).chosen()),
    ],
    ids=["remember", "pick"],
)
def test_whatever_needs_room_says_so(
    catalogue: Catalogue, asked: Callable[[Catalogue], object]
) -> None:
    for offset in range(10_000):
        catalogue.add(letter(offset), taken=True)
    catalogue.remember([])
    [(pages,)] = catalogue.base.ask("PRAGMA page_count")
    catalogue.base.write(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(LettersError, match="mount a writable folder"):
        asked(catalogue)


def test_marks_of_letters_that_are_gone_take_no_room(catalogue: Catalogue) -> None:
    catalogue.add(letter(1), taken=True)
    catalogue.remember((key_of(offset), Mark(Standing.PURGED, 0, 1)) for offset in range(9))

    assert list(catalogue.base.ask("SELECT count(*) FROM mark")) == [(1,)]


def test_a_tally_counts_by_class_and_state(catalogue: Catalogue) -> None:
    for offset, reason in enumerate(("forbidden", "forbidden", "bad_time")):
        catalogue.add(letter(offset, reason=reason), taken=True)
    catalogue.remember([(key_of(0), Mark(Standing.PARKED, 0, 1))])

    first, second = tally(catalogue.rows())
    assert (first.reason, first.letters, first.by_standing) == (
        "forbidden",
        2,
        {Standing.NEW: 1, Standing.PARKED: 1},
    )
    assert second.as_json()["class"] == "bad_time"


def test_the_oldest_letter_that_needs_somebody_is_looked_for_among_all(
    catalogue: Catalogue,
) -> None:
    """Be it in the filter or not. Partition 0 has one, 1 has none any more, 2 only ever copies."""
    for number, spot in enumerate((*(Spot(0, n) for n in range(4)), Spot(1, 7), Spot(2, 5))):
        catalogue.add(read_letter(buried(source(number), spot)), taken=number == 3)
    catalogue.add(read_letter(buried(source(5), Spot(2, 6))), taken=True)  # A crash's copy.

    def mark(number: int, standing: Standing) -> None:
        catalogue.remember([(key_of(number), Mark(standing, 0, 1))])

    assert catalogue.oldest_open() == {0: 0, 1: 7, 2: 5}
    mark(0, Standing.REPLAYED)
    mark(1, Standing.PURGED)
    mark(4, Standing.REPLAYED)
    mark(5, Standing.PURGED)
    assert catalogue.oldest_open() == {0: 2, 1: 8, 2: 7}
    mark(2, Standing.PARKED)
    assert catalogue.oldest_open() == {0: 2, 1: 8, 2: 7}


def test_a_letter_that_failed_again_waits_where_it_lies_now(catalogue: Catalogue) -> None:
    first = read_letter(buried(source(1), Spot(0, 3)))
    again = replace(first, dead=replace(first.dead, replay_count=1), spot=Spot(0, 9))
    for each in (first, again):
        catalogue.add(each, taken=True)
    catalogue.remember([(key_of(1), Mark(Standing.REPLAYED, 0, 1))])

    assert catalogue.oldest_open() == {0: 9}
