"""A trace goes from a record's header to a collector, linked to the request that carried it."""

from __future__ import annotations

from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from consumer.errors import ExitCode
from tests.faults.collector import running_collector
from tests.faults.leaks import leaked_words, private_words
from tests.faults.scene import scene
from tests.faults.service import service
from tests.integration.outages.stage import acceptable_events
from tests.testbed import KafkaCluster, Registry

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_a_records_trace_is_linked_to_the_request_that_carried_it(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    kept = tmp_path / "traces"
    with running_collector(kept) as exporting, scene(kafka, registry, tmp_path, 0.0) as it:
        it.publisher.headers.append(("traceparent", f"00-{TRACE}-{PARENT}-01".encode()))
        stream = acceptable_events()
        events = [next(stream) for _ in range(20)]
        it.publisher.publish(events)
        settings = it.environment(KAFKA_SESSION_TIMEOUT_MS="30000", **exporting)
        with service(settings, tmp_path / "service.log") as process:
            process.until(lambda: it.oracle.finished, "all settled", meanwhile=it.oracle.look)
            assert process.terminate() == ExitCode.OK

    told = ExportTraceServiceRequest.FromString(kept.read_bytes())
    scopes = [scope for resource in told.resource_spans for scope in resource.scope_spans]
    spans = [span for scope in scopes for span in scope.spans]
    assert spans, process.said()
    assert {span.name for span in spans} == {"sendSignals"}
    links = {(link.trace_id.hex(), link.span_id.hex()) for span in spans for link in span.links}
    assert links == {(TRACE, PARENT)}
    words = [word for event in events for word in private_words(event)]
    assert words
    assert leaked_words({"traces": kept.read_bytes()}, words) == []
