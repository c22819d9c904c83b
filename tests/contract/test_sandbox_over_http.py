"""The sandbox as a client sees it: tokens, GraphQL, files and figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from consumer.errors import BadConfigurationError
from consumer.sandbox.config import SandboxConfig
from consumer.sandbox.server import running_sandbox
from tests.contract.sandbox_partner import BATCH, Partner, codes, is_accepted, subjects, visiting
from tests.unit.sandbox_signals import complete, moved, moved_within_seek, opened

EXAMPLE = Path(__file__).parents[2] / "schemas" / "seek" / "example-send-signals.json"


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[Partner]:
    config = SandboxConfig(journal=tmp_path / "journal", requests=tmp_path / "requests")
    with running_sandbox(config) as sandbox, visiting(sandbox) as visitor:
        yield visitor


def test_a_batch_of_100_is_accepted_and_journaled(partner: Partner) -> None:
    tokens = [f"token-{number}" for number in range(97)]

    answer = partner.send(*map(moved, tokens), complete(), moved_within_seek(), opened())

    assert is_accepted(answer)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "requestLatency" in answer.json()["extensions"]
    assert partner.sandbox.accepted == 100
    assert subjects(partner.sandbox)[:97] == tokens


def test_seeks_own_example_is_valid_on_the_playground(partner: Partner) -> None:
    example = json.loads(EXAMPLE.read_text())["input"]
    partner.sign_in(playground=True)

    answer = partner.send_input(example)

    assert codes(answer) == ["FORBIDDEN"]
    assert partner.sandbox.stats()["validated"] == 2
    assert partner.sandbox.accepted == 0
    assert [entry["signal"] for entry in partner.sandbox.journal()] == example["signals"]


def test_seeks_own_example_is_not_for_a_live_bearer(partner: Partner) -> None:
    example = json.loads(EXAMPLE.read_text())["input"]

    assert codes(partner.send_input(example)) == ["UNAUTHENTICATED"]


def test_the_request_id_is_in_both_files(partner: Partner) -> None:
    payload = {"query": BATCH, "variables": {"input": {"signals": [moved()]}}}

    partner.post(payload, {"X-Request-Id": "id-1", "X-Session-Id": "session"})

    (entry,), (line,) = partner.sandbox.journal(), partner.sandbox.requests()
    assert (entry["requestId"], entry["sessionId"]) == ("id-1", "session")
    assert (line["requestId"], line["sessionId"]) == ("id-1", "session")
    assert line["monotonicMs"] <= entry["monotonicMs"]


@pytest.mark.parametrize(
    ("payload", "status", "code"),
    [
        ({"query": BATCH, "variables": "{}"}, 400, "BAD_REQUEST"),
        ({"query": "{"}, 400, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, 400, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": BATCH, "operationName": "other"}, 400, "BAD_REQUEST"),
        ({"query": BATCH}, 200, "BAD_USER_INPUT"),
        ({"query": BATCH, "variables": {"input": {"signals": []}}}, 200, "BAD_USER_INPUT"),
    ],
)
def test_a_request_that_cannot_be_run_says_why(
    partner: Partner, payload: object, status: int, code: str
) -> None:
    answer = partner.post(payload)

    assert (answer.status_code, codes(answer)) == (status, [code])


def test_without_a_bearer_nothing_is_looked_at(partner: Partner) -> None:
    answer = partner.http.post(partner.sandbox.graphql_url, json={"query": "{ nothing }"})

    assert codes(answer) == ["UNAUTHENTICATED"]
    assert answer.json()["errors"][0]["message"] == "Authorization header missing"


@pytest.mark.parametrize("content", [b"{", b"[]", b""])
def test_a_token_request_that_is_no_json_object_is_refused(
    partner: Partner, content: bytes
) -> None:
    assert partner.http.post(partner.sandbox.token_url, content=content).status_code == 400


def test_the_figures_tell_what_happened(partner: Partner) -> None:
    partner.send(moved(), opened())
    partner.send(moved("a b"))

    stats = partner.http.get(f"{partner.sandbox.base_url}/_sandbox/stats").json()

    assert stats == partner.sandbox.stats()
    assert (stats["requests"], stats["tokenRequests"], stats["signals"]) == (2, 1, 3)
    assert (stats["accepted"], stats["refused"]) == (2, {"BAD_USER_INPUT": 1})
    assert (stats["inFlight"], stats["peakInFlight"]) == (0, 1)


def test_a_place_that_is_not_there_says_what_is(partner: Partner) -> None:
    for answer in (
        partner.http.get(partner.sandbox.graphql_url),
        partner.http.post(f"{partner.sandbox.base_url}/graphq"),
    ):
        assert answer.status_code in {404, 405}
        assert "POST /graphql" in answer.json()["message"]


def test_the_other_media_type_and_a_size_limit_are_settings() -> None:
    config = SandboxConfig(graphql_media_type=True, max_body_bytes=2000)
    with running_sandbox(config) as sandbox, visiting(sandbox) as partner:
        small, large = partner.send(moved()), partner.send(*[moved()] * 50)

    assert small.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert is_accepted(small)
    assert (large.status_code, codes(large)) == (413, ["PAYLOAD_TOO_LARGE"])


def test_a_sandbox_that_has_stopped_can_still_be_asked() -> None:
    with running_sandbox(SandboxConfig()) as sandbox, visiting(sandbox) as partner:
        partner.send(moved())

    assert sandbox.accepted == 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.graphql_url, trust_env=False)


def test_a_port_that_is_taken_is_a_clear_line() -> None:
    with running_sandbox(SandboxConfig()) as sandbox:
        second = running_sandbox(SandboxConfig(port=sandbox.port))
        with pytest.raises(BadConfigurationError, match="choose another port") as refused, second:
            pytest.fail("two sandboxes on one port")

    assert str(sandbox.port) in refused.value.faults[0]
