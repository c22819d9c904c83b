"""A producer that died is made anew by the next letter, and not before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from consumer.adapters.kafka.advice import Grantee
from consumer.adapters.kafka.dead_letters import KafkaDeadLetters
from consumer.delivery.records import OutgoingRecord
from consumer.ports import Buried

LETTER = OutgoingRecord("s.dlq", b"key", b"value", [])
NO_RIGHT = KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED, "no right", fatal=True)

Deliver = Callable[[KafkaError | None, Message | None], None]


@dataclass
class FakeProducer:
    """Confirms at the next poll, unless it is dead: then every poll raises."""

    dead: bool = False
    waiting: list[Deliver] = field(default_factory=list)

    def produce(self, _topic: str, *, on_delivery: Deliver, **_fields: object) -> None:
        self.waiting.append(on_delivery)

    def poll(self, _wait_s: float) -> None:
        if self.dead:
            raise KafkaException(NO_RIGHT)
        while self.waiting:
            self.waiting.pop()(None, None)

    def flush(self, wait_s: float) -> None:
        self.poll(wait_s)


@dataclass
class Factory:
    producers: list[FakeProducer] = field(default_factory=list)
    dead: bool = True

    def __call__(self) -> Producer:
        self.producers.append(FakeProducer(self.dead))
        return cast("Producer", self.producers[-1])


def test_a_producer_that_died_is_made_anew_by_the_next_letter_only() -> None:
    factory = Factory()
    letters = KafkaDeadLetters(factory, Grantee("seek-user", "s"))
    letters.bury(1, LETTER)

    (refused,) = letters.reports(0)
    for _ in range(100):
        assert letters.reports(0) == []
    assert len(factory.producers) == 1

    factory.dead = False
    letters.bury(1, LETTER)
    assert letters.reports(0) == [Buried(1, None)]
    assert len(factory.producers) == 2
    assert refused.error == "cluster_authorization_failed"
    assert refused.detail == "grant Write on the topic s.dlq to User:seek-user"


def test_all_letters_that_a_dead_producer_had_are_told_of_once() -> None:
    letters = KafkaDeadLetters(Factory(), Grantee())
    for ticket in (1, 2, 3):
        letters.bury(ticket, LETTER)

    assert [report.ticket for report in letters.reports(0)] == [1, 2, 3]
    letters.close(0)


def test_a_producer_that_dies_unseen_does_not_spoil_an_orderly_end() -> None:
    letters = KafkaDeadLetters(Factory(), Grantee())
    letters.bury(1, LETTER)

    letters.close(0)
    assert [report.error for report in letters.reports(0)] == ["cluster_authorization_failed"]
