"""What the service sees of the letters that nobody has dealt with, on a real broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import cast

import pytest
from confluent_kafka import Consumer

from consumer.adapters.kafka.letter_survey import LetterSurvey
from consumer.adapters.kafka.record_times import FINE_MS
from consumer.delivery.records import Offset, Record, TopicPartition
from consumer.delivery.retention import Extent, OldestOpen
from consumer.letters.letter import read_letter
from tests.integration.letters.bench import Bench
from tests.testbed import read_all

PATIENCE_S = 40.0


@pytest.fixture
def client(bench: Bench) -> Iterator[Consumer]:
    made = Consumer({**bench.kafka.client_config(), "group.id": bench.dlq})
    yield made
    made.close()


def oldest(bench: Bench, client: Consumer) -> dict[TopicPartition, OldestOpen | None]:
    told: list[str] = []
    survey = LetterSurvey(bench.dlq, told.append, lambda: round(time.time() * 1000))
    extents = {
        place: Extent(Offset(first), Offset(end), 0.0)
        for place, (first, end) in bench.extents(bench.dlq).items()
    }
    assert set(survey.places(client)) == set(extents)
    deadline_s = time.monotonic() + PATIENCE_S
    while None in (found := survey.oldest(client, extents)).values():
        assert time.monotonic() < deadline_s, "a group's coordinator is found at last"
    assert told == []
    return found


def first_from(bench: Bench, origin: int) -> dict[TopicPartition, int]:
    """By partition of the dead-letter topic: the first letter of a record at `origin` or behind;
    the log's end where there is none."""
    found = {place: end for place, (_, end) in bench.extents(bench.dlq).items()}
    for message in read_all(bench.kafka, bench.dlq):
        letter = read_letter(cast("Record", message))
        place = TopicPartition(bench.dlq, letter.spot.partition)
        if letter.dead.origin.offset >= origin:
            found[place] = min(found[place], letter.spot.offset)
    return found


def offsets(found: dict[TopicPartition, OldestOpen | None]) -> dict[TopicPartition, int]:
    return {place: each.offset for place, each in found.items() if each is not None}


def test_letters_wait_until_they_are_replayed_or_purged(bench: Bench, client: Consumer) -> None:
    bench.bury(range(40))
    now_ms = time.time() * 1000
    waiting = oldest(bench, client)
    assert offsets(waiting) == first_from(bench, 0)
    for each in waiting.values():
        assert each is not None
        assert each.at_ms is not None
        assert now_ms - FINE_MS - 60_000 < each.at_ms <= now_ms

    assert bench.run("dlq", "replay", "--yes", "--offsets", "0..9").code == 0
    assert offsets(oldest(bench, client)) == first_from(bench, 10)
    assert bench.run("dlq", "purge", "--offsets", "10..19", "--confirm", "purge 10").code == 0
    assert offsets(oldest(bench, client)) == first_from(bench, 20)
    # What lies behind a letter that waits is no matter yet.
    assert bench.run("dlq", "replay", "--yes", "--offsets", "30..39").code == 0
    assert offsets(oldest(bench, client)) == first_from(bench, 20)
    assert bench.run("dlq", "replay", "--yes").code == 0
    assert offsets(oldest(bench, client)) == first_from(bench, 40)

    bench.bury([99])
    assert offsets(oldest(bench, client)) == first_from(bench, 99)
