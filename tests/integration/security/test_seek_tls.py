"""A certificate of SEEK's that is not to be trusted: nothing is sent, and the hold says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from consumer.demo.balance import balance
from consumer.observed import HoldReason
from consumer.sandbox.server import RunningSandbox, running_sandbox
from tests.contract.scripted_server import Authority, make_authority
from tests.faults.scene import Scene, scene
from tests.integration.outages.stage import Stage, stage
from tests.testbed import KafkaCluster, Registry


@contextmanager
def seek_over_tls(it: Scene, authority: Authority, address: str) -> Iterator[RunningSandbox]:
    """At 127.0.0.1, with a certificate for `address`; it writes the scene's journal."""
    pem = authority.certify(address)
    config = replace(it.sandbox.config, tls_cert=pem, tls_key=pem, requests=None)
    with running_sandbox(config) as sandbox:
        yield sandbox


def hold_detail(staged: Stage) -> str:
    """Of the one line that tells of the hold: SEEK's token endpoint is met first."""
    staged.publish()
    staged.until_held(HoldReason.AUTH)
    began = [line for line in staged.watch.lines() if line["event"] == "hold began"]
    (detail,) = (line["detail"] for line in began if line["reason"] == HoldReason.AUTH)
    return str(detail)


@pytest.mark.parametrize(
    ("address", "trusted", "says"),
    [
        ("127.0.0.1", False, "unable to get local issuer certificate"),
        ("127.0.0.2", True, "certificate is not valid for '127.0.0.1'"),
    ],
    ids=["unknown authority", "certificate for another"],
)
def test_what_is_wrong_about_the_certificate_is_in_the_hold(
    kafka: KafkaCluster,
    registry: Registry,
    tmp_path: Path,
    address: str,
    says: str,
    *,
    trusted: bool,
) -> None:
    authority = make_authority(tmp_path)
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        seek_over_tls(it, authority, address) as sandbox,
    ):
        settings = {
            "SEEK_ENDPOINT": sandbox.graphql_url,
            "SEEK_TOKEN_URL": sandbox.token_url,
            "SEEK_SSL_CA_LOCATION": str(authority.ca_file) if trusted else "",
        }
        with stage(it, **settings) as staged:
            assert says in hold_detail(staged)
            assert it.oracle.letters == []
            assert sandbox.accepted == 0
            assert it.sandbox.config.client_secret not in staged.watch.process.said()


def test_with_the_right_authority_the_whole_way_is_encrypted(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    authority = make_authority(tmp_path)
    with (
        scene(kafka, registry, tmp_path, latency_s=0.0) as it,
        seek_over_tls(it, authority, "127.0.0.1") as sandbox,
    ):
        settings = {
            "SEEK_ENDPOINT": sandbox.graphql_url,
            "SEEK_TOKEN_URL": sandbox.token_url,
            "SEEK_SSL_CA_LOCATION": str(authority.ca_file),
        }
        with stage(it, **settings) as staged:
            staged.publish()
            staged.until_all_settled()
            assert list(balance(it.oracle.evidence()).faults) == []
