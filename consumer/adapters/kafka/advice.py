"""Kafka's error codes in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaError

OFFSETS_ADVICE: Final = (
    "stop all members, look at what the topic still holds, set the group's offsets "
    "(kafka-consumer-groups --reset-offsets), start again"
)

_ADVICE: Final[Mapping[int, tuple[str, str]]] = {
    KafkaError._ALL_BROKERS_DOWN: (
        "brokers_down",
        "no broker can be reached: check KAFKA_BOOTSTRAP_SERVERS, the network and the brokers",
    ),
    KafkaError._TRANSPORT: ("connection_failed", "a broker cannot be reached; retried for ever"),
    KafkaError._RESOLVE: (
        "name_not_resolved",
        "a broker's host name cannot be resolved: check KAFKA_BOOTSTRAP_SERVERS and DNS",
    ),
    KafkaError._AUTHENTICATION: (
        "authentication_failed",
        (
            "the brokers refuse the user or password: check KAFKA_SASL_USERNAME, "
            "KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM"
        ),
    ),
    KafkaError._SSL: (
        "tls_failed",
        (
            "the brokers' certificate has expired or is not trusted, or TLS is not spoken there: "
            "check KAFKA_SSL_CA_LOCATION and KAFKA_SECURITY_PROTOCOL"
        ),
    ),
    KafkaError.TOPIC_AUTHORIZATION_FAILED: (
        "topic_not_authorised",
        "grant Read and Describe on the topic to this user",
    ),
    KafkaError.GROUP_AUTHORIZATION_FAILED: (
        "group_not_authorised",
        "grant Read on the consumer group to this user",
    ),
    KafkaError.UNKNOWN_TOPIC_OR_PART: (
        "unknown_topic",
        "the topic does not exist (any more): create it, or take it out of the settings",
    ),
    KafkaError._UNKNOWN_TOPIC: (
        "unknown_topic",
        "the topic does not exist (any more): create it, or take it out of the settings",
    ),
    KafkaError._AUTO_OFFSET_RESET: (
        "offset_out_of_range",
        f"the next record is not in the topic any more; nothing is skipped: {OFFSETS_ADVICE}",
    ),
}


def name_of(error: KafkaError) -> str:
    """A stable code, in lower case."""
    if error.code() in _ADVICE:
        return _ADVICE[error.code()][0]
    return error.name().strip("_").lower()


def advice_for(error: KafkaError) -> str:
    if error.code() in _ADVICE:
        return _ADVICE[error.code()][1]
    return str(error.str())


@dataclass(frozen=True, slots=True)
class Grantee:
    """Who a missing right has to be granted to; empty where that is not known."""

    user: str = ""
    """Of SASL. With certificates or tokens only the brokers know the principal."""
    group: str = ""

    def to_read(self, error: KafkaError, topic: str) -> str:
        """What to do about an error met in reading `topic`, or in the group when it is empty."""
        match error.code():
            case KafkaError.GROUP_AUTHORIZATION_FAILED:
                return f"grant Read on the consumer group {self.group} to {self._principal}"
            case KafkaError.TOPIC_AUTHORIZATION_FAILED if topic:
                return f"grant Read on the topic {topic} to {self._principal}"
            case KafkaError.TOPIC_AUTHORIZATION_FAILED:  # KIP-848: the brokers name no topic.
                return (
                    f"grant Read on each topic of SEEK_SIGNALS_…_TOPICS and on {self.group}.retry "
                    f"to {self._principal}: without all of them the group does not take it in"
                )
            case KafkaError._AUTHENTICATION if self.user:
                return f"{advice_for(error)} (user {self.user})"
            case _:
                return advice_for(error)

    def to_write(self, error: KafkaError, topic: str) -> str:
        """What to do about an error met in writing to `topic`."""
        match error.code():
            case (
                KafkaError.TOPIC_AUTHORIZATION_FAILED
                | KafkaError.CLUSTER_AUTHORIZATION_FAILED  # No right to write anywhere.
            ):
                return f"grant Write on the topic {topic} to {self._principal}"
            case KafkaError.UNKNOWN_TOPIC_OR_PART | KafkaError._UNKNOWN_TOPIC:
                return f"create the topic {topic}"
            case _:
                return f"writing to {topic} failed: {advice_for(error)}"

    @property
    def _principal(self) -> str:
        return f"User:{self.user}" if self.user else "this service's principal"
