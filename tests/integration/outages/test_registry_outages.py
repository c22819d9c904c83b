"""The registry is away when a schema is needed: that topic waits, others go on."""

from __future__ import annotations

import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from consumer.demo.expectations import DemoEvent, Kind
from consumer.observed import HoldReason
from tests.faults.scene import Scene, scene
from tests.integration.outages.door import REFUSED_A_SECOND, door, served_with, untrusted
from tests.integration.outages.stage import (
    REBALANCES,
    Stage,
    acceptable_events,
    assert_alive,
    assert_told,
    stage,
)
from tests.testbed import KafkaCluster, Registry, make_certificates, running_proxy

HELD = Kind.APPLICATION_STATUS_CHANGED
FLOWING = Kind.POSITION_STATUS_CHANGED


class Gateway(ThreadingHTTPServer):
    """Stands before the registry; answers 503 while that is `away`, and counts."""

    daemon_threads = True

    def __init__(self, registry_url: str, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.registry_url = registry_url
        self.away = True
        self.asked = 0


class _Passing(BaseHTTPRequestHandler):
    server: Gateway

    def do_GET(self) -> None:
        self.server.asked += 1
        status, body = (503, b"{}") if self.server.away else self._from_registry()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
        """Nothing."""

    def _from_registry(self) -> tuple[int, bytes]:
        url = self.server.registry_url + self.path
        try:
            with urllib.request.urlopen(url) as answer:  # noqa: S310 -- ours, http
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


@contextmanager
def gateway(registry: Registry, tls: ssl.SSLContext | None = None) -> Iterator[Gateway]:
    with Gateway(registry.url, tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_a_registry_that_is_away_from_the_start_is_waited_out(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        gateway(registry) as front,
    ):
        url = f"http://127.0.0.1:{front.server_port}"
        with stage(it, SCHEMA_REGISTRY_URL=url) as staged:
            staged.publish()
            staged.until_held(HoldReason.REGISTRY)
            staged.until(lambda: front.asked >= 9, "asked again")
            staged.publish()
            _assert_waiting(staged)
            assert it.sandbox.accepted == 0
            # Two schemas a topic; of each three quick tries a look-up, in ever longer intervals.
            assert front.asked <= 60
            rebalances = staged.watch.value(REBALANCES)

            front.away = False
            _assert_recovered(staged, "HTTP 503", rebalances)


def test_a_registry_whose_certificate_is_not_to_be_trusted_is_waited_out(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    files = make_certificates(tmp_path / "tls")
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        gateway(registry, served_with(files.certificate, files.key)) as good,
        untrusted(files.expired, files.key, tmp_path / "other") as (expired, strange),
        door() as way,
    ):
        good.away = False
        way.lead_to(expired.port)
        settings = {
            "SCHEMA_REGISTRY_URL": f"https://{way.address}",
            "SCHEMA_REGISTRY_SSL_CA_LOCATION": str(files.authority),
        }
        with stage(it, **settings) as staged:
            began_s = time.monotonic()
            _publish_with_known_schemas(it, _of(HELD))  # One that is unknown, so one hold.
            staged.until_held(HoldReason.REGISTRY)
            staged.until(lambda: expired.connections >= 4, "asked again")
            way.lead_to(strange.port)
            staged.until(lambda: strange.connections >= 2, "asked the next one")
            _assert_waiting(staged)
            assert it.sandbox.accepted == good.asked == 0
            asked = expired.connections + strange.connections
            assert asked <= REFUSED_A_SECOND * (time.monotonic() - began_s)
            rebalances = staged.watch.value(REBALANCES)

            way.lead_to(good.server_port)
            _assert_recovered(staged, "certificate has expired", rebalances)


def test_a_new_schema_waits_for_the_registry_while_all_else_goes_on(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        running_proxy(("127.0.0.1", registry.port)) as front,
    ):
        url = registry.url.replace(str(registry.port), str(front.port))
        with stage(it, SCHEMA_REGISTRY_URL=url) as staged:
            held, flowing = _of(HELD), _of(FLOWING)
            _publish_with_known_schemas(it, held, flowing)
            staged.until_all_settled()
            rebalances = staged.watch.value(REBALANCES)
            front.refuse()
            _publish_with_known_schemas(it, held, flowing)
            staged.until_all_settled()
            assert staged.watch.holds() == []

            # Of two the second has the schema that was never seen; a third waits behind it.
            it.publisher.publish([next(held) for _ in range(3)])
            staged.until(
                lambda: staged.watch.is_held(HoldReason.REGISTRY, it.topics[HELD]),
                "that topic held",
            )
            accepted = it.sandbox.accepted
            for _ in range(3):
                _publish_with_known_schemas(it, flowing)
            staged.until(lambda: it.sandbox.accepted >= accepted + 3, "the other topic going on")
            assert not staged.watch.is_held(HoldReason.REGISTRY, it.topics[FLOWING])
            _assert_waiting(staged)

            front.pass_on()
            _assert_recovered(staged, "refused", rebalances)


def _of(kind: Kind) -> Iterator[DemoEvent]:
    return (event for event in acceptable_events() if event.kind is kind)


def _publish_with_known_schemas(it: Scene, *streams: Iterator[DemoEvent]) -> None:
    """One by one: the foreign publisher writes each second event with an evolved schema."""
    for stream in streams:
        it.publisher.publish([next(stream)])


def _assert_waiting(staged: Stage) -> None:
    watch = staged.watch
    staged.it.oracle.look()
    assert not staged.it.oracle.finished
    assert_alive(watch)
    assert watch.value("seek_signals_hold", reason=HoldReason.REGISTRY) == 1
    assert watch.value("seek_signals_partitions_paused") > 0


def _assert_recovered(staged: Stage, says: str, rebalances: float) -> None:
    staged.assert_recovered()
    assert staged.watch.value(REBALANCES) == rebalances
    assert_told(staged.watch, HoldReason.REGISTRY, says)
