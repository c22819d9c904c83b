"""`python -m tests.faults.oracle`: watches until SIGTERM, then gives its verdict."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Final

from confluent_kafka import KafkaException

from tests.faults.oracle.explain import Explainer
from tests.faults.oracle.fence import Fence
from tests.faults.oracle.kafka_views import Commits, Letters
from tests.faults.oracle.publications import Publication, read_line
from tests.faults.oracle.report import report, write_duplicates, write_report
from tests.faults.oracle.tail import Tail
from tests.faults.oracle.watch import UNEXPLAINED, Watch

LOOK_EVERY_S: Final = 0.5
PARTITIONS_EVERY_S: Final = 5.0
"""How often it asks whether a topic has more partitions by now."""
CLEAN, VIOLATED = 0, 1


def main() -> int:
    asked = _arguments().parse_args()
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    watch = _watch(asked)
    try:
        _look_until(stop, watch, asked.topics, asked.report)
        watch.verdict()
        explainer = Explainer(watch.requests, watch.timeline, asked.request_s * 1000, asked.senders)
        _judge_duplicates(watch, explainer)
        causes = watch.causes(explainer)
        write_duplicates(asked.report.with_name("duplicates.ndjson"), watch.ledger, explainer)
        if causes[UNEXPLAINED] and not asked.unexplained_may_be:
            text = f"{causes[UNEXPLAINED]} duplicate(s) that no fault explains"
            watch.ledger.violations.add("unexplained", text)
        write_report(asked.report, report(watch, causes, final=True))
    finally:
        watch.close()
    return VIOLATED if len(watch.ledger.violations) else CLEAN


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.oracle",
        description="Watches that nothing is lost. SIGTERM asks for the verdict.",
    )
    parser.add_argument("--bootstrap", required=True, help="brokers, past any proxy")
    parser.add_argument("--group", required=True, help="the consumers' group")
    parser.add_argument("--topics", required=True, nargs="+", help="the source topics")
    parser.add_argument("--dead-letters", required=True, help="the dead-letter topic")
    parser.add_argument("--journal", required=True, type=Path, help="what the sandbox accepted")
    parser.add_argument("--requests", type=Path, help="what the sandbox was asked")
    parser.add_argument("--published", required=True, type=Path, help="what was published")
    parser.add_argument("--faults", type=Path, help="the faults injected")
    parser.add_argument("--report", required=True, type=Path, help="JSON, written twice a second")
    parser.add_argument(
        "--request-s", type=float, default=3.0, help="the consumers' time-out of a request"
    )
    parser.add_argument(
        "--senders", type=int, default=8, help="requests that a consumer has under way at most"
    )
    parser.add_argument(
        "--patience-s", type=float, default=0.0, help="for letters that a woken broker hides"
    )
    parser.add_argument(
        "--unexplained-may-be",
        action="store_true",
        help="count duplicates that no fault explains, but do not hold them against the run",
    )
    return parser


def _watch(asked: argparse.Namespace) -> Watch:
    client = {"bootstrap.servers": asked.bootstrap}
    published = Tail(asked.published)

    def new() -> Iterator[Publication]:
        while lines := published.lines():
            yield from map(read_line, lines)

    return Watch(
        Commits(client, asked.group),
        Letters(client, asked.dead_letters),
        new,
        Tail(asked.journal),
        Tail(asked.requests),
        Tail(asked.faults),
        patience_ms=asked.patience_s * 1000,
    )


def _look_until(stop: Event, watch: Watch, topics: Sequence[str], told: Path) -> None:
    counted_s = -PARTITIONS_EVERY_S
    while not stop.is_set():
        if time.monotonic() - counted_s > PARTITIONS_EVERY_S:
            counted_s = time.monotonic()
            _expect_partitions(watch, topics)
        watch.look()
        write_report(told, report(watch))
        stop.wait(LOOK_EVERY_S)


def _expect_partitions(watch: Watch, topics: Sequence[str]) -> None:
    try:
        for topic in topics:
            for place in watch.commits.partitions(topic):
                watch.ledger.expect(place)
    except KafkaException:
        return  # Asked again soon.


def _judge_duplicates(watch: Watch, explainer: Explainer) -> None:
    ledger = watch.ledger
    fence = Fence(watch.requests, watch.timeline, explainer.senders, explainer.patience_ms)
    for breach in fence.breaches(ledger.duplicates):
        ledger.violations.add("fence", breach)
    for crowd in explainer.crowds(ledger.duplicates):
        ledger.violations.add("too many", crowd)


if __name__ == "__main__":
    sys.exit(main())
