"""Whole requests and answers as log lines, for development: candidates' data, no credentials."""

from __future__ import annotations

from consumer.adapters.seek.exchanges import Exchange
from consumer.adapters.telemetry.logs import logger


def log_exchange(exchange: Exchange) -> None:
    logger().warning("exchange with SEEK", **exchange._asdict())
