"""Whether requests are traced: only where OTEL_* asks for it, and then by the extra `otel`.

Off, nothing is imported, no header of a record is read, no object is made for a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Final, NamedTuple

from consumer.adapters.telemetry.logs import logger
from consumer.delivery.records import Headers
from consumer.ports import Senders

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
TRACEPARENT: Final = "traceparent"
"""The header of W3C's trace context, as OpenTelemetry's instrumentations of Kafka write it."""
LONGEST: Final = 256
"""Bytes of it that are looked at; W3C's first version has 55."""


class Tracing(NamedTuple):
    """What the service needs to trace its requests."""

    around: Callable[[Senders], Senders]
    traceparent_of: Callable[[Headers | None], bytes | None]


def asked_for(environ: Mapping[str, str]) -> bool:
    """As OpenTelemetry's SDKs have it; but without any of it, nothing is exported."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER")
    if exporter is not None:
        return exporter.strip().lower() not in {"", "none"}
    return any(environ.get(name) for name in ENDPOINTS)


def requested_tracing(environ: Mapping[str, str], closing: ExitStack) -> Tracing | None:
    """None where it is not asked for, or cannot be; what was recorded is sent by `closing`."""
    if not asked_for(environ):
        return None
    try:
        from consumer.adapters.telemetry.traces import (  # noqa: PLC0415 -- costs time and an extra
            TracedSenders,
            exporting_tracer,
        )
    except ImportError:
        advice = "install seek-signal-consumer[otel], or unset OTEL_*"
        logger().warning("traces not exported", advice=advice)
        return None
    tracer = exporting_tracer(environ.get("OTEL_TRACES_EXPORTER", "otlp"), closing)
    if tracer is None:
        advice = "OTEL_TRACES_EXPORTER may be otlp (by HTTP), console or none"
        logger().warning("traces not exported", advice=advice)
        return None
    logger().info("traces exported")
    return Tracing(partial(TracedSenders, tracer=tracer), traceparent_of)


def traceparent_of(headers: Headers | None) -> bytes | None:
    """As it is, unchecked; None where the record has none, or none that can be read."""
    for name, value in headers or ():
        if name == TRACEPARENT and value is not None and len(value) <= LONGEST:
            return value
    return None
