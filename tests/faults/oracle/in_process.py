"""The oracle for a test that publishes and looks in its own process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from confluent_kafka import Message

from consumer.delivery.records import TopicPartition
from consumer.demo.balance import Evidence, Journaled, Letter, Published
from consumer.demo.expectations import ToBeAccepted, ToBeBuried, signal_key
from consumer.sandbox.journal import Entry
from consumer.sandbox.server import RunningSandbox
from tests.faults.oracle.kafka_views import Commits, Letters
from tests.faults.oracle.ledger import BuriedLetter
from tests.faults.oracle.publications import Publication, publication
from tests.faults.oracle.tail import Tail
from tests.faults.oracle.watch import Watch
from tests.testbed import KafkaCluster


@dataclass(slots=True)
class Oracle:
    kafka: KafkaCluster
    sandbox: RunningSandbox
    group: str
    places: Sequence[TopicPartition]
    published: Sequence[Published]
    """Grows while the publisher publishes."""
    journal: list[Journaled] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    watch: Watch = field(init=False)
    _known: int = 0

    def __post_init__(self) -> None:
        client = self.kafka.client_config()
        self.watch = Watch(
            Commits(client, self.group),
            Letters(client, f"{self.group}.dlq"),
            self._new,
            Tail(self.sandbox.config.journal),
            Tail(self.sandbox.config.requests),
            on_entry=self._keep_entry,
            on_letter=self._keep_letter,
        )
        for place in self.places:
            self.watch.ledger.expect(place)

    @property
    def looks(self) -> int:
        return self.watch.looks

    @property
    def passed_over(self) -> int:
        return self.watch.passed_over

    @property
    def committed(self) -> dict[TopicPartition, int]:
        return self.watch.ledger.committed

    @property
    def finished(self) -> bool:
        """Whether commits were seen to pass all that was published."""
        return self._known == len(self.published) and self.watch.ledger.lag == 0

    def look(self) -> None:
        """One comparison: nothing unsettled may lie below a commit, nor be said to be settled."""
        self.watch.look()
        assert not self.watch.ledger.violations.texts, self.watch.ledger.violations.texts[0]

    def evidence(self) -> Evidence:
        """For the balance sheet. Skips leave no trace but the commits that passed them."""
        skipped: dict[str, int] = {}
        for each in self.published:
            match each.event.expectation:
                case ToBeAccepted() | ToBeBuried():
                    pass
                case skip:
                    skipped[skip.reason] = skipped.get(skip.reason, 0) + 1
        return Evidence(
            published=self.published,
            unconfirmed=0,
            journal=self.journal,
            letters=self.letters,
            skipped=skipped,
            committed=self.committed,
            requests={},
            passed_over=self.passed_over,
        )

    def close(self) -> None:
        self.watch.close()

    def _new(self) -> Iterator[Publication]:
        new = self.published[self._known :]
        self._known += len(new)
        return map(publication, new)

    def _keep_entry(self, entry: Entry) -> None:
        self.journal.append(Journaled(signal_key(entry["signal"]), entry["requestId"] or ""))

    def _keep_letter(self, letter: BuriedLetter, message: Message) -> None:
        place, offset, reason = letter.place, letter.offset, letter.reason
        self.letters.append(Letter(place, offset, reason, message.key(), message.value()))
