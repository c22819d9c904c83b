"""When the token for SEEK ends: an expired one that is not renewed says that something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from consumer.adapters.telemetry.names import Metric


class TokenMetrics(Collector):
    def __init__(self, expires_at_ms: Callable[[], int | None]) -> None:
        """`expires_at_ms`: wall time; None while there is no token."""
        self._expires_at_ms = expires_at_ms

    def collect(self) -> Iterable[Family]:
        """No sample while there is no token."""
        family = GaugeMetricFamily(Metric.TOKEN_EXPIRY.value, "When the token for SEEK ends.")
        at_ms = self._expires_at_ms()
        if at_ms is not None:
            family.add_metric([], at_ms / 1000)
        yield family
