"""`python -m tests.faults.controls.duplicates`: what a SIGKILL costs, with and without memory.

The memory: which records beyond the mark are settled, carried in a commit's metadata. Each
case kills one consumer again and again while 16 requests are in flight, some of them slow,
and counts the signals that SEEK accepts a second time. In two of the cases SEEK fails on
one record in each partition of the busiest topic, so that their marks stand still.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from consumer.delivery.records import TopicPartition
from consumer.demo.balance import Published
from consumer.demo.expectations import Kind, ToBeAccepted, signal_key
from consumer.demo.stream import believable_stream
from consumer.sandbox.journal import Entry
from tests.faults.scene import REFUSALS, Scene, scene
from tests.faults.service import ServiceProcess, service
from tests.testbed import KafkaCluster, Registry, running_kafka, running_registry

IN_FLIGHT: Final = 16
COMMIT_RECORDS: Final = 200
"""Less than by default: what is in flight is to be most of it."""
EXPOSED_MAX: Final = IN_FLIGHT * 100 + 2 * COMMIT_RECORDS
"""In flight; and settled since the last commit: one is being answered, the next one fills."""
EVENTS_AN_ACCEPTANCE: Final = 2
"""Nearly half of the stream is to be skipped."""
PATIENCE_S: Final = 180.0
SLOW: Final = {"fault": "slow", "delayS": 0.4, "probability": 0.2, "seed": 7}
TOKEN: Final = "global-"  # noqa: S105 -- how tokens begin


class Case(NamedTuple):
    memory: bool
    stuck: bool
    kills: int
    life: int
    """Signals, never accepted before, that each life of the consumer brings."""

    def __str__(self) -> str:
        stuck = "one record stuck in each partition" if self.stuck else "none stuck"
        return f"{'with' if self.memory else 'without'} memory, {stuck}"

    @property
    def events(self) -> int:
        """Enough: what is in flight at a kill may be accepted on top."""
        return (self.life + IN_FLIGHT * 100) * (self.kills + 1) * EVENTS_AN_ACCEPTANCE


def duplicates_a_kill(
    case: Case, kafka: KafkaCluster, registry: Registry, folder: Path
) -> list[int]:
    """Asserts that nothing is lost, too."""
    with scene(kafka, registry, folder, latency_s=0.05) as it:
        now_ms = time.time_ns() // 1_000_000
        it.publisher.publish(believable_stream(seed=9, events=case.events, now_ms=now_ms))
        assert it.publisher.failed == []
        it.sandbox.set_faults([*REFUSALS, *(_stuck(it.publisher.published) * case.stuck), SLOW])
        with service(_environment(it, case), folder / "service.log") as process:
            for number in range(case.kills):
                _until_lived(it, process, number + 1, case.life)
                process.kill()
                process.start()
            _until_lived(it, process, case.kills + 1, case.life)
            process.kill()
        it.oracle.look()
        return [repeats for _, repeats in _lives(it.sandbox.journal())][1:]


def table(figures: Iterable[tuple[Case, list[int]]]) -> str:
    rows = [
        f"| {case} | {case.kills} | {median(counts):.0f} | {max(counts)} |"
        for case, counts in figures
    ]
    head = "| 16 requests in flight | kills | duplicates a kill, median | most |"
    return "\n".join([head, "|---|--:|--:|--:|", *rows])


def _stuck(published: Iterable[Published]) -> list[dict[str, object]]:
    """SEEK answers 500 to whatever has the token of the first signal of a partition."""
    tokens: dict[TopicPartition, str] = {}
    for each in published:
        match each.event.expectation:
            case ToBeAccepted(signal=signal) if signal.identifier.startswith(TOKEN):
                if each.event.kind is Kind.APPLICATION_STATUS_CHANGED:
                    tokens.setdefault(each.place, signal.identifier)
            case _:
                pass
    return [
        {"fault": "status", "status": 500, "match": {"token": tokens[place]}}
        for place in sorted(tokens)
    ]


def _environment(it: Scene, case: Case) -> dict[str, str]:
    return it.environment(
        KAFKA_GROUP_INSTANCE_ID="the-one",  # Comes back without waiting for its own session.
        SEEK_SIGNALS_IN_FLIGHT_MAX=str(IN_FLIGHT),
        SEEK_SIGNALS_IN_FLIGHT_START=str(IN_FLIGHT),
        SEEK_SIGNALS_COMMIT_RECORDS=str(COMMIT_RECORDS),
        SEEK_SIGNALS_COMMIT_METADATA_BYTES="4096" if case.memory else "0",
        SEEK_SIGNALS_HOLD_BASE_S="0.1",
        SEEK_SIGNALS_HOLD_MAX_S="0.5",
    )


def _until_lived(it: Scene, process: ServiceProcess, number: int, signals: int) -> None:
    """So many were accepted first from the so-many-th life."""

    def has_lived() -> bool:
        lives = _lives(it.sandbox.journal())
        return len(lives) >= number and lives[-1][0] >= signals

    process.until(has_lived, f"{signals} signals from life {number}", PATIENCE_S)


def _lives(journal: Iterable[Entry]) -> list[tuple[int, int]]:
    """For each life of the consumer: signals that it brought first, and those that an earlier
    life had brought."""
    brought_by: dict[object, str] = {}
    lives: dict[str, tuple[int, int]] = {}
    for entry in journal:
        session = entry["sessionId"] or ""
        first, again = lives.get(session, (0, 0))
        repeated = brought_by.setdefault(signal_key(entry["signal"]), session) != session
        lives[session] = (first, again + 1) if repeated else (first + 1, again)
    return list(lives.values())


def main(say: Callable[[str], object] = sys.stdout.write) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=7, help="in each of the four cases")
    parser.add_argument("--life", type=int, default=1_500, help="new signals between kills")
    asked = parser.parse_args()
    cases = [
        Case(memory, stuck, asked.kills, asked.life)
        for stuck in (False, True)
        for memory in (True, False)
    ]
    figures: list[tuple[Case, list[int]]] = []
    with running_kafka() as kafka, running_registry() as registry:
        for case in cases:
            with tempfile.TemporaryDirectory(prefix="duplicates-") as folder:
                counts = duplicates_a_kill(case, kafka, registry, Path(folder))
            say(f"{case}: {counts}\n")
            figures.append((case, counts))
    say(f"\n{table(figures)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
