"""Kafka over TLS with a login and least privilege: what is enough, and what is said of the rest.

A right that is missing is a hold and not an exit: the process waits, says what to grant and
to whom, and goes on by itself once it is granted.
"""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import pytest

from consumer.demo.balance import balance
from consumer.demo.expectations import Kind
from consumer.observed import HoldReason
from tests.integration.outages.door import REFUSED_A_SECOND, door, untrusted
from tests.integration.security.access import FEW_LINES, Running, access, events, running
from tests.testbed import KafkaCluster, Registry

KIP_848 = {
    "KAFKA_GROUP_PROTOCOL": "consumer",
    "KAFKA_SESSION_TIMEOUT_MS": "",
    "KAFKA_HEARTBEAT_INTERVAL_MS": "",
}


def assert_all_settled(it: Running) -> None:
    it.until_settled()
    it.until_released()
    assert list(balance(it.access.it.oracle.evidence()).faults) == []


@pytest.mark.parametrize("protocol", [{}, KIP_848], ids=["classic", "KIP-848"])
def test_the_least_rights_are_enough_for_the_whole_way(
    guarded: KafkaCluster, registry: Registry, tmp_path: Path, protocol: dict[str, str]
) -> None:
    with access(guarded, registry, tmp_path) as granted:
        granted.grant(*granted.least().values())
        with running(granted, **protocol) as it:
            assert_all_settled(it)
            assert len(granted.it.oracle.letters) > 0
            assert f"{granted.it.group}.retry/0" in it.process.said()
            unwatched = f"is Describe on the group {granted.it.group}.dlq granted?"
            it.until(lambda: unwatched in it.process.said(), unwatched)

        said = it.process.said()
        assert '"reason": "kafka"' not in said
        assert '"reason": "dead_letters"' not in said
        assert said.count(unwatched) == 1


@pytest.mark.parametrize(
    ("missing", "reason", "says"),
    [
        ("group", HoldReason.KAFKA, "grant Read on the consumer group {name} to User:{user}"),
        (
            Kind.APPLICATION_STATUS_CHANGED.value,
            HoldReason.KAFKA,
            "grant Read on the topic {name} to User:{user}",
        ),
        (
            "dead letters",
            HoldReason.DEAD_LETTERS,
            "grant Write on the topic {name} to User:{user}",
        ),
    ],
)
def test_without_a_right_one_line_says_what_to_grant_and_it_goes_on_when_granted(
    guarded: KafkaCluster,
    registry: Registry,
    tmp_path: Path,
    missing: str,
    reason: HoldReason,
    says: str,
) -> None:
    with access(guarded, registry, tmp_path) as granted:
        rights = granted.least()
        withheld = rights.pop(missing)
        granted.grant(*rights.values())
        with running(granted) as it:
            it.told_of_hold(reason, says.format(name=withheld.name, user=granted.user))
            assert it.watch.is_ready is (missing != "group")

            granted.grant(withheld)
            assert_all_settled(it)


def test_with_kip_848_a_topic_that_may_not_be_read_holds_the_whole_group(
    guarded: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    """The brokers do not say which: the line names where to look."""
    with access(guarded, registry, tmp_path) as granted:
        rights = granted.least()
        withheld = rights.pop("retry")
        granted.grant(*rights.values())
        with running(granted, **KIP_848) as it:
            it.told_of_hold(
                HoldReason.KAFKA,
                f"SEEK_SIGNALS_…_TOPICS and on {withheld.name} to User:{granted.user}",
            )

            granted.grant(withheld)
            assert_all_settled(it)


def test_a_right_that_is_taken_away_and_given_back_leaves_no_hold(
    guarded: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with access(guarded, registry, tmp_path) as granted:
        rights = granted.least()
        granted.grant(*rights.values())
        with running(granted) as it:
            assert_all_settled(it)

            granted.revoke(rights[Kind.POSITION_STATUS_CHANGED.value])
            granted.it.publisher.publish(events(seed=4))
            it.told_of_hold(HoldReason.KAFKA, rights[Kind.POSITION_STATUS_CHANGED.value].name)

            granted.grant(rights[Kind.POSITION_STATUS_CHANGED.value])
            assert_all_settled(it)


def test_a_wrong_password_is_one_clear_line_and_ends_when_the_brokers_take_it(
    guarded: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with access(guarded, registry, tmp_path) as granted:
        granted.grant(*granted.least().values())
        wrong = secrets.token_hex(12)
        with running(granted, KAFKA_SASL_PASSWORD=wrong) as it:
            it.told_of_hold(
                HoldReason.KAFKA,
                f"KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM (user {granted.user})",
            )
            assert not it.watch.is_ready

            granted.set_password(wrong)
            assert_all_settled(it)
        for secret in (wrong, granted.password):
            assert secret not in it.process.said()


def test_a_certificate_that_is_not_to_be_trusted_is_one_clear_line_and_no_storm(
    guarded: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    """It has expired; then it is of an authority that nobody told of; then it is replaced."""
    assert guarded.ca_file is not None
    tls = guarded.ca_file.parent
    with (
        access(guarded, registry, tmp_path) as granted,
        untrusted(tls / "expired.pem", tls / "server.key", tmp_path / "other") as (
            expired,
            strange,
        ),
        door() as way,
    ):
        granted.grant(*granted.least().values())
        way.lead_to(expired.port)
        # While the brokers take connections the client's back-off does not grow: twenty a second.
        settings = {"KAFKA_RECONNECT_BACKOFF_MS": "1000"}
        with running(granted, KAFKA_BOOTSTRAP_SERVERS=way.address, **settings) as it:
            began_s = time.monotonic()
            it.told_of_hold(HoldReason.KAFKA, "KAFKA_SSL_CA_LOCATION")
            way.lead_to(strange.port)
            it.until(lambda: strange.connections >= 2, "tried again")
            assert not it.watch.is_ready
            assert it.lines_of_kafka() <= FEW_LINES
            asked = expired.connections + strange.connections
            assert 3 <= asked <= REFUSED_A_SECOND * (time.monotonic() - began_s)

            way.lead_to(int(guarded.bootstrap.rpartition(":")[2]))
            assert_all_settled(it)
