"""Members that were configured alike can be told from those that were not."""

from __future__ import annotations

import pytest

from consumer.watching import configuration_hash
from tests.unit.settings_samples import settings


def hashed(**changes: str) -> str:
    return configuration_hash(settings(**changes))


def test_members_that_are_configured_alike_have_one_hash() -> None:
    assert hashed() == hashed()
    assert len(hashed()) == 12


@pytest.mark.parametrize(
    "name",
    [
        "KAFKA_GROUP_INSTANCE_ID",
        "KAFKA_CLIENT_ID",
        "KAFKA_CLIENT_RACK",
        "SEEK_SIGNALS_HTTP_HOST",
        "SEEK_SIGNALS_HTTP_PORT",
    ],
)
def test_who_one_is_and_where_makes_no_difference(name: str) -> None:
    """As in a StatefulSet, whose members are named."""
    assert hashed(**{name: "1"}) == hashed(**{name: "2"})


@pytest.mark.parametrize("name", ["SEEK_CLIENT_SECRET", "KAFKA_SASL_PASSWORD"])
def test_a_secret_does_not_go_into_it(name: str) -> None:
    assert hashed(**{name: "one"}) == hashed(**{name: "other"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_MAX_POLL_INTERVAL_MS", "200000"),
        ("KAFKA_BOOTSTRAP_SERVERS", "elsewhere:9092"),
        ("SCHEMA_REGISTRY_URL", "https://elsewhere.example"),
        ("SEEK_SIGNALS_GROUP", "others"),
        ("SEEK_AUDIENCE", "https://test.graphql.seek.com"),
        ("SEEK_SIGNALS_REQUEST_TOTAL_S", "15"),
        ("SEEK_SIGNALS_BATCH_SIZE", "50"),
        ("SEEK_SIGNALS_PENDING_RECORDS", "9000"),
        ("SEEK_SIGNALS_IN_FLIGHT_MAX", "4"),
        ("SEEK_SIGNALS_SICK_ATTEMPTS", "6"),
        ("SEEK_SIGNALS_DRAIN_S", "24"),
        ("SEEK_SIGNALS_LIVE_WITHIN_S", "90"),
        ("SEEK_SIGNALS_LOG_LEVEL", "debug"),
    ],
)
def test_what_a_member_does_otherwise_makes_a_difference(name: str, value: str) -> None:
    assert hashed(**{name: value}) != hashed()
