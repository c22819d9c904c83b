"""Kafka's error codes in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
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
            "the brokers' certificate is not trusted or TLS is not spoken there: check "
            "KAFKA_SSL_CA_LOCATION and KAFKA_SECURITY_PROTOCOL"
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
