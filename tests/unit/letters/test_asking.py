"""Questions to Kafka outlast a coordinator that moves, and nothing else."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from consumer.letters.errors import LettersError
from consumer.letters.kafka.ranges import answered


class Broker:
    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.asked = 0

    def answer(self) -> str:
        self.asked += 1
        if self.codes:
            raise KafkaException(KafkaError(self.codes.pop(0)))
        return "yes"


def test_a_coordinator_that_moves_is_asked_again() -> None:
    broker = Broker(KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS)

    assert answered(broker.answer, "asking") == "yes"


def test_a_refusal_is_told_at_once_with_what_to_do() -> None:
    broker = Broker(KafkaError.GROUP_AUTHORIZATION_FAILED)

    with pytest.raises(LettersError, match="asking failed: group_not_authorised"):
        answered(broker.answer, "asking")
    assert broker.asked == 1
