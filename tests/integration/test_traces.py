"""A trace goes from a record's header to a collector, linked to the request that carried it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from consumer.errors import ExitCode
from tests.faults.scene import scene
from tests.faults.service import service
from tests.integration.outages.stage import acceptable_events
from tests.testbed import KafkaCluster, Registry

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@contextmanager
def _collector() -> Iterator[tuple[str, list[Span]]]:
    """Its address, and the spans that it was given so far."""
    spans: list[Span] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            told = ExportTraceServiceRequest.FromString(self.rfile.read(size))
            spans.extend(
                span
                for resource in told.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
            )
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", spans
        server.shutdown()


def test_a_records_trace_is_linked_to_the_request_that_carried_it(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with _collector() as (url, spans), scene(kafka, registry, tmp_path, 0.0) as it:
        it.publisher.headers.append(("traceparent", f"00-{TRACE}-{PARENT}-01".encode()))
        events = acceptable_events()
        it.publisher.publish([next(events) for _ in range(20)])
        settings = it.environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=url,
            OTEL_EXPORTER_OTLP_COMPRESSION="none",
            KAFKA_SESSION_TIMEOUT_MS="30000",
        )
        with service(settings, tmp_path / "service.log") as process:
            process.until(lambda: it.oracle.finished, "all settled", meanwhile=it.oracle.look)
            assert process.terminate() == ExitCode.OK

    assert spans, process.said()
    assert {span.name for span in spans} == {"sendSignals"}
    links = {(link.trace_id.hex(), link.span_id.hex()) for span in spans for link in span.links}
    assert links == {(TRACE, PARENT)}
