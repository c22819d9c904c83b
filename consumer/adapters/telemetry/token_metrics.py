"""When the token for SEEK ends, and what came of asking for one: an expired one that is not renewed
says that something is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from consumer.adapters.telemetry.names import Metric


class Tokens(Protocol):
    """Asked by any thread."""

    @property
    def expires_at_ms(self) -> int | None:
        """Wall time; None while there is no token."""
        ...

    @property
    def refreshes(self) -> Mapping[str, int]:
        """By outcome, of a closed set."""
        ...


class TokenMetrics(Collector):
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def collect(self) -> Iterable[Family]:
        """No sample of an expiry while there is no token."""
        expiry = GaugeMetricFamily(Metric.TOKEN_EXPIRY.value, "When the token for SEEK ends.")
        at_ms = self._tokens.expires_at_ms
        if at_ms is not None:
            expiry.add_metric([], at_ms / 1000)
        refreshes = CounterMetricFamily(
            Metric.TOKEN_REFRESHES.value, "Tokens asked for.", labels=["outcome"]
        )
        for outcome, count in self._tokens.refreshes.items():
            refreshes.add_metric([outcome], count)
        yield from (expiry, refreshes)
