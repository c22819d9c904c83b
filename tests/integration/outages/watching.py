"""A running service as an operator sees it: its pages, its metrics, its log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from consumer.delivery.records import TopicPartition
from consumer.observed import HoldReason
from tests.faults.service import ServiceProcess

ANSWER_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Watch:
    process: ServiceProcess
    port: int

    @property
    def is_ready(self) -> bool:
        """False as well while nothing listens yet."""
        try:
            return self._get("/readyz")[0] == 200
        except (OSError, HTTPException):
            return False

    @property
    def is_live(self) -> bool:
        return self._get("/livez")[0] == 200

    @property
    def turned_s_ago(self) -> float:
        return float(json.loads(self._get("/livez")[1])["turned_s_ago"])

    def holds(self) -> list[dict[str, str]]:
        holds: list[dict[str, str]] = json.loads(self._get("/readyz")[1])["holds"]
        return holds

    def is_held(self, reason: HoldReason, topic: str | None = None) -> bool:
        """`topic`: held for it, or, with None, for anything."""
        return any(
            hold["reason"] == reason and topic in {None, hold.get("topic")} for hold in self.holds()
        )

    def held_for_s(self, reason: HoldReason) -> float:
        """The longest of that reason; 0 when there is none."""
        now = datetime.now(UTC)
        ages = [
            (now - datetime.fromisoformat(hold["since"])).total_seconds()
            for hold in self.holds()
            if hold["reason"] == reason
        ]
        return max(ages, default=0.0)

    def value(self, metric: str, **labels: str) -> float:
        """The sum of all its samples that have these labels."""
        return sum(
            sample.value
            for sample in self._samples(metric)
            if labels.items() <= sample.labels.items()
        )

    def by_place(self, metric: str) -> dict[TopicPartition, float]:
        return {
            TopicPartition(sample.labels["topic"], int(sample.labels["partition"])): sample.value
            for sample in self._samples(metric)
        }

    def lines(self) -> Iterator[dict[str, Any]]:
        """The log; a line that is no JSON, as of a crash, ends the test."""
        for line in self.process.said().splitlines():
            yield json.loads(line)

    def _samples(self, metric: str) -> Iterator[Sample]:
        text = self._get("/metrics")[1].decode()
        for family in text_string_to_metric_families(text):
            yield from (sample for sample in family.samples if sample.name == metric)

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
