"""What the Kafka client says on its own account: log lines and error callbacks, as our events.

librdkafka repeats a refused password or a wrong certificate for ever, many times a second
with several brokers, so each kind of line passes once a minute.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import KafkaError

from consumer.adapters.telemetry.logs import logger, near_level
from consumer.adapters.telemetry.rate_limit import RateLimit

HINTS: Final = {
    KafkaError._AUTHENTICATION: "check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",  # noqa: SLF001 -- the client's own name for a code of its own
    KafkaError._SSL: "check KAFKA_SSL_CA_LOCATION and the broker's certificate",  # noqa: SLF001 -- see above
    KafkaError._TRANSPORT: "check KAFKA_BOOTSTRAP_SERVERS, KAFKA_SECURITY_PROTOCOL, network",  # noqa: SLF001 -- see above
    KafkaError._RESOLVE: "check the names in KAFKA_BOOTSTRAP_SERVERS",  # noqa: SLF001 -- see above
    KafkaError._ALL_BROKERS_DOWN: "check KAFKA_BOOTSTRAP_SERVERS and the network",  # noqa: SLF001 -- see above
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant READ on the topics, WRITE on the .dlq topic",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "grant READ on the consumer group",
}
"""What to look at first."""


def kafka_logger(
    monotonic_s: Callable[[], float] = time.monotonic, name: str = "librdkafka"
) -> logging.Logger:
    """For the client's `logger` property. One for each client: `name` tells them apart."""
    own = logging.Logger(name, logging.INFO)  # noqa: LOG001 -- not in the process-wide tree, where a second call would add a second handler
    own.addHandler(_KafkaHandler(monotonic_s))
    return own


class _KafkaHandler(logging.Handler):
    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        super().__init__()
        self._monotonic_s = monotonic_s
        self._limit = RateLimit()

    def emit(self, record: logging.LogRecord) -> None:
        """The first word of a line of librdkafka's is its kind: FAIL, CONFWARN, …"""
        text = record.getMessage()
        kind = (record.levelno, text.partition(" ")[0])
        kept_back = self._limit.passes(kind, self._monotonic_s())
        if kept_back is not None:
            logger().log(
                near_level(record.levelno),
                "kafka client reported",
                client=record.name,
                what=text,
                like_it_before=kept_back,
            )


@dataclass(slots=True)
class KafkaErrors:
    """For the client's `error_cb` property."""

    monotonic_s: Callable[[], float] = time.monotonic
    _limit: RateLimit = field(init=False, default_factory=RateLimit)

    def __call__(self, error: KafkaError) -> None:
        kept_back = self._limit.passes(error.code(), self.monotonic_s())
        if kept_back is None:
            return
        log = logger().error if error.fatal() else logger().warning
        log(
            "kafka client failed" if error.fatal() else "kafka client in trouble",
            code=error.name(),
            what=error.str(),
            hint=HINTS.get(error.code()),
            like_it_before=kept_back,
        )
