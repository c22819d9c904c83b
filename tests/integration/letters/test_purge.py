"""`dlq purge` on real Kafka, ended at any moment: nothing is cut that is not marked."""

from __future__ import annotations

import re
import signal
from random import Random

from consumer.errors import ExitCode
from tests.integration.letters.bench import Bench, Ended, Heights, ended
from tests.integration.letters.zygote import Run

SEED = 20261128
KILLS = 10
LETTERS = 4_000


def confirmed(bench: Bench) -> str:
    """What has to be typed now."""
    refused = bench.run("dlq", "purge", "--confirm", "no", "--take-over")
    assert refused.code == ExitCode.BAD_CONFIGURATION, refused.err
    [text] = re.findall(r"'(purge \d+)'", refused.err)
    return str(text)


def start(bench: Bench) -> Run:
    return bench.start("dlq", "purge", "--confirm", confirmed(bench), "--take-over", "--json")


def marking(run: Run, heights: Heights, more: int) -> None:
    """Until it has written so many more records, or is through."""
    enough = heights.written() + more
    while run.running and heights.written() < enough:
        pass  # Each look asks the broker: it is no busy loop.


def states(bench: Bench) -> dict[str, int]:
    [of_class] = bench.run("dlq", "stats", "--json").json or [{}]
    return {name: of_class.get(name, 0) for name in ("new", "purged", "letters")}


def assert_all_is_purged(bench: Bench, last: Ended) -> None:
    assert last.code == ExitCode.OK, last.err
    assert bench.letters() == 0
    assert bench.run("dlq", "replay", "--yes", "--json").json["replayed"] == 0
    assert bench.retried() == []


def test_a_purge_that_is_stopped_says_so_cuts_nothing_and_the_next_goes_on(bench: Bench) -> None:
    bench.bury(range(LETTERS))
    with Heights(bench) as heights:
        run = start(bench)
        marking(run, heights, 600)
        run.send(signal.SIGINT)

    stopped = ended(run)
    assert stopped.code == ExitCode.INTERRUPTED, stopped.err
    report = stopped.json
    assert (report["interrupted"], report["cutBefore"]) == (True, {})
    assert 0 < report["purged"] < LETTERS
    assert bench.letters() == LETTERS
    assert states(bench)["purged"] == report["purged"]
    assert_all_is_purged(bench, ended(start(bench)))


def test_killed_at_any_moment_a_purge_cuts_nothing_that_is_not_marked(bench: Bench) -> None:
    draw = Random(SEED)
    letters, kills = LETTERS, 0
    bench.bury(range(letters))
    with Heights(bench) as heights:
        while kills < KILLS:
            run = start(bench)
            marking(run, heights, draw.randrange(1_500))
            run.send(signal.SIGKILL)
            if run.wait() == -signal.SIGKILL:
                kills += 1
            found = states(bench)
            assert found["new"] + found["purged"] == found["letters"]
            if not found["new"]:  # It was through, or nearly.
                bench.bury(range(letters, letters + LETTERS))
                letters += LETTERS
            else:  # It cuts when all are marked.
                assert found["letters"] >= LETTERS

    assert_all_is_purged(bench, ended(start(bench)))
