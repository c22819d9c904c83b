"""From a letter to its record on the retry topic."""

from __future__ import annotations

from consumer.letters.letter import Spot, read_letter
from consumer.letters.retrying import restored, retry_of
from tests.unit.letters.samples import buried, letter, source

PARTITIONS = 64


def test_all_letters_of_a_subject_go_to_one_partition() -> None:
    places = {
        retry_of(letter(offset, key), "application:a", PARTITIONS).partition
        for offset in range(9)
        for key in (b"x", b"y", None)
    }
    assert len(places) == 1


def test_without_a_subject_the_key_says_where_and_without_a_key_the_origin() -> None:
    by_key = {retry_of(letter(offset, b"k"), None, PARTITIONS).partition for offset in range(9)}
    by_origin = {retry_of(letter(offset, None), None, PARTITIONS).partition for offset in range(9)}
    assert (len(by_key), len(by_origin) > 1) == (1, True)


def test_subjects_are_spread_over_all_partitions() -> None:
    places = {retry_of(letter(0), f"application:{n}", 3).partition for n in range(50)}
    assert places == {0, 1, 2}


def test_a_record_of_another_time_is_not_what_the_letter_points_at() -> None:
    pointing = read_letter(buried(source(7), Spot(0, 0)))
    assert restored(pointing, source(7)) is not None
    assert restored(pointing, source(8)) is None
    assert restored(pointing, None) is None
