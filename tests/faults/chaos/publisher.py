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
from dataclasses import dataclass, field
from io import FileIO
from itertools import count
from pathlib import Path
from threading import Event
from typing import Final, TextIO

from confluent_kafka import Producer

from consumer.delivery.records import Headers
from consumer.demo.expectations import DemoEvent, Kind
from tests.faults.chaos.pace import Pace
from tests.faults.chaos.stream import SICK, chunk
from tests.faults.foreign_publisher import ForeignPublisher
from tests.faults.leaks import private_words
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
MILESTONE_EVERY_S: Final = 0.5


def main() -> int:
    asked = _arguments().parse_args()
    stop = Event()
    pace = Pace(asked.rate)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGUSR1, lambda *_: pace.trickle())
    registry = registry_client(asked.registry)
    topics = dict(zip(Kind, asked.topics, strict=True))
    with (
        FileIO(str(asked.published), "a") as file,
        asked.private.open("a") as private,
        asked.milestones.open("a") as milestones,
    ):
        producer = Producer({"bootstrap.servers": asked.bootstrap, **PRODUCER}, logger=swallow())
        publisher = ForeignPublisher(producer, registry, topics, headers=HEADERS)
        told = Told(publisher, PublicationLog(file), milestones)
        _publish(told, _events(asked.seed, private), pace, stop)
        left = producer.flush(LAST_WITHIN_S)
        told.tell()
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
    parser.add_argument(
        "--private", required=True, type=Path, help="file for the words that no log may hold"
    )
    parser.add_argument(
        "--milestones", required=True, type=Path, help="file for how many there were when"
    )
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--rate", required=True, type=float, help="events a second")
    return parser


def _events(seed: int, private: TextIO) -> Iterator[DemoEvent]:
    for number in count():
        events = chunk(seed, number, time.time_ns() // 1_000_000)
        words = {word for event in events for word in private_words(event)}
        private.writelines(f"{word}\n" for word in sorted(words))
        private.flush()
        yield from events


@dataclass(slots=True)
class Told:
    """What was confirmed, written down: each record, and how many there were every so often."""

    publisher: ForeignPublisher
    log: PublicationLog
    milestones: TextIO
    _published: int = 0
    _marked_s: float = field(default_factory=time.monotonic)

    def tell(self) -> None:
        confirmed = self.publisher.published
        self.log.add([publication(each, HEADERS) for each in confirmed])
        self._published += len(confirmed)
        confirmed.clear()
        now_s = time.monotonic()
        if now_s - self._marked_s >= MILESTONE_EVERY_S:
            self._marked_s = now_s
            self.milestones.write(f"{now_s * 1000:.1f} {self._published}\n")
            self.milestones.flush()


def _publish(told: Told, events: Iterator[DemoEvent], pace: Pace, stop: Event) -> None:
    publisher = told.publisher
    pace.begin(time.monotonic())
    for number, event in enumerate(events):
        if pace.trickles and event.expectation == SICK:
            continue
        publisher.send(event, number)
        if number % TOLD_EVERY == 0 or pace.trickles:
            told.tell()
        ahead_s = pace.wait_s(time.monotonic())
        if ahead_s > 0.01:
            publisher.producer.poll(0)
            stop.wait(ahead_s)
        if stop.is_set():
            return


if __name__ == "__main__":
    sys.exit(main())
