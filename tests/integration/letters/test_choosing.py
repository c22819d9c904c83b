"""What the options of the verbs take and leave, on real Kafka, by the command itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from consumer.delivery.dead_letter import PREFIX
from consumer.delivery.records import OutgoingRecord
from consumer.errors import ExitCode
from tests.integration.letters.bench import AT_MS, Bench, write
from tests.integration.letters.events import events, letter_of
from tests.testbed import Registry


def with_headers(letter: OutgoingRecord, **said: str) -> OutgoingRecord:
    """`replay_count="1"`: as if the letter's header said so."""
    ours = {PREFIX + name.replace("_", "."): text.encode() for name, text in said.items()}
    headers = [(name, ours.get(name, value)) for name, value in letter.headers]
    return replace(letter, headers=headers)


def listed(bench: Bench, *arguments: str) -> list[int]:
    lines = bench.run("dlq", "list", "--json", *arguments).lines
    return sorted(int(line["origin"].rpartition("/")[2]) for line in lines)


def test_each_filter_takes_what_it_says(bench: Bench) -> None:
    """Letter n is of partition n % 3, was buried n ms after the first, and says `message n`."""
    bench.bury(range(6))
    odd = with_headers(bench.letter(6, "bad_user_input"), code="OTHER", topic="elsewhere")
    write(bench.kafka, [(odd, 0)])

    for arguments, taken in (
        (("--code", "CODE"), range(6)),
        (("--code", "OTHER", "--code", "NONE"), [6]),
        (("--topic", bench.source), range(6)),
        (("--topic", "elsewhere"), [6]),
        (("--partition", "1"), [1, 4]),
        (("--offsets", "2..3"), [2, 3]),
        (("--match", "MESSAGE 4"), [4]),
        (("--until", "2026-09-21T14:13:20.003Z"), [0, 1, 2]),
        (("--since", "2026-09-21T14:13:20.003Z"), [3, 4, 5, 6]),
        (("--class", "forbidden,bad_user_input", "--key", "app-0-0"), [0, 3, 6]),
        (("--class", "bad_user_input"), [6]),
        (("--state", "new,parked", "--partition", "2"), [2, 5]),
    ):
        assert listed(bench, *arguments) == list(taken), arguments
    assert AT_MS == 1_790_000_000_000


def replay(bench: Bench, *arguments: str) -> dict[str, Any]:
    ended = bench.run("dlq", "replay", "--yes", "--json", *arguments)
    assert ended.code == ExitCode.OK, ended.err
    report: dict[str, Any] = ended.json
    return report


def bury_with_counts(bench: Bench, counts: Iterable[int]) -> None:
    """Letter n has been replayed counts[n] times."""
    made = [
        with_headers(bench.letter(n, partitions=1), replay_count=str(count))
        for n, count in enumerate(counts)
    ]
    write(bench.kafka, [(letter, 0) for letter in made])


def test_only_so_many_go_and_those_that_were_replayed_least(bench: Bench) -> None:
    bury_with_counts(bench, [*[3] * 8, *[1] * 8, *[0] * 8])  # Three keys of eight.

    assert replay(bench, "--max", "8")["replayed"] == 8
    assert sorted(each.origin[2] for each in bench.retried()) == list(range(16, 24))
    assert replay(bench, "--max", "10")["replayed"] == 10
    assert sorted(each.origin[2] for each in bench.retried()) == [0, 1, *range(8, 24)]


def test_a_letter_that_failed_too_often_is_parked_until_the_limit_is_raised(bench: Bench) -> None:
    bury_with_counts(bench, [0, 2, 5])

    report = replay(bench, "--max-replays", "2")
    assert (report["replayed"], report["parked"]) == (1, 2)
    assert listed(bench, "--state", "parked") == [1, 2]
    report = replay(bench, "--max-replays", "3")
    assert (report["replayed"], report["parked"]) == (1, 0)
    report = replay(bench)  # Five is the default.
    assert (report["replayed"], report["parked"]) == (0, 0)
    assert listed(bench, "--state", "replayed") == [0, 1]


def test_what_was_replayed_goes_again_only_when_asked_for(bench: Bench) -> None:
    bench.bury(range(3))

    assert [replay(bench, *again)["replayed"] for again in ((), (), ("--again",))] == [3, 0, 3]
    assert replay(bench, "--again", "--state", "new")["replayed"] == 0
    assert bench.run("dlq", "purge", "--offsets", "1", "--confirm", "purge 1").code == ExitCode.OK
    assert replay(bench, "--again")["replayed"] == 2


def test_what_is_superseded_is_reported_or_left_out(bench: Bench, registry: Registry) -> None:
    """Of a and b there are newer records, but b's is of another subject with the same key."""
    with events(bench, registry) as made:
        first = [made.value("a"), made.value("b"), made.value("c")]
        behind = [made.value("a", "Hired"), made.value("other")]
        keys = (b"a", b"b", b"c", b"a", b"b")
        bench.write_sources((0, k, v) for k, v in zip(keys, [*first, *behind], strict=True))
        letters = [letter_of(bench, n, keys[n], value) for n, value in enumerate(first)]
        write(bench.kafka, [(letter, 0) for letter in letters])

        tried = bench.run("dlq", "replay", "--dry-run", "--json").json
        left = bench.run("dlq", "replay", "--yes", "--json", "--skip-superseded", "--max", "1")
        said = replay(bench)

    assert [each["today"] for each in tried["letters"]] == ["would be sent"] * 3
    for report in (tried, left.json, said):
        assert [each["newerOffset"] for each in report["superseded"]] == [3]
        assert report["supersededTotal"] == 1
    assert left.json["replayed"] == 1
    assert (said["replayed"], said["lookedAhead"]) == (2, True)
    assert sorted(each.origin[2] for each in bench.retried()) == [0, 1, 2]
    assert bench.retried()[0].value is not None


def test_a_report_is_printed_whatever_ends_a_replay(bench: Bench) -> None:
    bench.bury(range(3))
    bench.group = f"{bench.group}-other"  # Without topics of its own.
    dlq = bench.dlq.replace("-other", "")

    ended = bench.run("dlq", "replay", "--from", dlq, "--yes", "--json")

    assert ended.code == ExitCode.FAILED
    assert ended.json["replayed"] == 0
    assert "seek-signals topics --create" in ended.json["failure"]
    assert ended.json["failure"] in ended.err


@pytest.mark.parametrize("verb", ["list", "purge"])
def test_where_nothing_fits_a_program_is_told_so(bench: Bench, verb: str) -> None:
    ended = bench.run("dlq", verb, "--key", "nobody's", "--json")

    assert (ended.code, ended.err) == (ExitCode.OK, "no dead letter fits\n")
    assert [line["purged"] for line in ended.lines] == ([0] if verb == "purge" else [])
