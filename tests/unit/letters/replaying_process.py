"""One run of a replay or purge, as a process does it, on a fake Kafka."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from consumer.letters.catalogue import Catalogue
from consumer.letters.choosing import Policy
from consumer.letters.letter import Letter, Spot
from consumer.letters.purging import Purge, Purged
from consumer.letters.replaying import Account, Replay, ReplayOptions
from consumer.letters.session import Session
from consumer.letters.standing import Standing
from tests.unit.letters.fake_kafka import (
    FakeClock,
    FakeKafka,
    FakeLetters,
    FakeSources,
    FakeStates,
    FakeSubjects,
    FakeWatcher,
    FakeWriter,
)
from tests.unit.letters.samples import buried, source

ALL: Callable[[Letter], bool] = lambda letter: True  # noqa: E731, ARG005 -- a filter that takes all


@dataclass(slots=True)
class Process:
    kafka: FakeKafka
    clock: FakeClock = field(default_factory=FakeClock)
    takes: Callable[[Letter], bool] = ALL
    meanwhile: Callable[[], None] = lambda: None
    """What others do while this one waits."""

    def session(self, verb: str = "replay", run: str = "run") -> Session:
        kafka = self.kafka
        states, writer = FakeStates(kafka), FakeWriter(kafka)
        return Session(states, writer, self.clock, run, verb, "host", self.wait)

    def wait(self, seconds: float) -> None:
        self.clock.now_s += seconds
        self.meanwhile()

    def read(self, catalogue: Catalogue) -> None:
        catalogue.committed = dict(self.kafka.committed)
        for letter in FakeLetters(self.kafka).scan(lambda done, total: None):  # noqa: ARG005 -- nobody watches
            catalogue.add(letter, taken=self.takes(letter))

    def replay(
        self,
        policy: Policy = Policy(),  # noqa: B008 -- frozen
        *,
        take_over: bool = True,
        watcher: FakeWatcher | None = None,
        **options: object,
    ) -> Account:
        with Catalogue() as catalogue:
            self.read(catalogue)
            session = self.session()
            session.begin(catalogue, take_over=take_over)
            return Replay(
                FakeLetters(self.kafka),
                FakeSources(self.kafka),
                FakeSubjects(),
                session,
                self.clock,
                watcher or FakeWatcher(self.clock),
                ReplayOptions(policy)._replace(**options),  # type: ignore[arg-type]  # checked by the fields' tests
            ).run(catalogue)

    def purge(
        self, states: frozenset[Standing] = frozenset(), watcher: FakeWatcher | None = None
    ) -> Purged:
        with Catalogue() as catalogue:
            self.read(catalogue)
            session = self.session("purge")
            session.begin(catalogue, take_over=True)
            watcher = watcher or FakeWatcher(self.clock)
            letters = FakeLetters(self.kafka)
            return Purge(letters, session, self.clock, watcher, states).run(catalogue)


def with_letters(
    *offsets: int, subject: str = "s", reason: str = "forbidden", size: int = 0
) -> FakeKafka:
    """One letter each, all of one subject, in the order given."""
    kafka = FakeKafka()
    for offset in offsets:
        bury(kafka, offset, subject, reason, size)
    return kafka


def bury(
    kafka: FakeKafka,
    offset: int,
    subject: str = "s",
    reason: str = "forbidden",
    size: int = 0,
    key: bytes | None = None,
) -> None:
    """`key`: the subject's, unless it is said."""
    value = subject.encode() + b" " + str(offset).encode() + b" " * size
    record = source(offset, key or subject.encode(), value=value)
    kafka.sources.append(record)
    kafka.dlq.append(buried(record, Spot(0, len(kafka.dlq)), reason))


def fail_again(kafka: FakeKafka, reason: str = "forbidden") -> None:
    """The service takes in all of the retry topic, and every record fails once more."""
    for partition, retries in kafka.retry.items():
        for number in range(kafka.committed.get(partition, 0), len(retries)):
            retry = retries[number]
            record = source(
                number,
                retry.key,
                topic="g.retry",
                partition=partition,
                value=retry.value,
                headers=retry.headers,
            )
            kafka.dlq.append(buried(record, Spot(0, len(kafka.dlq)), reason))
    accept(kafka)


def accept(kafka: FakeKafka) -> None:
    """The group commits all of the retry topic."""
    kafka.committed = {number: len(retries) for number, retries in kafka.retry.items()}
