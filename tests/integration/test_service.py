"""The service as a process on real Kafka: bad input, and being stopped twice."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

from consumer.adapters.avro.registry import connect
from consumer.adapters.avro.writer import EventWriter
from consumer.demo.balance import balance
from consumer.demo.expectations import DemoEvent, Kind, ToBeAccepted, ToBeBuried
from consumer.demo.stream import believable_stream
from consumer.errors import ExitCode
from tests.faults.scene import Scene, scene
from tests.faults.service import service
from tests.testbed import KafkaCluster, Registry

SMALL_BYTES = 20_000
KIND = Kind.APPLICATION_STATUS_CHANGED
UNKNOWN_ID = 999_999


def _ordinary() -> DemoEvent:
    stream = believable_stream(seed=3, events=400, now_ms=time.time_ns() // 1_000_000)
    return next(
        event
        for event in stream
        if event.kind is KIND
        and isinstance(event.expectation, ToBeAccepted)
        and isinstance(event.value, dict)
        and event.value["seekToken"]
        and not event.value["candidateApplicationProfileId"]
    )


def _bad(it: Scene) -> list[DemoEvent]:
    """One of each kind of bad input, all on one key: so in one partition, one poll."""
    good = _ordinary()
    assert isinstance(good.value, dict)
    fields = dict(good.value)
    client = connect({"url": it.registry.url})
    encoded = EventWriter(client).encode(KIND, it.topics[KIND], fields)
    client.close()
    other = _foreign_schema(it, {"type": "record", "name": "SomethingElse", "fields": []})
    partial = _foreign_schema(it, {"type": "record", "name": "PositionStatusChanged", "fields": []})
    cases: dict[str, bytes | dict[str, object]] = {
        "no_bytes": b"",
        "bad_framing": b"garbage",
        "unknown_schema": b"\x00" + UNKNOWN_ID.to_bytes(4, "big") + encoded[5:],
        "unknown_record_type": b"\x00" + other.to_bytes(4, "big"),
        "incompatible_schema": b"\x00" + partial.to_bytes(4, "big"),
        "undecodable": encoded[:-3],
        "too_large": encoded + bytes(SMALL_BYTES),
        "blank_subject": fields | {"applicationId": " "},
        "blank_event_id": fields | {"eventId": ""},
        "blank_token": fields | {"seekToken": ""},
        "token_whitespace": fields | {"seekToken": "global-a b"},
        "blank_profile_id": fields | {"candidateApplicationProfileId": ""},
        "wrong_environment": fields | {"seekToken": "globalPublicTest-abc"},
    }
    return [
        good._replace(value=value, expectation=ToBeBuried(reason))
        for reason, value in cases.items()
    ]


def _foreign_schema(it: Scene, schema: dict[str, object]) -> int:
    client = connect({"url": it.registry.url})
    try:
        return client.register(f"foreign-{schema['name']}-{it.group}", json.dumps(schema))
    finally:
        client.close()


def test_each_bad_input_is_a_dead_letter_of_its_own_reason_and_harms_no_other(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with scene(kafka, registry, tmp_path, latency_s=0.0) as it:
        good, bad = _ordinary(), _bad(it)
        it.publisher.publish([good, *bad])
        assert it.publisher.failed == []
        environment = it.environment(
            SEEK_SIGNALS_UNKNOWN_SCHEMA_S="2", SEEK_SIGNALS_RECORD_BYTES_MAX=str(SMALL_BYTES)
        )
        with service(environment, tmp_path / "service.log") as process:
            process.until(lambda: it.oracle.finished, "finishing", meanwhile=it.oracle.look)
            assert process.terminate() == ExitCode.OK
        it.oracle.look()

        assert {letter.reason for letter in it.oracle.letters} == {
            event.expectation.reason for event in bad if isinstance(event.expectation, ToBeBuried)
        }
        assert list(balance(it.oracle.evidence()).faults) == []


def test_a_second_signal_ends_the_process_at_once(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with scene(kafka, registry, tmp_path, latency_s=0.0) as it:
        it.sandbox.set_faults([{"fault": "stall"}])
        it.publisher.publish([_ordinary()])
        with service(it.environment(), tmp_path / "service.log") as process:
            process.until(lambda: it.sandbox.stats()["inFlight"] > 0, "sending")
            process.send(signal.SIGTERM)
            began_s = time.monotonic()
            process.send(signal.SIGINT)  # Another one: the kernel merges two of a kind.
            assert process.ended() == ExitCode.INTERRUPTED
            assert time.monotonic() - began_s < float(it.environment()["SEEK_SIGNALS_DRAIN_S"])
        it.oracle.look()
        assert it.oracle.committed.get(it.oracle.places[0], 0) == 0
