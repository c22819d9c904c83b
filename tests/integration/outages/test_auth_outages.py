"""No token can be had: the endpoint is away, or the credentials are refused or cannot be read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from consumer.observed import HoldReason
from tests.faults.scene import scene
from tests.integration.outages.stage import Outage, endure, stage
from tests.testbed import KafkaCluster, Registry, running_proxy

REVOKED = {"fault": "revoke"}
"""So that a token is needed at once."""
NEW_SECRET = "rotated-secret"  # noqa: S105 -- no secret: the sandbox's


def test_a_token_endpoint_that_is_down_is_waited_out(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        running_proxy(("127.0.0.1", it.sandbox.port)) as endpoint,
    ):

        def go_down() -> None:
            endpoint.refuse()
            it.sandbox.set_faults([REVOKED])

        settings = {"SEEK_TOKEN_URL": f"http://{endpoint.address}/oauth/token"}
        with stage(it, **settings) as staged:
            outage = Outage(
                begin=go_down,
                end=endpoint.pass_on,
                reason=HoldReason.AUTH,
                says="token_endpoint: ConnectionRefusedError",
            )
            endure(staged, outage)


def test_a_token_endpoint_that_answers_a_page_is_waited_out(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    page = {"fault": "status", "status": 200, "body": "html", "on": "token"}
    with scene(kafka, registry, tmp_path, latency_s=0.0) as it, stage(it) as staged:
        outage = Outage(
            begin=lambda: it.sandbox.set_faults([page, REVOKED]),
            end=it.sandbox.clear_faults,
            reason=HoldReason.AUTH,
            says="token_endpoint: UNREADABLE",
        )
        endure(staged, outage)


@pytest.mark.parametrize(
    ("meanwhile", "says"),
    [
        pytest.param(None, "the token endpoint refused the credentials", id="refused"),
        pytest.param("", "is empty: write the credential into it", id="empty-file"),
    ],
)
def test_credentials_are_read_again_from_their_file_until_they_are_taken(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path, meanwhile: str | None, says: str
) -> None:
    """SEEK's side of the secret is replaced first, ours later."""
    file = tmp_path / "secret"
    with scene(kafka, registry, tmp_path, latency_s=0.0) as it:
        old = it.sandbox.config.client_secret
        file.write_text(old)

        def rotate() -> None:
            it.sandbox.set_faults([{"fault": "rotate", "clientSecret": NEW_SECRET}, REVOKED])
            file.write_text(old if meanwhile is None else meanwhile)

        with stage(it, SEEK_CLIENT_SECRET="", SEEK_CLIENT_SECRET_FILE=str(file)) as staged:
            outage = Outage(
                begin=rotate,
                end=lambda: file.write_text(f"{NEW_SECRET}\n"),
                reason=HoldReason.AUTH,
                says=says,
            )
            began_s = time.monotonic()
            endure(staged, outage)
            took_s = time.monotonic() - began_s
            asked = it.sandbox.stats()["tokenRequests"]
            said = staged.watch.process.said()

        # One probe a second, and two looks at the credentials in each.
        assert asked <= 4 + 2 * took_s
        assert old not in said
        assert NEW_SECRET not in said
