"""What the survey asks of Kafka, answered from logs made up of record times."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from consumer.delivery.records import TopicPartition as Place

AWAY = KafkaException(KafkaError(KafkaError._TRANSPORT))  # noqa: SLF001 -- the client's own name


@dataclass
class Log:
    """Offset 0 is at `start`; each entry of `times_ms` is a record, in order."""

    times_ms: list[int]
    start: int = 0

    @property
    def end(self) -> int:
        return self.start + len(self.times_ms)


@dataclass
class SurveyedKafka:
    """Satisfies what is asked of both clients."""

    logs: dict[Place, Log] = field(default_factory=dict[Place, Log])
    configs: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    dealt_with: dict[Place, int] = field(default_factory=dict[Place, int])
    away: set[str] = field(default_factory=set[str])
    """Methods that fail."""
    breaks: Exception | None = None
    """Raised by the next question of where a log ends."""
    committed_error: int | None = None
    asked: list[str] = field(default_factory=list[str])

    @property
    def consumer(self) -> Consumer:
        return cast("Consumer", self)

    @property
    def admin(self) -> AdminClient:
        return cast("AdminClient", self)

    def get_watermark_offsets(self, at: TopicPartition, timeout: float) -> tuple[int, int]:
        self._ask("get_watermark_offsets", timeout)
        if self.breaks is not None:
            broken, self.breaks = self.breaks, None
            raise broken
        log = self.logs[Place(at.topic, at.partition)]
        return log.start, log.end

    def list_topics(self, topic: str, timeout: float) -> SimpleNamespace:
        self._ask("list_topics", timeout)
        partitions = {place.partition: None for place in self.logs if place.topic == topic}
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions=partitions)})

    def committed(self, asked: Sequence[TopicPartition], timeout: float) -> list[TopicPartition]:
        self._ask("committed", timeout)
        if self.committed_error is not None:
            raise KafkaException(KafkaError(self.committed_error))
        return [
            TopicPartition(*place, self.dealt_with.get(place, OFFSET_INVALID))
            for place in (Place(each.topic, each.partition) for each in asked)
        ]

    def offsets_for_times(
        self, asked: Sequence[TopicPartition], timeout: float
    ) -> list[TopicPartition]:
        self._ask("offsets_for_times", timeout)
        return [self._first_from(each) for each in asked]

    def describe_configs(
        self, resources: Sequence[ConfigResource], request_timeout: float
    ) -> dict[ConfigResource, Future[dict[str, SimpleNamespace]]]:
        self._ask("describe_configs", request_timeout)
        return {each: self._config(str(each.name)) for each in resources}

    def close(self) -> None:
        self.asked.append("close")

    def _ask(self, method: str, timeout: float) -> None:
        assert timeout > 0
        self.asked.append(method)
        if method in self.away:
            raise AWAY

    def _first_from(self, asked: TopicPartition) -> TopicPartition:
        log = self.logs[Place(asked.topic, asked.partition)]
        later = (i for i, at_ms in enumerate(log.times_ms, log.start) if at_ms >= asked.offset)
        return TopicPartition(asked.topic, asked.partition, next(later, -1))

    def _config(self, topic: str) -> Future[dict[str, SimpleNamespace]]:
        answer: Future[dict[str, SimpleNamespace]] = Future()
        if topic in self.configs:
            entries = self.configs[topic].items()
            answer.set_result({name: SimpleNamespace(value=value) for name, value in entries})
        else:
            answer.set_exception(AWAY)
        return answer
