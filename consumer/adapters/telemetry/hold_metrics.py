"""How long was held, the holds that are on included: a hold of two days is no news of its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Lock

from prometheus_client.core import CounterMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from consumer.adapters.telemetry.names import Metric
from consumer.observed import HoldBegan, HoldEnded, HoldReason


class HoldSeconds(Collector):
    """`began` and `ended` belong to the loop thread, `collect` to any."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._lock = Lock()
        self._begun_at_s: dict[tuple[HoldReason, str | None], float] = {}
        self._over_s = dict.fromkeys(HoldReason, 0.0)
        self._shown_s = dict.fromkeys(HoldReason, 0.0)

    def began(self, hold: HoldBegan) -> None:
        with self._lock:
            self._begun_at_s[hold.reason, hold.topic] = self._monotonic_s()

    def ended(self, hold: HoldEnded) -> None:
        with self._lock:
            self._begun_at_s.pop((hold.reason, hold.topic), None)
            self._over_s[hold.reason] += hold.seconds

    def collect(self) -> Iterable[Family]:
        family = CounterMetricFamily(
            Metric.HOLD_SECONDS.value, "Time held, added up over topics.", labels=["reason"]
        )
        for reason, seconds in self._seconds().items():
            family.add_metric([reason.value], seconds)
        yield family

    def _seconds(self) -> Mapping[HoldReason, float]:
        """Never less than before, as a counter that fell would count from 0 again: the end of a
        hold is measured by another clock, a moment before it is told."""
        with self._lock:
            now_s, seconds = self._monotonic_s(), dict(self._over_s)
            for (reason, _), begun_at_s in self._begun_at_s.items():
                seconds[reason] += now_s - begun_at_s
            self._shown_s = {r: max(self._shown_s[r], seconds[r]) for r in HoldReason}
            return self._shown_s
