"""Settings that are right alone and wrong together. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from consumer.settings.delivering import (
    BatchSettings,
    BoundSettings,
    PacingSettings,
    PoisonSettings,
    RequestSettings,
    StoppingSettings,
    WatchingSettings,
)
from consumer.settings.kafka import CLASSIC_ONLY, NOT_SETTABLE, OWNED, KafkaSettings, setting_name
from consumer.settings.sources import (
    LIVE_AUDIENCE,
    PLAYGROUND_AUDIENCE,
    RegistrySettings,
    SeekSettings,
    SourceSettings,
)
from consumer.settings.values import is_loopback


class Parts(Protocol):
    """What is checked: the whole `Settings`."""

    @property
    def kafka(self) -> KafkaSettings: ...
    @property
    def source(self) -> SourceSettings: ...
    @property
    def registry(self) -> RegistrySettings: ...
    @property
    def seek(self) -> SeekSettings: ...
    @property
    def request(self) -> RequestSettings: ...
    @property
    def batch(self) -> BatchSettings: ...
    @property
    def bounds(self) -> BoundSettings: ...
    @property
    def pacing(self) -> PacingSettings: ...
    @property
    def poison(self) -> PoisonSettings: ...
    @property
    def stopping(self) -> StoppingSettings: ...
    @property
    def watching(self) -> WatchingSettings: ...


class Clash(NamedTuple):
    names: frozenset[str]
    """The settings that are compared: where one of them is faulty itself, this is left out."""
    text: str


class _Bound(NamedTuple):
    name: str
    """A setting's name, or the sum of several."""
    value: float


def clashes(parts: Parts) -> Iterator[Clash]:
    for check in _CHECKS:
        yield from check(parts)


def _clash(*names: str, text: str) -> Clash:
    return Clash(frozenset(names), text)


def _below(low: _Bound, high: _Bound, why: str) -> Iterator[Clash]:
    if not low.value < high.value:
        yield _too_high(low, high, "must be below", why)


def _at_most(low: _Bound, high: _Bound, why: str) -> Iterator[Clash]:
    if low.value > high.value:
        yield _too_high(low, high, "must be at most", why)


def _too_high(low: _Bound, high: _Bound, relation: str, why: str) -> Clash:
    text = f"{low.name} ({low.value:g}) {relation} {high.name} ({high.value:g}): {why}"
    return _clash(*low.name.split(" + "), *high.name.split(" + "), text=text)


def _deadlines(parts: Parts) -> Iterator[Clash]:
    kafka, stopping, request = parts.kafka, parts.stopping, parts.request
    drain = _Bound("SEEK_SIGNALS_DRAIN_S", stopping.drain_s)
    total = _Bound("SEEK_SIGNALS_REQUEST_TOTAL_S", request.request_total_s)
    yield from _below(
        _Bound(f"{drain.name} + KAFKA_SOCKET_TIMEOUT_MS", drain.value + kafka.socket_timeout_s),
        _Bound("KAFKA_MAX_POLL_INTERVAL_MS", kafka.max_poll_interval_s),
        "a drain and the commit after it happen between two polls (here all in seconds)",
    )
    yield from _below(
        _Bound(f"{drain.name} + SEEK_SIGNALS_WATCHDOG_S", drain.value + stopping.watchdog_s),
        _Bound("SEEK_SIGNALS_GRACE_S", stopping.grace_s),
        "the pod must live until the drain is over",
    )
    yield from _below(total, drain, "a request that was just started must be able to land")
    yield from _at_most(
        _Bound("SEEK_SIGNALS_REQUEST_CONNECT_S", request.request_connect_s),
        total,
        "connecting is part of the request",
    )
    yield from _below(
        drain,
        _Bound("SEEK_SIGNALS_LIVE_WITHIN_S", parts.watching.live_within_s),
        "a drain must not look like a dead loop",
    )
    yield from _lease(parts)


def _lease(parts: Parts) -> Iterator[Clash]:
    session = _Bound("KAFKA_SESSION_TIMEOUT_MS", parts.kafka.classic_session_timeout_s)
    if parts.kafka.new_protocol:
        session = _Bound("SEEK_SIGNALS_SESSION_TIMEOUT_S", parts.source.session_timeout_s)
    yield from _below(
        _Bound("SEEK_SIGNALS_LEASE_S", parts.stopping.lease_s),
        session,
        "after the session another member sends these records; both here in seconds",
    )


def _sizes(parts: Parts) -> Iterator[Clash]:
    bounds, pacing = parts.bounds, parts.pacing
    per_partition = _Bound(
        "SEEK_SIGNALS_PENDING_RECORDS_PER_PARTITION", bounds.pending_records_per_partition
    )
    start = _Bound("SEEK_SIGNALS_IN_FLIGHT_START", pacing.in_flight_start)
    pairs = [
        (_Bound("SEEK_SIGNALS_BATCH_SIZE", parts.batch.batch_size), per_partition),
        (per_partition, _Bound("SEEK_SIGNALS_PENDING_RECORDS", bounds.pending_records)),
        (
            _Bound("SEEK_SIGNALS_RECORD_BYTES_MAX", parts.source.record_bytes_max),
            _Bound("SEEK_SIGNALS_PENDING_BYTES", bounds.pending_bytes),
        ),
        (_Bound("SEEK_SIGNALS_IN_FLIGHT_MIN", pacing.in_flight_min), start),
        (start, _Bound("SEEK_SIGNALS_IN_FLIGHT_MAX", pacing.in_flight_max)),
        (
            _Bound("SEEK_SIGNALS_HOLD_BASE_S", pacing.hold_base_s),
            _Bound("SEEK_SIGNALS_HOLD_MAX_S", pacing.hold_max_s),
        ),
        (
            _Bound("SEEK_SIGNALS_FLOOD_MIN", parts.poison.flood_min),
            _Bound("SEEK_SIGNALS_FLOOD_WINDOW", parts.poison.flood_window),
        ),
    ]
    for low, high in pairs:
        yield from _at_most(low, high, "the one is part of the other")


_TOPIC_SETTINGS = (
    "SEEK_SIGNALS_APPLICATION_STATUS_TOPICS",
    "SEEK_SIGNALS_POSITION_STATUS_TOPICS",
    "SEEK_SIGNALS_APPLICATION_COMPLETED_TOPICS",
)


def _topics(parts: Parts) -> Iterator[Clash]:
    source = parts.source
    if not source.sources:
        yield _clash(*_TOPIC_SETTINGS, text=f"no topic to read: set {' or '.join(_TOPIC_SETTINGS)}")
    for topic, times in Counter(source.sources).items():
        if times > 1:
            yield _clash(*_TOPIC_SETTINGS, text=f"topic {topic} is listed {times} times")
    for own in (source.dlq_topic, source.retry_topic, source.state_topic):
        if own in source.sources:
            text = f"topic {own} is written by this group, so it cannot be a source: {_LOOP}"
            yield _clash("SEEK_SIGNALS_GROUP", *_TOPIC_SETTINGS, text=text)


_LOOP = "it would read its own dead letters for ever"


def _owned_properties(parts: Parts) -> Iterator[Clash]:
    for property_, value in parts.kafka.plain.items():
        name = setting_name(property_)
        if property_ in NOT_SETTABLE:
            yield _clash(name, text=f"{name}: cannot be set: {NOT_SETTABLE[property_]}")
        owned = OWNED.get(property_)
        if owned is not None and value.lower() not in {owned.value, "-1" * (property_ == "acks")}:
            text = f"{name}: is always {owned.value} here, remove it. {owned.reason}"
            yield _clash(name, text=text)


def _protocol(parts: Parts) -> Iterator[Clash]:
    kafka = parts.kafka
    strategy = kafka.plain.get("partition.assignment.strategy")
    if kafka.new_protocol:
        for property_ in sorted(CLASSIC_ONLY & set(kafka.plain)):
            name = setting_name(property_)
            yield _clash(
                name,
                text=f"{name}: remove it, with KAFKA_GROUP_PROTOCOL=consumer the broker decides "
                "(state its session time-out as SEEK_SIGNALS_SESSION_TIMEOUT_S)",
            )
    elif strategy not in {None, "cooperative-sticky"}:
        name = "KAFKA_PARTITION_ASSIGNMENT_STRATEGY"
        yield _clash(name, text=f"{name}: only cooperative-sticky is supported; remove it")


def _audience(parts: Parts) -> Iterator[Clash]:
    seek = parts.seek
    names = ("SEEK_AUDIENCE", "SEEK_AUDIENCE_IS")
    known = {LIVE_AUDIENCE: "live", PLAYGROUND_AUDIENCE: "playground"}.get(seek.audience)
    if known is None and seek.audience_is is None:
        yield _clash(
            *names,
            text=f"SEEK_AUDIENCE is neither {LIVE_AUDIENCE} nor {PLAYGROUND_AUDIENCE}: "
            "say by SEEK_AUDIENCE_IS=live or =playground which of them it plays",
        )
    if known is not None and seek.audience_is not in {None, known}:
        yield _clash(*names, text=f"SEEK_AUDIENCE_IS: {seek.audience} is {known}; remove it")


def _registry(parts: Parts) -> Iterator[Clash]:
    registry = parts.registry
    if (registry.username is None) != (registry.password is None):
        text = "SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD go together: one is missing"
        yield _clash("SCHEMA_REGISTRY_USERNAME", "SCHEMA_REGISTRY_PASSWORD", text=text)
    if registry.ssl_key_location is not None and registry.ssl_certificate_location is None:
        text = "SCHEMA_REGISTRY_SSL_KEY_LOCATION needs SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION"
        yield _clash(*text.split(" needs "), text=text)


def _files(parts: Parts) -> Iterator[Clash]:
    registry = parts.registry
    paths = {
        "SEEK_SSL_CA_LOCATION": parts.seek.ssl_ca_location,
        "SCHEMA_REGISTRY_SSL_CA_LOCATION": registry.ssl_ca_location,
        "SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION": registry.ssl_certificate_location,
        "SCHEMA_REGISTRY_SSL_KEY_LOCATION": registry.ssl_key_location,
    }
    for name, path in paths.items():
        if path is not None and not _is_file(path):
            yield _clash(name, text=f"{name}: there is no file {path}")


_CHECKS: tuple[Callable[[Parts], Iterator[Clash]], ...] = (
    _deadlines,
    _sizes,
    _topics,
    _owned_properties,
    _protocol,
    _audience,
    _registry,
    _files,
)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # A name that is too long, say.
        return False


def warnings(parts: Parts) -> tuple[str, ...]:
    """What works and is still worth a line at the start."""
    return tuple(text for text, applies in _warnings(parts).items() if applies)


def _warnings(parts: Parts) -> dict[str, bool]:
    kafka, source, registry = parts.kafka, parts.source, parts.registry
    return {
        (
            "KAFKA_GROUP_INSTANCE_ID is set: static membership is for stable names (StatefulSet) "
            "only; two processes of one name fence each other"
        ): "group.instance.id" in kafka.plain,
        (
            "Kafka's password travels in plain text: use KAFKA_SECURITY_PROTOCOL=SASL_SSL"
        ): kafka.plain.get("security.protocol", "").upper() == "SASL_PLAINTEXT",
        (
            "the brokers' certificate is not checked, so anybody in between can pose as them: take "
            "out KAFKA_ENABLE_SSL_CERTIFICATE_VERIFICATION, "
            "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM"
        ): kafka.plain.get("enable.ssl.certificate.verification", "true").lower() != "true"
        or kafka.plain.get("ssl.endpoint.identification.algorithm", "https").lower() == "none",
        "the registry's password travels in plain text: use https:// in SCHEMA_REGISTRY_URL": (
            registry.password is not None
            and urlsplit(registry.url).scheme == "http"
            and not is_loopback(registry.url)
        ),
        (
            "SEEK_SIGNALS_START skips records and is not confirmed: a group without offsets will "
            "hold; confirm by SEEK_SIGNALS_START_CONFIRMED_UNTIL"
        ): source.start != "earliest" and source.start_confirmed_until is None,
        "SEEK_SIGNALS_LOG_REQUESTS is on: the log will hold candidates' data": (
            parts.request.log_requests
        ),
    }
