"""Spans of requests, linked to the traces of the records that they carry."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

from consumer.adapters.telemetry.traces import TracedSenders, exporting_tracer
from consumer.adapters.telemetry.tracing import asked_for, requested_tracing, traceparent_of
from consumer.delivery.records import Headers
from consumer.delivery.verdicts import Accepted, Fault, Outage, Refusal, Refused, Verdict
from consumer.ports import Landed, Request
from tests.unit.delivery_samples import PlainRecord, record

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01".encode()
OTHER = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-00"


@dataclass
class _Senders:
    verdict: Verdict
    waiting: list[Request] = field(default_factory=list)

    def submit(self, request: Request) -> None:
        self.waiting.append(request)

    def landed(self, wait_s: float) -> Sequence[Landed]:
        del wait_s
        results = [Landed(it.batch_id, self.verdict, "request-1") for it in self.waiting]
        self.waiting = []
        return results


def _spans(verdict: Verdict, *traceparents: bytes) -> Sequence[ReadableSpan]:
    return _traced(verdict, *traceparents)[0]


def _traced(
    verdict: Verdict, *traceparents: bytes
) -> tuple[Sequence[ReadableSpan], Sequence[Landed]]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    senders = TracedSenders(_Senders(verdict), provider.get_tracer("test"))
    senders.submit(Request(7, [b"{}", b"{}", b"{}"], traceparents))
    assert exporter.get_finished_spans() == ()
    landed = senders.landed(0.0)
    assert len(landed) == 1
    return exporter.get_finished_spans(), landed


def test_a_request_is_linked_to_the_traces_of_its_records() -> None:
    (span,) = _spans(Accepted(), PARENT, OTHER)
    links = [(format_trace_id(it.context.trace_id), it.context) for it in span.links]
    assert [trace for trace, _ in links] == [TRACE, "a" * 32]
    assert format_span_id(links[0][1].span_id) == SPAN
    assert links[0][1].is_remote


def test_a_trace_of_many_records_is_linked_once() -> None:
    (span,) = _spans(Accepted(), PARENT, PARENT, PARENT)
    assert len(span.links) == 1


@pytest.mark.parametrize("odd", [b"", b"00-zz-yy-01", b"\xff\xfe", b"0" * 55, b"Jane Doe"])
def test_what_is_no_trace_context_is_left_out(odd: bytes) -> None:
    (span,) = _spans(Accepted(), odd, PARENT)
    assert len(span.links) == 1


def test_a_span_says_what_support_asks_for() -> None:
    (span,) = _spans(Accepted())
    assert span.name == "sendSignals"
    assert span.kind is SpanKind.CLIENT
    assert span.attributes == {
        "messaging.system": "kafka",
        "messaging.batch.message_count": 3,
        "seek_signals.batch_id": 7,
        "seek_signals.request_id": "request-1",
    }
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Outage(Fault.SERVER_FAULT, "HTTP 503", "of Jane Doe"), "server_fault"),
        (Refused(Refusal.FORBIDDEN, "FORBIDDEN", "of Jane Doe"), "forbidden"),
    ],
)
def test_a_failure_is_told_by_its_code_and_quotes_nothing(verdict: Verdict, code: str) -> None:
    (span,) = _spans(verdict, PARENT)
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == code
    assert "Jane" not in span.to_json()


def test_what_landed_names_the_trace_of_its_span_for_the_log() -> None:
    (span,), (landed,) = _traced(Accepted(), PARENT)
    context = span.get_span_context()
    assert context is not None
    assert landed.trace_id == format_trace_id(context.trace_id)
    assert (landed.batch_id, landed.request_id) == (7, "request-1")


def _with(headers: Headers) -> PlainRecord:
    return replace(record(), header_list=headers)


def test_the_header_of_a_record_is_found() -> None:
    assert traceparent_of([("x", b"y"), ("traceparent", PARENT)]) == PARENT
    assert traceparent_of([("x", b"y"), ("traceparent", None)]) is None
    assert traceparent_of([("traceparent", b"0" * 300)]) is None
    assert traceparent_of(None) is None


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "signals"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_traces_are_made_where_the_usual_variables_ask_for_them(
    environ: Mapping[str, str], *, asked: bool
) -> None:
    assert asked_for(environ) is asked


def test_an_exporter_that_is_not_known_is_told_and_stops_nothing() -> None:
    with ExitStack() as closing, structlog.testing.capture_logs() as lines:
        assert requested_tracing({"OTEL_TRACES_EXPORTER": "jaeger"}, closing) is None
    assert "otlp" in lines[0]["advice"]


def test_the_resource_is_named_and_can_be_renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ours")
    with ExitStack() as closing:
        tracer = exporting_tracer("console", closing)
        assert tracer is not None
        span = tracer.start_span("x")
        assert isinstance(span, ReadableSpan)
        assert span.resource.attributes["service.name"] == "ours"


def test_nothing_of_it_is_loaded_while_it_is_off() -> None:
    program = (
        "import sys; from contextlib import ExitStack; import consumer.app;"
        "from consumer.adapters.telemetry.tracing import requested_tracing;"
        "assert requested_tracing({}, ExitStack()) is None;"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], check=False)  # noqa: S603 -- our own code
    assert run.returncode == 0
