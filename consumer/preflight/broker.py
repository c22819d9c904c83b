"""Asks Kafka: what there is, who may do what, and the newest records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, cast

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from consumer.adapters.kafka.advice import advice_for, name_of
from consumer.adapters.kafka.topic_configs import topic_configs
from consumer.adapters.telemetry.kafka_logs import kafka_logger
from consumer.preflight.topics import Facts, TopicFacts

ASK_S: Final = 10.0
READ_S: Final = 20.0
_TELLING: Final = (
    KafkaError._AUTHENTICATION,  # noqa: SLF001 -- the client's own codes begin with _
    KafkaError._SSL,  # noqa: SLF001 -- see above
    KafkaError._RESOLVE,  # noqa: SLF001 -- see above
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 -- see above
)
"""Why a client cannot connect, the most telling first."""


class AwayError(Exception):
    """Kafka does not answer, or refuses: a code, and what to do."""

    def __init__(self, code: str, do: str) -> None:
        super().__init__(code)
        self.code, self.do = code, do


@dataclass(slots=True)
class Broker:
    """Every call is bounded, and raises AwayError."""

    admin: AdminClient
    seen: list[KafkaError]
    """What its client has told besides: why it cannot connect."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Broker:
        seen: list[KafkaError] = []
        settings: dict[str, Any] = {**config, "error_cb": seen.append, "log_level": "0"}
        return cls(AdminClient(settings, logger=kafka_logger(name="check")), seen)

    def size(self) -> int:
        """Brokers that are there."""
        try:
            return len(self.admin.list_topics(timeout=ASK_S).brokers)
        except KafkaException as error:
            raise self._away(error.args[0]) from error

    def facts(self, names: Iterable[str], group: str) -> Facts:
        topics = {name: found for name in names if (found := self._topic(name)) is not None}
        configs = topic_configs(self.admin, topics, ASK_S)
        with_config = {
            name: TopicFacts(facts.partitions, configs.get(name), facts.allowed)
            for name, facts in topics.items()
        }
        return Facts(with_config, self._group(group))

    def _topic(self, name: str) -> TopicFacts | None:
        asked = cast(
            "Mapping[str, Future[Any]]",
            self.admin.describe_topics(  # pyright: ignore[reportUnknownMemberType] -- untyped by the client
                TopicCollection([name]), include_authorized_operations=True, request_timeout=ASK_S
            ),
        )
        try:
            found = asked[name].result(ASK_S * 2)
        except KafkaException as error:
            if error.args[0].code() in _ABSENT:
                return None
            raise self._away(error.args[0]) from error
        return TopicFacts(len(found.partitions), None, _operations(found.authorized_operations))

    def _group(self, group: str) -> frozenset[str] | None:
        asked = cast(
            "Mapping[str, Future[Any]]",
            self.admin.describe_consumer_groups(  # pyright: ignore[reportUnknownMemberType] -- untyped by the client
                [group], include_authorized_operations=True, request_timeout=ASK_S
            ),
        )
        try:
            return _operations(asked[group].result(ASK_S * 2).authorized_operations)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                return frozenset()
            return None  # Of a group that is new nothing is told.

    def _away(self, error: KafkaError) -> AwayError:
        self.admin.poll(0.5)
        by_code = {each.code(): each for each in self.seen}
        telling = next((by_code[code] for code in _TELLING if code in by_code), error)
        return AwayError(name_of(telling), advice_for(telling))


_ABSENT: Final = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 -- the client's own codes begin with _
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
    }
)


def _operations(told: Iterable[Any] | None) -> frozenset[str] | None:
    """In the words of `kafka-acls`: `DESCRIBE_CONFIGS` is `DescribeConfigs`."""
    if told is None:
        return None
    return frozenset(each.name.title().replace("_", "") for each in told)


def newest(consumer: Consumer, topic: str, partitions: int, most: int) -> Iterator[Message]:
    """About `most` of the last records, the same number of each partition; for a consumer with
    `enable.partition.eof`. Raises AwayError; ends early when that takes long."""
    each = max(1, most // partitions)
    try:
        starts: list[TopicPartition] = []
        for number in range(partitions):
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=ASK_S)
            if high > low:
                starts.append(TopicPartition(topic, number, max(low, high - each)))
        consumer.assign(starts)
        yield from _to_their_ends(consumer, len(starts))
    except KafkaException as error:
        raise AwayError(name_of(error.args[0]), advice_for(error.args[0])) from error
    finally:
        consumer.unassign()


def _to_their_ends(consumer: Consumer, partitions: int) -> Iterator[Message]:
    deadline_s = monotonic() + READ_S
    while partitions and monotonic() < deadline_s:
        message = consumer.poll(1.0)
        if message is None:
            continue
        error = message.error()
        if error is None:
            yield message
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- the client's own codes begin with _
            partitions -= 1
        else:
            raise KafkaException(error)
