"""`python -m tests.faults.chaos.publisher`: publishes at a steady rate until SIGTERM.

After SIGUSR1 it only trickles: others must be accepted for a record to be found sick, and no
new one is published that makes SEEK fail.

Each record is in the file of publications once Kafka has confirmed it; all of them are when
the process has ended with code 0.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from itertools import count
from pathlib import Path
from threading import Event
from typing import Final

from confluent_kafka import Producer

from consumer.delivery.records import Headers
from consumer.demo.expectations import DemoEvent, Kind
from tests.faults.chaos.stream import SICK, chunk
from tests.faults.foreign_publisher import ForeignPublisher
from tests.faults.oracle.publications import PublicationLog, publication
from tests.testbed import registry_client
from tests.testbed.quiet import swallow

HEADERS: Final[Headers] = [
    ("source", b"ats"),
    ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("empty", None),
]
"""A dead letter must give them back."""
PRODUCER: Final = {
    "enable.idempotence": True,  # A broker that dies makes no gap and no second copy.
    "linger.ms": 5,
    "message.timeout.ms": 0,  # Never gives a record up: what is published is known in the end.
    "topic.metadata.refresh.interval.ms": 2_000,  # A topic gains partitions.
}
LAST_WITHIN_S: Final = 90.0
TOLD_EVERY: Final = 50
TRICKLE_PER_S: Final = 40.0


@dataclass(slots=True)
class Pace:
    """So many a second; time lost in an outage is not made up for by a burst."""

    per_s: float
    trickles: bool = False
    _due_s: float = 0.0

    def trickle(self) -> None:
        self.per_s, self.trickles = TRICKLE_PER_S, True

    def wait_s(self, now_s: float) -> float:
        self._due_s = max(self._due_s + 1 / self.per_s, now_s - 0.2)
        return self._due_s - now_s


def main() -> int:
    asked = _arguments().parse_args()
    stop = Event()
    pace = Pace(asked.rate)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGUSR1, lambda *_: pace.trickle())
    registry = registry_client(asked.registry)
    topics = dict(zip(Kind, asked.topics, strict=True))
    with FileIO(str(asked.published), "a") as file:
        producer = Producer({"bootstrap.servers": asked.bootstrap, **PRODUCER}, logger=swallow())
        publisher = ForeignPublisher(producer, registry, topics, headers=HEADERS)
        log = PublicationLog(file)
        _publish(publisher, log, _events(asked.seed), pace, stop)
        left = producer.flush(LAST_WITHIN_S)
        _tell(publisher, log)
    registry.close()
    if left or publisher.failed:
        sys.stderr.write(f"{left} not confirmed, failed: {publisher.failed[:3]}\n")
        return 1
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos.publisher")
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--registry", required=True, help="URL")
    parser.add_argument("--topics", required=True, nargs=len(Kind), help="one a kind")
    parser.add_argument("--published", required=True, type=Path, help="file to append to")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--rate", required=True, type=float, help="events a second")
    return parser


def _events(seed: int) -> Iterator[DemoEvent]:
    for number in count():
        yield from chunk(seed, number, time.time_ns() // 1_000_000)


def _publish(
    publisher: ForeignPublisher,
    log: PublicationLog,
    events: Iterator[DemoEvent],
    pace: Pace,
    stop: Event,
) -> None:
    for number, event in enumerate(events):
        if pace.trickles and event.expectation == SICK:
            continue
        publisher.send(event, number)
        if number % TOLD_EVERY == 0 or pace.trickles:
            _tell(publisher, log)
        ahead_s = pace.wait_s(time.monotonic())
        if ahead_s > 0.01:
            publisher.producer.poll(0)
            stop.wait(ahead_s)
        if stop.is_set():
            return


def _tell(publisher: ForeignPublisher, log: PublicationLog) -> None:
    log.add([publication(each, HEADERS) for each in publisher.published])
    publisher.published.clear()


if __name__ == "__main__":
    sys.exit(main())
