"""What runs here, as labels of a metric."""

from __future__ import annotations

import platform

import confluent_kafka
from prometheus_client import CollectorRegistry, Info

from consumer import __version__
from consumer.adapters.telemetry.names import Metric


def tell_build(registry: CollectorRegistry, configuration: str) -> None:
    info = Info(Metric.BUILD_INFO.removesuffix("_info"), "What runs here.", registry=registry)
    versions = {
        "version": __version__,
        "librdkafka": confluent_kafka.libversion()[0],
        "python": platform.python_version(),
        "configuration": configuration,
    }
    info.info(versions)
