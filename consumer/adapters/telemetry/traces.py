"""Spans of the requests to SEEK, each linked to the traces of the records that it carries.

Imported only where traces are asked for: it needs the extra `otel`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from threading import Thread
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SpanExporter,
)
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    format_trace_id,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from consumer import __version__
from consumer.delivery.verdicts import Accepted, NotStarted, Outage, Refused, Verdict
from consumer.ports import Landed, Request, Senders

NAME: Final = "seek-signals"
LAST_SPANS_S: Final = 2.0
"""For sending what is left at the end: traces are no reason to outlive the grace period."""

_READ: Final = TraceContextTextMapPropagator()


class TracedSenders:
    """Implements the port `Senders` around another; for the loop thread only.

    A span is from handing the batch over until its result is there; a batch that is sent again
    has a span for each request.
    """

    def __init__(self, inner: Senders, tracer: Tracer) -> None:
        self._inner, self._tracer = inner, tracer
        self._spans: dict[int, Span] = {}

    def submit(self, request: Request) -> None:
        self._spans[request.batch_id] = self._tracer.start_span(
            "sendSignals",
            kind=SpanKind.CLIENT,
            attributes={
                "messaging.system": "kafka",
                "messaging.batch.message_count": len(request.bodies),
                "seek_signals.batch_id": request.batch_id,
            },
            links=list(_links(request.traceparents)),
        )
        self._inner.submit(request)

    def landed(self, wait_s: float) -> Sequence[Landed]:
        return [self._ended(result) for result in self._inner.landed(wait_s)]

    def _ended(self, landed: Landed) -> Landed:
        span = self._spans.pop(landed.batch_id, None)
        if span is None:
            return landed
        _end(span, landed)
        return replace(landed, trace_id=format_trace_id(span.get_span_context().trace_id))


def exporting_tracer(exporter_name: str, closing: ExitStack) -> Tracer | None:
    """A tracer of a provider of our own; None for an exporter that is not known.

    Sampling, batching, endpoint and headers are OpenTelemetry's own OTEL_*.
    """
    exporter = _exporter(exporter_name.strip().lower())
    if exporter is None:
        return None
    named = Resource({"service.name": NAME, "service.version": __version__})
    # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say goes before it.
    resource = Resource.get_empty().merge(named).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    closing.callback(_shut_down, provider)
    return provider.get_tracer(NAME, __version__)


def _exporter(name: str) -> SpanExporter | None:
    if name == "otlp":
        return OTLPSpanExporter()
    return ConsoleSpanExporter() if name == "console" else None


def _shut_down(provider: TracerProvider) -> None:
    thread = Thread(target=provider.shutdown, name="last-spans", daemon=True)
    thread.start()
    thread.join(LAST_SPANS_S)


def _links(traceparents: Sequence[bytes]) -> Iterator[Link]:
    """One for each trace that the records came from; what is no trace context is left out."""
    for traceparent in dict.fromkeys(traceparents):
        carrier = {"traceparent": traceparent.decode("ascii", errors="replace")}
        context = get_current_span(_READ.extract(carrier)).get_span_context()
        if context.is_valid:
            yield Link(context)


def _end(span: Span, landed: Landed) -> None:
    """Nothing of SEEK's words and nothing of a record: codes of ours, and ids (P11)."""
    span.set_attribute("seek_signals.request_id", landed.request_id)
    trouble = _trouble(landed.verdict)
    if trouble:
        span.set_attribute("error.type", trouble)
        span.set_status(StatusCode.ERROR)
    span.end()


def _trouble(verdict: Verdict) -> str:
    match verdict:
        case Accepted():
            return ""
        case Refused():
            return verdict.refusal.value
        case Outage():
            return verdict.fault.value
        case NotStarted():
            return "not_started"
        case _:
            return type(verdict).__name__.lower()
