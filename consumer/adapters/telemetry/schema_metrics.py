"""How many schemas are at hand, and what the registry answered when asked for others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from consumer.adapters.telemetry.names import Metric


class Schemas(Protocol):
    """Asked by any thread."""

    @property
    def at_hand(self) -> int: ...

    @property
    def lookups(self) -> Mapping[str, int]:
        """By what the registry answered, of a closed set."""
        ...


class SchemaMetrics(Collector):
    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def collect(self) -> Iterable[Family]:
        yield GaugeMetricFamily(
            Metric.SCHEMA_CACHE_SIZE.value, "Schemas at hand.", value=self._schemas.at_hand
        )
        lookups = CounterMetricFamily(
            Metric.SCHEMA_LOOKUPS.value, "Questions to the registry.", labels=["outcome"]
        )
        for outcome, count in self._schemas.lookups.items():
            lookups.add_metric([outcome], count)
        yield lookups
