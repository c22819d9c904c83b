"""Wires what watches the service: metrics, health, logs, and the survey of Kafka's logs."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, KafkaError
from confluent_kafka.admin import AdminClient
from prometheus_client import CollectorRegistry

from consumer.adapters.kafka.letter_survey import LetterSurvey
from consumer.adapters.kafka.survey import LogSurvey
from consumer.adapters.telemetry.fanout import both
from consumer.adapters.telemetry.health import Health
from consumer.adapters.telemetry.http import pages, serving
from consumer.adapters.telemetry.kafka_logs import kafka_logger
from consumer.adapters.telemetry.log_metrics import LogMetrics
from consumer.adapters.telemetry.logs import LoggingTelemetry, logger
from consumer.adapters.telemetry.metrics import prometheus_telemetry
from consumer.adapters.telemetry.rate_limit import RateLimit
from consumer.observed import Telemetry
from consumer.ports import Clock
from consumer.settings.load import Settings

_OF_ONE_MEMBER: Final = frozenset({"group.instance.id", "client.id", "client.rack"})


class Watch(NamedTuple):
    telemetry: Telemetry
    registry: CollectorRegistry
    """For further metrics."""


def watch(settings: Settings, clock: Clock, watcher: Telemetry | None, closing: ExitStack) -> Watch:
    """Serves metrics and health, and surveys the logs, until `closing` is closed.

    `BadConfigurationError` when the address cannot be listened on.
    """
    metrics = prometheus_telemetry(configuration=configuration_hash(settings))
    lateness = LogMetrics(lambda: survey.latest, lambda: clock.wall_ms() / 1000, clock.monotonic_s)
    health = Health(settings.watching.live_within_s, clock.monotonic_s, lateness.standing)
    survey = _survey(settings, lateness, clock)
    metrics.registry.register(lateness)
    survey.start()
    closing.callback(survey.close)
    host, to_serve = settings.watching.http_host, pages(metrics.page, health)
    port = closing.enter_context(serving(host, settings.watching.http_port, to_serve))
    logger().info("metrics and health served", host=host, port=port)
    sinks: list[Telemetry] = [metrics, lateness, health, LoggingTelemetry(clock.monotonic_s)]
    return Watch(both(*sinks, *([watcher] if watcher is not None else [])), metrics.registry)


def _survey(settings: Settings, lateness: LogMetrics, clock: Clock) -> LogSurvey:
    """Quiet: of what ails Kafka, the loop's own client tells."""
    silent: dict[str, Any] = {"error_cb": _said_elsewhere, "log_level": "0"}
    of_letters = {"group.id": settings.source.dlq_topic}  # Never joined; see LetterSurvey.
    config: dict[str, Any] = {**settings.kafka.reading_config(), **of_letters, **silent}
    own = kafka_logger(name="survey")
    admin = AdminClient({**settings.kafka.admin_config(), **silent}, logger=own)
    letters = LetterSurvey(settings.source.dlq_topic, _not_known, clock.wall_ms)
    return LogSurvey(
        lambda: Consumer(config, logger=own),
        admin,
        lateness.wanted,
        letters,
        clock,
        _SurveyFailed(clock),
    )


@dataclass(frozen=True, slots=True)
class _SurveyFailed:
    """Tells it once a minute."""

    clock: Clock
    limit: RateLimit = field(default_factory=RateLimit)

    def __call__(self, kind: str) -> None:
        kept_back = self.limit.passes(kind, self.clock.monotonic_s())
        if kept_back is not None:
            logger().error("survey of the logs failed", kind=kind, like_it_before=kept_back)


def _not_known(why: str) -> None:
    logger().warning("time to loss of dead letters not known", detail=why)


def _said_elsewhere(error: KafkaError) -> None:
    del error


def configuration_hash(settings: Settings) -> str:
    """The same for members that were configured alike; secrets do not go into it, nor what has
    to differ: who one is, and where one listens."""
    kafka = sorted(it for it in settings.kafka.plain.items() if it[0] not in _OF_ONE_MEMBER)
    watching = settings.watching
    sections = (
        settings.source,
        settings.registry,
        settings.seek,
        settings.request,
        settings.batch,
        settings.bounds,
        settings.pacing,
        settings.poison,
        settings.stopping,
        (watching.live_within_s, watching.log_level, watching.log_format),
    )
    return hashlib.sha256(repr((kafka, sections)).encode()).hexdigest()[:12]
