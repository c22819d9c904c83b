"""Letters of other programs, pointers, and what no header explains."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from consumer.delivery.dead_letter import PREFIX, without_value
from consumer.delivery.records import Headers, OutgoingRecord
from consumer.errors import ExitCode
from tests.integration.letters.bench import Bench, write
from tests.testbed import create_topics
from tests.unit.letters.test_letter import CONNECT, SPRING, STREAMS

FOREIGN = {"connect": CONNECT, "streams": STREAMS, "spring": SPRING}


def mangled(bench: Bench) -> list[OutgoingRecord]:
    sound = bench.letter(0)
    cases: list[Headers] = [
        [],
        [("a", None)],
        [(PREFIX + "format", b"\xff")],
        [(k, b"x" if k == PREFIX + "offset" else v) for k, v in sound.headers],
        [(k, b"9" * 40 if k == PREFIX + "offset" else v) for k, v in sound.headers],
        [(k, b"no \x1b topic" if k == PREFIX + "topic" else v) for k, v in sound.headers],
        [header for header in sound.headers if header[0] != PREFIX + "class"],
    ]
    return [OutgoingRecord(bench.dlq, b"k", b"v", headers) for headers in cases]


def test_mangled_letters_are_listed_as_such_and_crash_no_verb(bench: Bench) -> None:
    letters = mangled(bench)
    write(bench.kafka, [(letter, 0) for letter in letters])
    bench.bury([1])

    listed = bench.run("dlq", "list", "--json").lines
    assert [line["class"] for line in listed].count("unreadable") == len(letters)
    for arguments in (
        ("stats",),
        ("show", "--max", "99"),
        ("replay", "--dry-run"),
        ("replay", "--yes"),
        ("purge", "--confirm", f"purge {len(letters) + 1}"),
    ):
        ended = bench.run("dlq", *arguments)
        assert (ended.code, "unforeseen" in ended.err) == (ExitCode.OK, False), ended.err
    assert len(bench.retried()) == len(letters) + 1


@pytest.mark.parametrize("writer", FOREIGN)
def test_letters_of_other_programs_are_listed_shown_and_replayed(bench: Bench, writer: str) -> None:
    theirs = f"{bench.group}.theirs"
    create_topics(bench.kafka, {theirs: 1})
    write(bench.kafka, [(OutgoingRecord(theirs, b"key", b"value", FOREIGN[writer]), 0)])

    [listed] = bench.run("dlq", "list", "--from", theirs, "--json").lines
    assert (listed["writtenBy"], listed["origin"]) == (writer, "moves/4/77")
    [shown] = bench.run("dlq", "show", "0/0", "--from", theirs, "--json").lines
    assert "no such token" not in shown["message"]  # What it may quote is not known.
    [shown] = bench.run("dlq", "show", "0/0", "--from", theirs, "--json", "--reveal").lines
    assert shown["message"] == "no such token"
    for expected in (1, 0):
        report = bench.run("dlq", "replay", "--from", theirs, "--yes", "--json").json
        assert report["replayed"] == expected
    [retried] = bench.retried()
    assert (retried.origin, retried.replay_count) == (("moves", 4, 77), 1)
    assert (retried.key, retried.value) == (b"key", b"value")
    [listed] = bench.run("dlq", "list", "--from", theirs, "--json").lines
    assert listed["state"] == "replayed"
    assert bench.run("dlq", "list").err == "no dead letter fits\n"  # Of the group's own.


def test_a_pointer_letter_is_replayed_from_its_source_while_that_has_it(bench: Bench) -> None:
    bench.write_sources([(0, b"app-0-0", b"no avro")])
    stamp = bench.timestamp(bench.source, 0, 0)
    there = without_value(bench.letter(0, at_ms=stamp))
    gone = without_value(bench.letter(3))
    write(bench.kafka, [(there, 0), (gone, 0)])

    there_shown, gone_shown = bench.run("dlq", "show", "--json").lines
    assert "still at its origin" in there_shown["pointer"]
    assert "cannot be replayed" in gone_shown["pointer"]
    ended = bench.run("dlq", "replay", "--yes", "--json")

    assert ended.code == ExitCode.FAILED  # Somebody should look at the other one.
    assert ended.json["gone"] == [f"{bench.source}/0/3"]
    [retried] = bench.retried()
    assert (retried.key, retried.value) == (b"app-0-0", b"no avro")


def test_a_filter_that_matches_nothing_says_so_and_is_no_failure(bench: Bench) -> None:
    bench.bury([1])
    for verb in ("list", "stats", "show"):
        ended = bench.run("dlq", verb, "--key", "nobody's")
        assert (ended.code, ended.out, ended.err) == (ExitCode.OK, "", "no dead letter fits\n")
    ended = bench.run("dlq", "replay", "--key", "nobody's", "--yes")
    assert (ended.code, ended.err) == (
        ExitCode.OK,
        "nothing to replay fits (what was replayed before needs --again)\n",
    )
    ended = bench.run("dlq", "purge", "--key", "nobody's")
    assert (ended.code, ended.err) == (ExitCode.OK, "no dead letter fits\n")


def test_bad_options_say_what_to_write(bench: Bench) -> None:
    for arguments, said in (
        (("--class", "forbiden"), "did you mean forbidden?"),
        (("--state", "eaten"), "known states: new, replayed"),
        (("--offsets", "x"), "write 3..9"),
        (("--since", "yesterday"), "write 2h"),
    ):
        ended = bench.run("dlq", "list", *arguments)
        assert (ended.code, said in ended.err) == (ExitCode.BAD_CONFIGURATION, True), ended.err


def test_without_the_topics_of_replay_it_says_how_to_create_them(bench: Bench) -> None:
    bench.group = f"{bench.group}-other"
    create_topics(bench.kafka, {bench.dlq: 1})
    bench.bury([1])

    assert len(bench.run("dlq", "list", "--json").lines) == 1
    ended = bench.run("dlq", "replay", "--yes")
    assert (ended.code, "seek-signals topics --create" in ended.err) == (ExitCode.FAILED, True)


def test_a_prefix_is_cut_and_what_is_purged_in_the_middle_stays_until_it_is_part_of_one(
    bench: Bench,
) -> None:
    write(bench.kafka, [(bench.letter(offset, partitions=1), 0) for offset in range(10)])

    first = bench.run("dlq", "purge", "--offsets", "0..2", "--confirm", "purge 3", "--json").json
    assert (first["purged"], first["cutBefore"], bench.letters()) == (3, {"0": 3}, 7)
    middle = bench.run("dlq", "purge", "--offsets", "5", "--confirm", "purge 1", "--json").json
    assert (middle["purged"], middle["cutBefore"], bench.letters()) == (1, {}, 7)
    again = bench.run("dlq", "purge", "--offsets", "5", "--confirm", "purge 1")
    assert (again.code, "'purge 0'" in again.err) == (ExitCode.BAD_CONFIGURATION, True)
    assert bench.run("dlq", "replay", "--yes", "--json").json["replayed"] == 6
    last = bench.run("dlq", "purge", "--confirm", "purge 6", "--json").json
    assert (last["cutBefore"], bench.letters()) == ({}, 7)  # The group has not taken them in.


def test_the_result_goes_to_standard_output_though_a_bar_is_drawn_on_a_terminal(
    bench: Bench,
) -> None:
    bench.bury(range(3))
    terminal, side = pty.openpty()
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "consumer", "dlq", "list", "--json"],
            env=bench.environment(),
            stdout=subprocess.PIPE,
            stderr=side,
            check=True,
        )
        drawn = os.read(terminal, 65_536)
    finally:
        os.close(terminal)
        os.close(side)

    assert ended.stdout.count(b"\n") == 3
    assert b"reading dead letters" in drawn


def test_the_newer_protocol_of_the_group_is_no_obstacle(bench: Bench) -> None:
    bench.bury(range(3))
    bench.more = {"KAFKA_GROUP_PROTOCOL": "consumer"}

    assert len(bench.run("dlq", "list", "--json").lines) == 3
    assert bench.run("dlq", "replay", "--yes", "--json").json["replayed"] == 3
