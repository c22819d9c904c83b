"""Health and metrics, asked for over HTTP."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, RemoteDisconnected

import pytest
import structlog
import structlog.testing

from consumer.adapters.telemetry.health import Health
from consumer.adapters.telemetry.http import pages, serving
from consumer.delivery.records import TopicPartition
from consumer.errors import BadConfigurationError
from consumer.observed import Hold, HoldReason, Standing
from tests.unit.telemetry_samples import snapshot


@dataclass
class Watch:
    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(frozen=True)
class Service:
    health: Health
    watch: Watch
    port: int
    standing: list[Standing] = field(default_factory=list[Standing])

    def get(self, path: str, method: str = "GET") -> tuple[int, str, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
        finally:
            connection.close()

    def get_json(self, path: str) -> tuple[int, dict[str, object]]:
        status, _, body = self.get(path)
        return status, json.loads(body)


@pytest.fixture
def service() -> Iterator[Service]:
    watch, standing = Watch(), list[Standing]()
    health = Health(60.0, watch, lambda: standing)
    with serving("127.0.0.1", 0, pages(lambda: b"metric 1\n", health)) as port:
        yield Service(health, watch, port, standing)


def test_metrics_are_served_as_prometheus_wants_them(service: Service) -> None:
    status, content_type, body = service.get("/metrics")

    assert status == 200
    assert content_type.startswith("text/plain; version=")
    assert body == "metric 1\n"


def test_the_index_leads_to_the_rest(service: Service) -> None:
    status, content_type, body = service.get("/")

    assert status == 200
    assert content_type.startswith("text/html")
    assert all(f'href="{path}"' in body for path in ("/metrics", "/livez", "/readyz"))


def test_a_loop_that_turns_lives(service: Service) -> None:
    service.health.show(snapshot(turned_at_s=100.0))
    service.watch.now_s = 160.0

    assert service.get_json("/livez") == (200, {"live": True, "turned_s_ago": 60.0})


def test_a_loop_that_stands_does_not(service: Service) -> None:
    service.health.show(snapshot(turned_at_s=100.0))
    service.watch.now_s = 160.5

    assert service.get_json("/livez") == (503, {"live": False, "turned_s_ago": 60.5})


def test_a_start_lives_as_long_as_a_turn_may_take(service: Service) -> None:
    assert service.get_json("/livez")[0] == 200
    service.watch.now_s = 161.0
    assert service.get_json("/livez")[0] == 503


def test_before_it_is_a_member_it_is_not_ready(service: Service) -> None:
    starting = service.get_json("/readyz")
    service.health.show(snapshot(member=False))

    assert starting == service.get_json("/readyz")
    assert starting[0] == 503
    assert starting[1]["ready"] is False


def test_a_member_is_ready(service: Service) -> None:
    service.health.show(snapshot())

    assert service.get_json("/readyz?verbose=1") == (
        200,
        {"ready": True, "holds": [], "standing": []},
    )


def test_holds_are_told_and_leave_it_ready(service: Service) -> None:
    """Or a rollout that carries the cure could not finish."""
    service.health.show(
        snapshot(
            holds=(
                Hold(HoldReason.SEEK, None, 1_769_850_000_000, "HTTP 503"),
                Hold(HoldReason.FLOOD, "moves", 1_769_850_001_500, "refused"),
            )
        )
    )

    assert service.get_json("/readyz") == (
        200,
        {
            "ready": True,
            "holds": [
                {"reason": "seek", "since": "2026-01-31T09:00:00+00:00", "detail": "HTTP 503"},
                {
                    "reason": "flood",
                    "since": "2026-01-31T09:00:01.500000+00:00",
                    "detail": "refused",
                    "topic": "moves",
                },
            ],
            "standing": [],
        },
    )


def test_partitions_that_stand_still_are_told_and_leave_it_ready(service: Service) -> None:
    service.health.show(snapshot())
    service.standing[:] = [
        Standing(TopicPartition("moves", 3), 901.4, "exposed"),
        Standing(TopicPartition("moves", 4), 70.0, ""),
    ]

    status, body = service.get_json("/readyz")
    assert status == 200
    assert body["standing"] == [
        {"topic": "moves", "partition": 3, "seconds": 901, "waits_for": "exposed"},
        {"topic": "moves", "partition": 4, "seconds": 70},
    ]


def test_there_is_nothing_else(service: Service) -> None:
    assert service.get("/etc/passwd")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_get_is_answered(service: Service, method: str) -> None:
    assert service.get("/livez", method)[0] == 501


def test_one_slow_client_does_not_keep_others_waiting(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as idle:
        idle.sendall(b"GET /metrics HTTP/1.1\r\n")
        assert service.get("/livez")[0] == 200


def test_a_page_that_fails_does_not_end_the_server() -> None:
    def breaks() -> bytes:
        raise ValueError

    health = Health(60.0, Watch(), list)
    with serving("127.0.0.1", 0, pages(breaks, health)) as port:
        service = Service(health, Watch(), port)
        with pytest.raises(RemoteDisconnected), structlog.testing.capture_logs() as told:
            service.get("/metrics")
        assert service.get("/livez")[0] == 200
    assert told == [{"event": "page failed", "kind": "ValueError", "log_level": "error"}]


def test_a_port_that_is_taken_is_a_fault_that_names_its_setting(service: Service) -> None:
    with (
        pytest.raises(BadConfigurationError, match=r"SEEK_SIGNALS_HTTP_PORT.*Address already"),
        serving("127.0.0.1", service.port, pages(lambda: b"", service.health)),
    ):
        pass
