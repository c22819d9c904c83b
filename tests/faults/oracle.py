"""Compares what is committed with what is settled, again and again, from outside.

It reads the commits first, then SEEK's journal and the dead letters: those only grow, so
what looks unsettled below a commit is so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from consumer.delivery.commit_memory import Identity, decode
from consumer.delivery.dead_letter import unwrap
from consumer.delivery.records import Headers, Offset, TopicPartition
from consumer.demo.balance import Evidence, Journaled, Letter, Published, unsettled_below
from consumer.demo.expectations import SignalKey, ToBeAccepted, ToBeBuried, signal_key
from consumer.sandbox.journal import read_journal
from consumer.sandbox.server import RunningSandbox
from tests.testbed import KafkaCluster

ASK_S: Final = 10.0


@dataclass(slots=True)
class Oracle:
    kafka: KafkaCluster
    sandbox: RunningSandbox
    group: str
    places: Sequence[TopicPartition]
    published: Sequence[Published]
    passed_over: int = 0
    looks: int = 0
    journal: list[Journaled] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    _asking: Consumer | None = None
    _letters_reader: Consumer | None = None

    def look(self) -> None:
        """One comparison: nothing unsettled may lie below a commit, nor be said to be settled."""
        try:
            answers = self._commits()
        except KafkaException:
            return  # The coordinator moves or is not there yet: nothing was learnt.
        self._read_journal()
        self._read_letters()
        accepted = {signal for signal, _ in self.journal}
        buried = {(letter.place, letter.offset) for letter in self.letters}
        passed = unsettled_below(self.committed, self.published, accepted, buried)
        claimed = self._claimed_beyond(answers, accepted, buried)
        self.passed_over = max(self.passed_over, len(passed) + len(claimed))
        self.looks += 1
        assert not passed, f"{len(passed)} passed by a commit, as {passed[0]}"
        assert not claimed, f"{claimed[0].place} offset {claimed[0].offset} said to be settled"

    @property
    def finished(self) -> bool:
        ends: dict[TopicPartition, int] = {}
        for each in self.published:
            ends[each.place] = max(ends.get(each.place, 0), each.offset + 1)
        return all(self.committed.get(place, 0) >= end for place, end in ends.items())

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
        for reader in (self._asking, self._letters_reader):
            if reader is not None:
                reader.close()

    def _commits(self) -> list[KafkaPartition]:
        if self._asking is None:
            self._asking = Consumer({**self.kafka.client_config(), "group.id": self.group})
        asked = [KafkaPartition(place.topic, place.partition) for place in self.places]
        answers = self._asking.committed(asked, timeout=ASK_S)
        self.committed = {
            TopicPartition(answer.topic, answer.partition): answer.offset
            for answer in answers
            if answer.offset >= 0
        }
        return answers

    def _claimed_beyond(
        self,
        answers: Sequence[KafkaPartition],
        accepted: set[SignalKey],
        buried: set[tuple[TopicPartition, int]],
    ) -> list[Published]:
        """Records beyond the mark that a commit's metadata says are settled, and are not."""
        claims = {
            (TopicPartition(answer.topic, answer.partition), offset)
            for answer in answers
            if answer.offset >= 0
            for offset in decode(answer.metadata, Identity("", ""), Offset(answer.offset)).settled
        }
        beyond = [each for each in self.published if (each.place, each.offset) in claims]
        everywhere = {each.place: each.offset + 1 for each in beyond}
        return [
            each
            for each in beyond
            if unsettled_below({each.place: everywhere[each.place]}, [each], accepted, buried)
        ]

    def _read_journal(self) -> None:
        path = self.sandbox.config.journal
        assert path is not None
        lines = read_journal(path)[len(self.journal) :]
        self.journal += [
            Journaled(signal_key(line["signal"]), line["requestId"] or "") for line in lines
        ]

    def _read_letters(self) -> None:
        if self._letters_reader is None:
            config = {**self.kafka.client_config(), "group.id": f"{self.group}-oracle"}
            self._letters_reader = Consumer({**config, "enable.auto.commit": "false"})
            topic = f"{self.group}.dlq"
            found = self._letters_reader.list_topics(topic, timeout=ASK_S).topics[topic].partitions
            self._letters_reader.assign([KafkaPartition(topic, p, OFFSET_BEGINNING) for p in found])
        for message in self._letters_reader.consume(5000, timeout=0.05):
            assert message.error() is None
            letter = unwrap(cast("Headers", message.headers()))
            assert letter is not None
            origin = letter.origin
            place = TopicPartition(origin.topic, origin.partition)
            reason = letter.failure.reason
            self.letters.append(
                Letter(place, origin.offset, reason, message.key(), message.value())
            )
