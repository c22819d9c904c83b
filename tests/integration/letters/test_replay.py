"""`dlq replay` on real Kafka: transactions, kills, two runs at once."""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from dataclasses import replace
from random import Random

from consumer.errors import ExitCode
from consumer.letters.standing import Heartbeat, Standing, decode
from tests.integration.letters.bench import Bench, Heights, Retried, ended, write
from tests.integration.letters.zygote import Zygote
from tests.testbed import KafkaCluster, committed, read_all

SEED = 20261124
KILLS = 20
PATIENCE_S = 120.0


def states(bench: Bench) -> list[object]:
    return [decode(m.key(), m.value()) for m in read_all(bench.kafka, f"{bench.group}.dlq.state")]


def marked(bench: Bench) -> dict[tuple[str, int, int], Standing]:
    found: dict[tuple[str, int, int], Standing] = {}
    for state in states(bench):
        if isinstance(state, tuple) and not isinstance(state, Heartbeat):
            key, mark = state
            found[key[:3]] = mark.standing
    return found


def assert_in_order_within_keys(retried: list[Retried]) -> None:
    by_key: dict[bytes | None, list[Retried]] = defaultdict(list)
    for each in retried:
        by_key[each.key].append(each)
    for of_one in by_key.values():
        assert len({each.place for each in of_one}) == 1
        offsets = [each.origin[2] for each in of_one]
        assert offsets == sorted(offsets)


def wait_for_a_beat(bench: Bench) -> None:
    """Until a run has taken the right to write."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not any(isinstance(state, Heartbeat) for state in states(bench)):
        assert time.monotonic() < deadline_s


def test_each_letter_goes_once_with_its_bytes_and_its_state_in_the_order_of_its_key(
    bench: Bench,
) -> None:
    bench.bury(reversed(range(300)))
    bench.bury(range(5))  # A crash wrote these twice.

    assert bench.run("dlq", "replay", "--yes", "--json").json["replayed"] == 300
    assert bench.run("dlq", "replay", "--yes", "--json").json["replayed"] == 0

    retried = bench.retried()
    assert sorted(each.origin[2] for each in retried) == list(range(300))
    assert {(each.value, each.replay_count) for each in retried} == {(b"no avro", 1)}
    assert_in_order_within_keys(retried)
    assert set(marked(bench).values()) == {Standing.REPLAYED}
    assert len(marked(bench)) == 300


def test_killed_at_any_moment_neither_loses_nor_doubles(bench: Bench) -> None:
    draw = Random(SEED)
    letters, kills, left_open = 4_000, 0, 0
    bench.bury(range(letters))
    with Heights(bench) as heights:
        while kills < KILLS:
            run = bench.start("dlq", "replay", "--yes", "--take-over", "--no-look-ahead")
            enough = heights.written() + draw.randrange(1_500)
            while run.running and heights.written() < enough:
                pass  # Each look asks the broker: it is no busy loop.
            run.send(signal.SIGKILL)
            if run.wait() == -signal.SIGKILL:
                kills += 1
                left_open += heights.decided() < heights.written()
            else:  # It was through before.
                bench.bury(range(letters, letters + 2_000))
                letters += 2_000

    last = bench.run("dlq", "replay", "--yes", "--take-over", "--no-look-ahead")
    assert last.code == ExitCode.OK, last.err
    retried = bench.retried()
    assert len(retried) == letters
    assert {each.origin[2] for each in retried} == set(range(letters))
    assert_in_order_within_keys(retried)
    assert left_open >= KILLS // 4, "too few kills hit a run that was writing"


def test_a_second_run_stops_at_once_and_says_who_is_at_work(bench: Bench) -> None:
    bench.bury(range(60))
    first = bench.start("dlq", "replay", "--yes", "--rate", "3", "--json")
    wait_for_a_beat(bench)

    second = bench.run("dlq", "replay", "--yes")

    assert second.code == ExitCode.BUSY
    assert "another run is at work: replay on " in second.err
    first.send(signal.SIGINT)
    assert first.wait() == ExitCode.INTERRUPTED


def test_ctrl_c_ends_in_good_order_and_the_same_command_goes_on(bench: Bench) -> None:
    bench.bury(range(60))
    first = bench.start("dlq", "replay", "--yes", "--rate", "3")
    wait_for_a_beat(bench)
    first.send(signal.SIGINT)

    stopped = ended(first)
    assert stopped.code == ExitCode.INTERRUPTED
    assert "To go on, run the same command again" in stopped.err
    assert bench.run("dlq", "replay", "--yes").code == ExitCode.OK  # And it need not wait.
    assert sorted(each.origin[2] for each in bench.retried()) == list(range(60))


def test_a_run_that_is_taken_over_says_so_and_nothing_is_doubled(bench: Bench) -> None:
    bench.bury(range(60))
    first = bench.start("dlq", "replay", "--yes", "--rate", "3")
    wait_for_a_beat(bench)

    second = bench.run("dlq", "replay", "--yes", "--take-over")

    assert second.code == ExitCode.OK, second.err
    shut_out = ended(first)
    assert shut_out.code == ExitCode.FENCED, shut_out.err
    assert "another run took over" in shut_out.err
    assert sorted(each.origin[2] for each in bench.retried()) == list(range(60))


def test_the_sources_are_not_written_to_and_the_service_s_offsets_stay_as_they_are(
    bench: Bench,
) -> None:
    """What the verbs commit is of another group, which has no members."""
    bench.write_sources((0, b"app-0-0", b"no avro") for _ in range(3))
    bench.bury([0])

    assert bench.run("dlq", "replay", "--yes", "--json").json["replayed"] == 1

    assert len(read_all(bench.kafka, bench.source)) == 3
    topics = [bench.source, f"{bench.group}.retry", bench.dlq]
    assert committed(bench.kafka, bench.group, topics) == {}
    assert {place.topic for place in committed(bench.kafka, bench.dlq, topics)} == {bench.dlq}


def test_a_letter_too_large_for_the_retry_topic_is_named_and_the_others_go(
    kafka: KafkaCluster, zygote: Zygote
) -> None:
    bench = Bench(kafka, zygote)
    bench.create(retry={"max.message.bytes": "2000"})
    large = replace(bench.letter(3), value=b"v" * 5_000)
    small = [bench.letter(offset) for offset in (0, *range(6, 60, 3))]  # Too large together.
    write(bench.kafka, [(letter, 0) for letter in (large, *small)])

    ended = bench.run("dlq", "replay", "--yes", "--json")

    assert ended.code == ExitCode.FAILED  # Somebody should look at it.
    assert ended.err == "", ended.err
    assert (ended.json["tooLarge"], ended.json["tooLargeTotal"]) == ([f"{bench.source}/0/3"], 1)
    assert ended.json["replayed"] == len(small)
    assert sorted(each.origin[2] for each in bench.retried()) == [0, *range(6, 60, 3)]
    [waiting] = bench.run("dlq", "list", "--state", "new", "--json").lines
    assert waiting["letter"] == "0/0"


def test_a_small_queue_of_the_client_is_no_obstacle(bench: Bench) -> None:
    bench.more = {"KAFKA_QUEUE_BUFFERING_MAX_MESSAGES": "50"}
    bench.bury(range(300))

    assert bench.run("dlq", "replay", "--yes", "--json").json["replayed"] == 300
    assert sorted(each.origin[2] for each in bench.retried()) == list(range(300))
