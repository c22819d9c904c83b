"""Properties of the Kafka client: the user's, our defaults, and those that are not for change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import SecretStr

from consumer.settings.names import KAFKA_PREFIX


class Default(NamedTuple):
    value: str
    reason: str


SHARED_DEFAULTS: Mapping[str, Default] = {
    "client.id": Default("seek-signals", "Shows in the broker's logs and quotas."),
    "socket.timeout.ms": Default(
        "10000", "Bounds the synchronous commit, which has no time-out of its own."
    ),
    "log.connection.close": Default("false", "Brokers close idle connections: no news."),
}

CONSUMER_DEFAULTS: Mapping[str, Default] = {
    "max.poll.interval.ms": Default("300000", "Kafka's own: the loop polls all the time."),
    "topic.metadata.refresh.interval.ms": Default(
        "30000", "A topic that was made, widened or granted is noticed soon; Kafka's own is 300000."
    ),
    "fetch.queue.backoff.ms": Default(
        "10", "librdkafka's 1000 halves the throughput once its queue was full (measured)."
    ),
    "queued.min.messages": Default(
        "5000", "Fetched ahead; each costs 400 bytes beside its own. librdkafka's default: 100000."
    ),
    "queued.max.messages.kbytes": Default(
        "8192", "Of these, 8 MiB at most, where librdkafka keeps 64."
    ),
    "fetch.max.bytes": Default(
        "524288",
        "One answer of a broker, on top of what was fetched ahead, and compressed: it may grow "
        "thirtyfold. librdkafka's default: 50 MiB.",
    ),
}

CLASSIC_DEFAULTS: Mapping[str, Default] = {
    "session.timeout.ms": Default("45000", "Kafka's own; the lease stays below it."),
    "partition.assignment.strategy": Default(
        "cooperative-sticky", "A rebalance takes only the partitions that move."
    ),
}
"""Refused by the client with `group.protocol=consumer`, where the broker decides."""

CLASSIC_ONLY = frozenset({*CLASSIC_DEFAULTS, "heartbeat.interval.ms", "group.protocol.type"})

OWNED_BY_CONSUMER: Mapping[str, Default] = {
    "enable.auto.commit": Default("false", "A commit follows acceptance by SEEK, nothing else."),
    "enable.auto.offset.store": Default("false", "A commit follows acceptance by SEEK."),
    "auto.offset.reset": Default(
        "error", "A reset would skip records silently; SEEK_SIGNALS_START says where to begin."
    ),
    "enable.partition.eof": Default(
        "true", "Shows the end of a topic with transactions, which ends in markers."
    ),
    "isolation.level": Default(
        "read_committed",
        "What an aborted transaction wrote, a replay's or the publisher's, never happened.",
    ),
}

OWNED_BY_PRODUCER: Mapping[str, Default] = {
    "enable.idempotence": Default("true", "A dead letter is written once."),
    "acks": Default("all", "A dead letter is settled only when it is safe."),
}

OWNED: Mapping[str, Default] = {**OWNED_BY_CONSUMER, **OWNED_BY_PRODUCER}

NOT_SETTABLE: Mapping[str, str] = {
    "transactional.id": "replays have a fixed one for each group, <group>.dlq",
}

CANONICAL: Mapping[str, str] = {
    "metadata.broker.list": "bootstrap.servers",
    "request.required.acks": "acks",
    "auto.commit.enable": "enable.auto.commit",
    "sasl.mechanism": "sasl.mechanisms",
    "log.level": "log_level",
    "delivery.timeout.ms": "message.timeout.ms",
}
"""Other names of the same properties; `log_level` is the one whose own name has an underscore."""

SECRET_PROPERTIES = frozenset(
    {
        "sasl.password",
        "sasl.oauthbearer.config",
        "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.client.credentials.client.secret",
        "sasl.oauthbearer.assertion.private.key.passphrase",
        "sasl.oauthbearer.assertion.private.key.pem",
        "ssl.key.password",
        "ssl.key.pem",
        "ssl.keystore.password",
    }
)
"""Never shown, and taken from a file as `KAFKA_…_FILE`."""

MESSAGE_MAX = "message.max.bytes"
_MESSAGE_MAX = range(1_000, 1_000_000_001)
"""What librdkafka takes for it."""

_CONSUMER_ONLY = """
auto.commit.interval.ms check.crcs consume.callback.max.messages coordinator.query.interval.ms
fetch.error.backoff.ms fetch.max.bytes fetch.message.max.bytes fetch.min.bytes
fetch.queue.backoff.ms fetch.wait.max.ms group.id group.instance.id group.protocol
group.remote.assignor heartbeat.interval.ms max.partition.fetch.bytes
max.poll.interval.ms partition.assignment.strategy queued.max.messages.kbytes
queued.min.messages session.timeout.ms
"""
CONSUMER_ONLY = frozenset(_CONSUMER_ONLY.split()) | frozenset(OWNED_BY_CONSUMER)

_PRODUCER_ONLY = """
batch.num.messages batch.size compression.codec compression.level compression.type
delivery.report.only.error linger.ms message.send.max.retries message.timeout.ms partitioner
queue.buffering.max.kbytes queue.buffering.max.messages queue.buffering.max.ms queuing.strategy
request.timeout.ms retries sticky.partitioning.linger.ms transaction.timeout.ms
"""
PRODUCER_ONLY = frozenset(_PRODUCER_ONLY.split()) | frozenset(OWNED_BY_PRODUCER)
"""The other side would log a warning for each of them, so it is not given them."""

_COMMON = """
bootstrap.servers client.rack security.protocol sasl.mechanisms sasl.username sasl.password
ssl.ca.location ssl.certificate.location ssl.key.location ssl.key.password
ssl.endpoint.identification.algorithm sasl.oauthbearer.method sasl.oauthbearer.client.id
sasl.oauthbearer.token.endpoint.url socket.keepalive.enable reconnect.backoff.max.ms
broker.address.family message.max.bytes receive.message.max.bytes debug
"""
COMMON = frozenset(_COMMON.split())

WELL_KNOWN = COMMON | CONSUMER_ONLY | PRODUCER_ONLY | frozenset(SHARED_DEFAULTS)
"""For suggestions only: what exists is for librdkafka to say."""


def property_name(setting: str) -> str:
    """`KAFKA_SASL_MECHANISM` → `sasl.mechanisms`."""
    name = setting.removeprefix(KAFKA_PREFIX).lower().replace("_", ".")
    return CANONICAL.get(name, name)


def setting_name(property_: str) -> str:
    return KAFKA_PREFIX + property_.upper().replace(".", "_")


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """What the Kafka clients are made of. Only `*_config` reveal secrets: never log those."""

    group_id: str
    plain: Mapping[str, str]
    """The user's properties, by librdkafka's names."""
    secret: Mapping[str, SecretStr]

    @property
    def new_protocol(self) -> bool:
        """Whether the group uses KIP-848's protocol."""
        return self.plain.get("group.protocol", "classic").lower() == "consumer"

    @property
    def max_poll_interval_s(self) -> float:
        return self._seconds("max.poll.interval.ms")

    @property
    def classic_session_timeout_s(self) -> float:
        return self._seconds("session.timeout.ms")

    @property
    def socket_timeout_s(self) -> float:
        return self._seconds("socket.timeout.ms")

    def consumer_config(self) -> dict[str, str]:
        """For `Consumer`: the user's properties over our defaults, under what is ours alone."""
        defaults = _values({**SHARED_DEFAULTS, **CONSUMER_DEFAULTS})
        if not self.new_protocol:
            defaults |= _values(CLASSIC_DEFAULTS)
        given = _without(self._given(), PRODUCER_ONLY)
        merged = defaults | given | _values(OWNED_BY_CONSUMER) | {"group.id": self.group_id}
        return merged | _smallest_message(merged)

    def producer_config(self) -> dict[str, str]:
        """For `Producer`, safe for dead letters: idempotent, `acks=all`."""
        given = _without(self._given(), CONSUMER_ONLY)
        return _values(SHARED_DEFAULTS) | given | _values(OWNED_BY_PRODUCER)

    def transactional_config(self, transactional_id: str, timeout_ms: int) -> dict[str, str]:
        """For the `Producer` that replays dead letters. A record that the topic takes is not
        to be refused by the client, whose own limit is lower."""
        given = {"message.max.bytes": "16777216", **self.producer_config()}
        ours = {
            "transactional.id": transactional_id,
            "transaction.timeout.ms": str(timeout_ms),
            "message.timeout.ms": str(timeout_ms // 2),
        }
        return given | ours

    def reading_config(self) -> dict[str, str]:
        """For a `Consumer` that only looks: joins no group, commits nothing, and where records
        have expired under it reads on with the oldest."""
        return self.consumer_config() | {
            "auto.offset.reset": "earliest",
            "queued.max.messages.kbytes": "16384",
            "fetch.wait.max.ms": "50",
        }

    def admin_config(self) -> dict[str, str]:
        given = _without(self._given(), CONSUMER_ONLY | PRODUCER_ONLY)
        return _values(SHARED_DEFAULTS) | given

    def _given(self) -> dict[str, str]:
        revealed = {name: secret.get_secret_value() for name, secret in self.secret.items()}
        return {**self.plain, **revealed}

    def _seconds(self, name: str) -> float:
        """Of a property in milliseconds; our default where the user's is no number (a fault)."""
        defaults = {**SHARED_DEFAULTS, **CONSUMER_DEFAULTS, **CLASSIC_DEFAULTS}
        try:
            return int(self.plain.get(name, defaults[name].value)) / 1000
        except ValueError:
            return int(defaults[name].value) / 1000


def _values(defaults: Mapping[str, Default]) -> dict[str, str]:
    return {name: default.value for name, default in defaults.items()}


def _smallest_message(config: Mapping[str, str]) -> dict[str, str]:
    """A consumer writes no messages, and librdkafka refuses one that fetches less than it may
    write. A value that is faulty stays, to be refused as that."""
    written = config.get(MESSAGE_MAX, "").strip() or str(_MESSAGE_MAX[0])
    faulty = not written.isdecimal() or int(written) not in _MESSAGE_MAX
    return {} if faulty else {MESSAGE_MAX: str(_MESSAGE_MAX[0])}


def _without(config: Mapping[str, str], left_out: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in config.items() if name not in left_out}
