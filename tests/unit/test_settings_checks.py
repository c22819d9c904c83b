"""Settings that are right alone and wrong together."""

from __future__ import annotations

import pytest

from tests.unit.settings_samples import faultless, faults, only_fault, settings


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"KAFKA_MAX_POLL_INTERVAL_MS": "45000", "KAFKA_SOCKET_TIMEOUT_MS": "20000"},
            "SEEK_SIGNALS_DRAIN_S + KAFKA_SOCKET_TIMEOUT_MS (45) must be below KAFKA_MAX_POLL",
        ),
        (
            {"SEEK_SIGNALS_GRACE_S": "35"},
            "SEEK_SIGNALS_DRAIN_S + SEEK_SIGNALS_WATCHDOG_S (35) must be below SEEK_SIGNALS_GRACE",
        ),
        (
            {"SEEK_SIGNALS_LEASE_S": "45"},
            "SEEK_SIGNALS_LEASE_S (45) must be below KAFKA_SESSION_TIMEOUT_MS (45)",
        ),
        (
            {"SEEK_SIGNALS_LEASE_S": "45", "KAFKA_GROUP_PROTOCOL": "consumer"},
            "SEEK_SIGNALS_LEASE_S (45) must be below SEEK_SIGNALS_SESSION_TIMEOUT_S (45)",
        ),
        (
            {"SEEK_SIGNALS_REQUEST_TOTAL_S": "25"},
            "SEEK_SIGNALS_REQUEST_TOTAL_S (25) must be below SEEK_SIGNALS_DRAIN_S (25)",
        ),
        (
            {"SEEK_SIGNALS_REQUEST_CONNECT_S": "21"},
            "SEEK_SIGNALS_REQUEST_CONNECT_S (21) must be at most",
        ),
        (
            {"SEEK_SIGNALS_LIVE_WITHIN_S": "25"},
            "SEEK_SIGNALS_DRAIN_S (25) must be below SEEK_SIGNALS_LIVE_WITHIN_S (25)",
        ),
        (
            {"SEEK_SIGNALS_PENDING_RECORDS_PER_PARTITION": "99"},
            "SEEK_SIGNALS_BATCH_SIZE (100) must be at most",
        ),
        (
            {"SEEK_SIGNALS_PENDING_RECORDS": "2499"},
            "SEEK_SIGNALS_PENDING_RECORDS_PER_PARTITION (2500) must be at most",
        ),
        (
            {"SEEK_SIGNALS_PENDING_BYTES": "1048575"},
            "SEEK_SIGNALS_RECORD_BYTES_MAX",
        ),
        ({"SEEK_SIGNALS_IN_FLIGHT_MIN": "3"}, "SEEK_SIGNALS_IN_FLIGHT_MIN (3) must be at most"),
        ({"SEEK_SIGNALS_IN_FLIGHT_START": "9"}, "SEEK_SIGNALS_IN_FLIGHT_START (9) must be"),
        ({"SEEK_SIGNALS_HOLD_BASE_S": "61"}, "SEEK_SIGNALS_HOLD_BASE_S (61) must be at most"),
        ({"SEEK_SIGNALS_FLOOD_MIN": "201"}, "SEEK_SIGNALS_FLOOD_MIN (201) must be at most"),
    ],
)
def test_bounds_that_depend_on_each_other_are_compared(changes: dict[str, str], says: str) -> None:
    assert only_fault(**changes).startswith(says)


def test_a_comparison_with_a_faulty_value_says_nothing() -> None:
    """Its default would stand in for it, and the user would look for a number never given."""
    fault = only_fault(SEEK_SIGNALS_DRAIN_S="soon", SEEK_SIGNALS_REQUEST_TOTAL_S="30")

    assert fault.startswith("SEEK_SIGNALS_DRAIN_S (environment)")


@pytest.mark.parametrize("suffix", [".dlq", ".retry", ".dlq.state"])
def test_a_topic_that_the_group_writes_is_no_source(suffix: str) -> None:
    fault = only_fault(SEEK_SIGNALS_POSITION_STATUS_TOPICS=f"a,seek-signals{suffix}")

    assert fault.startswith(f"topic seek-signals{suffix} is written by this group")


def test_a_topic_is_listed_once() -> None:
    fault = only_fault(
        SEEK_SIGNALS_POSITION_STATUS_TOPICS="a", SEEK_SIGNALS_APPLICATION_COMPLETED_TOPICS="a"
    )

    assert fault == "topic a is listed 2 times"


def test_a_pattern_is_no_topic() -> None:
    assert "no patterns" in only_fault(SEEK_SIGNALS_POSITION_STATUS_TOPICS="^ats.*")


def test_without_any_topic_there_is_nothing_to_do() -> None:
    fault = only_fault(
        SEEK_SIGNALS_APPLICATION_STATUS_TOPICS="",
        SEEK_SIGNALS_POSITION_STATUS_TOPICS="",
        SEEK_SIGNALS_APPLICATION_COMPLETED_TOPICS="",
    )

    assert fault.startswith("no topic to read")


@pytest.mark.parametrize(
    ("changes", "playground"),
    [
        ({}, False),
        ({"SEEK_AUDIENCE": "https://test.graphql.seek.com"}, True),
        ({"SEEK_AUDIENCE": "https://other.example", "SEEK_AUDIENCE_IS": "live"}, False),
        ({"SEEK_AUDIENCE": "https://other.example", "SEEK_AUDIENCE_IS": "playground"}, True),
        ({"SEEK_AUDIENCE_IS": "live"}, False),
    ],
)
def test_the_audience_decides_about_the_playground(
    changes: dict[str, str], *, playground: bool
) -> None:
    assert settings(**changes).seek.playground is playground


def test_an_unknown_audience_must_say_what_it_plays() -> None:
    assert "SEEK_AUDIENCE_IS=live or =playground" in only_fault(SEEK_AUDIENCE="https://x.example")


def test_a_known_audience_plays_itself() -> None:
    assert only_fault(SEEK_AUDIENCE_IS="playground").startswith("SEEK_AUDIENCE_IS: ")


@pytest.mark.parametrize("name", ["SEEK_ENDPOINT", "SEEK_TOKEN_URL"])
def test_seek_is_spoken_to_in_plain_text_on_loopback_only(name: str) -> None:
    for host in ("127.0.0.1:8400", "localhost", "[::1]:8400"):
        assert faultless(**{name: f"http://{host}/x"})
    for host in ("seek.example", "127.0.0.1.example", "10.0.0.1"):
        assert "must begin with https://" in only_fault(**{name: f"http://{host}/x"})


@pytest.mark.parametrize("value", ["registry", "ftp://registry", "https://", "https://x:y"])
def test_an_address_must_be_one(value: str) -> None:
    assert "is no web address" in only_fault(SCHEMA_REGISTRY_URL=value)


def test_user_and_password_of_the_registry_go_together() -> None:
    assert "go together" in only_fault(SCHEMA_REGISTRY_USERNAME="u")
    assert "go together" in only_fault(SCHEMA_REGISTRY_PASSWORD="p")  # noqa: S106 -- a test's


def test_files_must_exist() -> None:
    assert only_fault(SEEK_SSL_CA_LOCATION="/no/such.pem").startswith("SEEK_SSL_CA_LOCATION")
    found = faults(SCHEMA_REGISTRY_SSL_KEY_LOCATION="/no/such.pem")

    assert found == [
        "SCHEMA_REGISTRY_SSL_KEY_LOCATION needs SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION",
        "SCHEMA_REGISTRY_SSL_KEY_LOCATION: there is no file /no/such.pem",
    ]


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"KAFKA_GROUP_INSTANCE_ID": "pod-0"}, "KAFKA_GROUP_INSTANCE_ID"),
        ({"SEEK_SIGNALS_LOG_REQUESTS": "true"}, "SEEK_SIGNALS_LOG_REQUESTS"),
        (
            {
                "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "KAFKA_SASL_MECHANISM": "PLAIN",
                "KAFKA_SASL_USERNAME": "u",
                "KAFKA_SASL_PASSWORD": "p",
            },
            "KAFKA_SECURITY_PROTOCOL",
        ),
        ({"KAFKA_ENABLE_SSL_CERTIFICATE_VERIFICATION": "false"}, "certificate is not checked"),
        ({"KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM": "none"}, "certificate is not checked"),
        (
            {
                "SCHEMA_REGISTRY_URL": "http://registry.example",
                "SCHEMA_REGISTRY_USERNAME": "u",
                "SCHEMA_REGISTRY_PASSWORD": "p",
            },
            "SCHEMA_REGISTRY_URL",
        ),
    ],
)
def test_what_is_doubtful_is_a_warning(changes: dict[str, str], about: str) -> None:
    (warning,) = settings(**changes).warnings

    assert about in warning
