"""`dlq show` on real Avro: as its writer meant it, and what would be sent of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.integration.letters.bench import Bench, write
from tests.integration.letters.events import NOTE, TOKEN, Events, events, letter_of
from tests.testbed import Registry

MESSAGE = f"/input/signals/0/token: {TOKEN} of app-48213 is unknown"
PERSONAL = (TOKEN[10:], "app-48213", "Jane", "Doe")


@pytest.fixture
def known(bench: Bench, registry: Registry) -> Iterator[Events]:
    with events(bench, registry) as made:
        yield made


def test_a_letter_is_shown_with_its_event_and_its_signal_and_no_person(
    bench: Bench, known: Events
) -> None:
    value = known.value("app-48213", "Interview")
    write(bench.kafka, [(letter_of(bench, 7, b"app-48213", value, MESSAGE), 0)])

    ended = bench.run("dlq", "show", "0/0", "--json")
    shown = ended.json

    assert not [word for word in PERSONAL if word in ended.out]
    assert shown["value"]["hirerId"] == "hirer-7"
    assert shown["value"]["seekToken"].startswith("global-•••")
    assert shown["value"]["current"]["status"] == {"label": "Interview", "index": 1, "total": 9}
    assert shown["message"] == "/input/signals/0/token: ••• of ••• is unknown"
    assert shown["today"]["outcome"] == "would be sent"
    assert shown["today"]["signal"]["typeCode"] == "ApplicationStatusUpdate"
    assert shown["today"]["signal"]["current"]["status"]["label"] == "Interview"
    assert (shown["code"], shown["requestId"]) == ("FORBIDDEN", "r-1")
    assert "Have it granted" in shown["advice"]


def test_all_is_shown_when_it_is_asked_for(bench: Bench, known: Events) -> None:
    write(bench.kafka, [(letter_of(bench, 7, b"app-48213", known.value("app-48213"), MESSAGE), 0)])

    shown = bench.run("dlq", "show", f"{bench.source}/0/7", "--reveal", "--json").json

    assert (shown["key"], shown["message"]) == ("app-48213", MESSAGE)
    assert (shown["value"]["applicationId"], shown["value"]["seekToken"]) == ("app-48213", TOKEN)
    assert shown["today"]["signal"]["token"] == TOKEN


def test_an_evolved_writer_s_value_is_shown_as_it_was_written_and_sent_as_ours(
    bench: Bench, known: Events
) -> None:
    write(bench.kafka, [(letter_of(bench, 7, b"app-48213", known.evolved("app-48213")), 0)])

    masked = bench.run("dlq", "show", "0/0", "--json")
    shown = bench.run("dlq", "show", "0/0", "--reveal", "--json").json

    assert not [word for word in PERSONAL if word in masked.out]
    assert (masked.json["value"]["note"], masked.json["value"]["tags"]) == (
        "•••(16)",
        {"•••(4) 1": "•••(3)"},
    )
    assert (shown["value"]["note"], shown["value"]["tags"]) == (NOTE, {"Jane": "Doe"})
    assert list(shown["value"])[-1] == "eventId"
    assert shown["today"]["signal"]["token"] == TOKEN
    assert "note" not in json.dumps(shown["today"])


def test_a_filter_by_hirer_reads_the_events(bench: Bench, known: Events) -> None:
    write(
        bench.kafka,
        [
            (
                letter_of(
                    bench, number, b"k", known.value(f"app-{number}", hirer=f"h-{number % 2}")
                ),
                0,
            )
            for number in range(4)
        ],
    )

    lines = bench.run("dlq", "list", "--hirer", "h-1", "--json").lines
    assert [line["letter"] for line in lines] == ["0/1", "0/3"]
