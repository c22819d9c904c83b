"""The composition root: settings → adapters → pipeline. The only place that wires."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from ssl import SSLContext
from typing import Final

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from consumer import __version__
from consumer.adapters.avro.event_schemas import schemas_folder
from consumer.adapters.avro.reader import AvroReader
from consumer.adapters.avro.registry import Registry, connect
from consumer.adapters.avro.schema_store import SchemaStore, StorePolicy
from consumer.adapters.clock import SystemClock
from consumer.adapters.exchanger import give_way_soon
from consumer.adapters.kafka.advice import Grantee
from consumer.adapters.kafka.dead_letters import KafkaDeadLetters
from consumer.adapters.kafka.source import KafkaSource, SourceOptions
from consumer.adapters.kafka.starts import StartAt, StartPolicy
from consumer.adapters.kafka.topic_ids import Identities, TopicIds
from consumer.adapters.memory import collect_rarely, give_memory_back
from consumer.adapters.seek.client import ClientOptions, SeekClient
from consumer.adapters.seek.credentials import ConfiguredCredentials
from consumer.adapters.seek.exchanges import WatchExchange
from consumer.adapters.seek.token import PartnerToken
from consumer.adapters.seek.token_endpoint import TokenEndpoint, TokenOptions
from consumer.adapters.seek.transport import HttpTransport, TransportLimits, verified_tls
from consumer.adapters.senders import SenderPool
from consumer.adapters.telemetry.exchange_log import log_exchange
from consumer.adapters.telemetry.kafka_logs import KafkaErrors, kafka_logger
from consumer.adapters.telemetry.logs import logger
from consumer.adapters.telemetry.schema_metrics import SchemaMetrics
from consumer.adapters.telemetry.token_metrics import TokenMetrics
from consumer.adapters.telemetry.tracing import Tracing, requested_tracing
from consumer.delivery.dead_letter import Envelope
from consumer.delivery.lease import Lease
from consumer.delivery.limits import FloodLimits, Limits, PacerLimits, SickLimits
from consumer.delivery.verdicts import AnswerPolicy
from consumer.domain.mapping import MappingPolicy
from consumer.errors import ExitCode
from consumer.observed import Telemetry
from consumer.pipeline import Parts, Pipeline
from consumer.settings.load import Settings
from consumer.watching import watch

USER_AGENT: Final = f"seek-signal-consumer/{__version__}"
STATS_EVERY_MS: Final = "5000"
"""How often librdkafka tells which brokers are connected."""


@dataclass(frozen=True, slots=True)
class Service:
    """All parts, connected to nothing yet but the ports that they listen on."""

    pipeline: Pipeline
    source: KafkaSource
    topics: tuple[str, ...]
    stopping_s: float
    """Longest time from the request to stop to the end of the process."""
    session_id: str
    """In every request to SEEK: by it SEEK's people find what this process sent."""

    def run(self, stop: threading.Event) -> ExitCode:
        """Turns until told to stop, then drains, commits and leaves the group."""
        self.source.subscribe(self.topics, self.pipeline)
        while not stop.is_set():
            self.pipeline.turn()
        self.pipeline.drain()
        self.source.close()
        return ExitCode.OK


def run_service(settings: Settings, stop: threading.Event) -> int:
    """Runs until `stop` is set. Raises what stops the service (`consumer.errors`)."""
    give_memory_back()
    collect_rarely()
    give_way_soon()
    with ExitStack() as closing:
        registry = connect(settings.registry.client_config())
        closing.callback(registry.close)
        traced = requested_tracing(os.environ, closing)
        service = closing.enter_context(assembled(settings, registry, tracing=traced))
        watchdog = threading.Thread(
            target=_end_in_time, args=(stop, service.stopping_s), name="watchdog", daemon=True
        )
        watchdog.start()
        logger().info(
            "service started",
            version=__version__,
            topics=service.topics,
            session_id=service.session_id,
        )
        code = service.run(stop)
    logger().info("service stopped")
    return code


@contextmanager
def assembled(
    settings: Settings,
    registry: Registry,
    watcher: Telemetry | None = None,
    identities: Identities | None = None,
    tracing: Tracing | None = None,
) -> Generator[Service]:
    """Built from the settings; `watcher` sees what the pipeline tells, beside the usual sinks.

    `identities`: None asks the brokers for the topics' ids. `tracing`: None traces nothing.
    """
    clock = SystemClock()
    with ExitStack() as closing:
        telemetry, metrics = watch(settings, clock, watcher, closing)
        store = closing.enter_context(SchemaStore(registry, clock, _store_policy(settings)))
        metrics.register(SchemaMetrics(store))
        lease = Lease(settings.stopping.lease_s)
        token = PartnerToken(token_endpoint(settings, clock, closing), clock)
        metrics.register(TokenMetrics(token))
        seek = _seek_client(settings, token, clock, closing)
        senders = SenderPool(seek, settings.pacing.in_flight_max, lease, clock)
        closing.callback(senders.close, 0.0)
        dead_letters = _dead_letters(settings)
        closing.callback(dead_letters.close, 1.0)
        source = _source(settings, clock, identities)
        parts = Parts(
            source=source,
            reader=AvroReader(store, settings.mapping, settings.source.record_bytes_max),
            senders=tracing.around(senders) if tracing else senders,
            dead_letters=dead_letters,
            clock=clock,
            telemetry=telemetry,
            lease=lease,
            envelope=_envelope(settings),
            traceparent_of=tracing.traceparent_of if tracing else None,
        )
        yield Service(
            pipeline=Pipeline(parts, limits_of(settings)),
            source=source,
            topics=(*settings.source.sources, settings.source.retry_topic),
            stopping_s=settings.stopping.drain_s + settings.stopping.watchdog_s,
            session_id=seek.options.session_id,
        )


def limits_of(settings: Settings) -> Limits:
    batch, bounds, pacing, poison = (
        settings.batch,
        settings.bounds,
        settings.pacing,
        settings.poison,
    )
    return Limits(
        batch_size=batch.batch_size,
        linger_s=batch.linger_s,
        pending_records=bounds.pending_records,
        pending_bytes=bounds.pending_bytes,
        pending_per_partition=bounds.pending_records_per_partition,
        exposed_per_partition=bounds.exposed_records_per_partition,
        commit_every_s=batch.commit_interval_s,
        commit_after=batch.commit_records,
        drain_s=settings.stopping.drain_s,
        lease_s=settings.stopping.lease_s,
        isolation_requests=poison.isolation_requests,
        forbidden_before_apart=poison.hirer_breaker_refusals,
        pacer=PacerLimits(
            in_flight_min=pacing.in_flight_min,
            in_flight_max=pacing.in_flight_max,
            in_flight_start=pacing.in_flight_start,
            hold_base_s=pacing.hold_base_s,
            hold_max_s=pacing.hold_max_s,
            auth_probe_s=pacing.auth_probe_s,
            rate_max_per_s=pacing.requests_per_s_max,
        ),
        sick=SickLimits(
            attempts=poison.sick_attempts,
            after_s=poison.sick_after_s,
            subjects_max=poison.sick_subjects_max,
        ),
        flood=FloodLimits(
            window=poison.flood_window,
            at_least=poison.flood_min,
            share=poison.flood_ratio,
            probe_s=poison.flood_probe_s,
        ),
    )


def _source(settings: Settings, clock: SystemClock, identities: Identities | None) -> KafkaSource:
    kafka = settings.kafka

    def make(callbacks: Mapping[str, object]) -> Consumer:
        ours = {"statistics.interval.ms": STATS_EVERY_MS}
        return Consumer(
            {**ours, **kafka.consumer_config(), **callbacks}, logger=kafka_logger(name="consumer")
        )

    admin = AdminClient({**kafka.admin_config()}, logger=kafka_logger(name="admin"))
    return KafkaSource(
        make,
        admin,
        identities or TopicIds(admin),
        _start_policy(settings),
        clock,
        SourceOptions(settings.batch.commit_metadata_bytes, _grantee(settings)),
    )


def _dead_letters(settings: Settings) -> KafkaDeadLetters:
    """One logger for all its producers, so that one after another is no storm of lines."""
    config = {**settings.kafka.producer_config(), "error_cb": KafkaErrors()}
    own = kafka_logger(name="dead-letters")
    return KafkaDeadLetters(lambda: Producer(config, logger=own), _grantee(settings))


def _grantee(settings: Settings) -> Grantee:
    return Grantee(settings.kafka.plain.get("sasl.username", ""), settings.source.group)


def _start_policy(settings: Settings) -> StartPolicy:
    source = settings.source
    until = source.start_confirmed_until
    at = StartAt.TIME if isinstance(source.start, datetime) else StartAt(source.start)
    return StartPolicy(
        at=at,
        time_ms=source.start_time_ms or 0,
        confirmed_until_ms=0 if until is None else round(until.timestamp() * 1000),
        retry_topic=source.retry_topic,
    )


def token_endpoint(settings: Settings, clock: SystemClock, closing: ExitStack) -> TokenEndpoint:
    seek = settings.seek
    credentials = ConfiguredCredentials(
        seek.client_id,
        seek.client_secret.get_secret_value(),
        seek.client_id_file,
        seek.client_secret_file,
    )
    options = TokenOptions(audience=seek.audience, user_agent=USER_AGENT)
    transport = transport_to(seek.token_url, settings, clock, closing)
    return TokenEndpoint(transport, credentials, options, clock, _exchange_watch(settings))


def _seek_client(
    settings: Settings, token: PartnerToken, clock: SystemClock, closing: ExitStack
) -> SeekClient:
    seek, request = settings.seek, settings.request
    options = ClientOptions(
        user_agent=USER_AGENT,
        policy=AnswerPolicy(
            playground=seek.playground,
            silence_is_acceptance=request.silence_is_acceptance,
            throttle_codes=frozenset(request.throttle_codes),
        ),
        total_s=request.request_total_s,
        retry_after_cap_s=settings.pacing.retry_after_max_s,
    )
    transport = transport_to(seek.endpoint, settings, clock, closing)
    return SeekClient(transport, token, options, clock, _exchange_watch(settings))


def transport_to(
    url: str, settings: Settings, clock: SystemClock, closing: ExitStack
) -> HttpTransport:
    limits = TransportLimits(connect_s=settings.request.request_connect_s)
    transport = HttpTransport(url, tls_of(settings), clock, limits)
    closing.callback(transport.close)
    return transport


def tls_of(settings: Settings) -> SSLContext:
    """Towards SEEK."""
    ca = settings.seek.ssl_ca_location
    return verified_tls(None if ca is None else str(ca))


def _exchange_watch(settings: Settings) -> WatchExchange | None:
    return log_exchange if settings.request.log_requests else None


def _store_policy(settings: Settings) -> StorePolicy:
    return StorePolicy(
        unknown_schema_after_s=settings.source.unknown_schema_s,
        ignore_types=frozenset(settings.source.ignore_types),
    )


def _envelope(settings: Settings) -> Envelope:
    return Envelope(
        topic=settings.source.dlq_topic,
        group=settings.source.group,
        retry_topic=settings.source.retry_topic,
        app_version=__version__,
        mapping_hash=mapping_hash(settings.mapping),
        connect_headers=settings.poison.dlq_connect_headers,
    )


def mapping_hash(policy: MappingPolicy) -> str:
    """What a record came to depends on these: the version, the event schemas, the policy."""
    schemas = (schemas_folder() / "HASHES").read_bytes()
    return hashlib.sha256(schemas + f"{__version__} {policy}".encode()).hexdigest()[:12]


def _end_in_time(
    stop: threading.Event, within_s: float, leave: Callable[[int], object] = os._exit
) -> None:
    """A daemon thread: does nothing when the process ends by itself."""
    stop.wait()
    if not threading.Event().wait(within_s):
        leave(ExitCode.DRAIN_OVERRAN)
