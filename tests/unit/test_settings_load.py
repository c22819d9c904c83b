"""What can be given where, and that every fault is told at once."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from consumer.errors import BadConfigurationError, ExitCode
from consumer.settings import load_connections, load_file, load_settings
from consumer.settings.load import SECTIONS
from tests.unit.settings_samples import COMPLETE, faults, only_fault, settings


def test_the_required_ones_are_enough() -> None:
    loaded = settings()

    assert loaded.kafka.plain == {"bootstrap.servers": "broker:9092"}
    assert loaded.seek.client_id == "a client"
    assert loaded.registry.url == "https://registry.example"
    assert loaded.warnings == ()


def test_what_is_missing_is_named_all_at_once() -> None:
    with pytest.raises(BadConfigurationError) as caught:
        load_settings({}, None)

    named = [fault.split(":")[0].split(" ")[0] for fault in caught.value.faults]
    assert sorted(named) == sorted(COMPLETE)
    assert caught.value.exit_code == ExitCode.BAD_CONFIGURATION


def test_faults_of_every_kind_come_in_one_error() -> None:
    found = faults(
        KAFKA_FETCH_MIN_BYTE="1",
        SEEK_SIGNALS_BACH_SIZE="5",
        SEEK_SIGNALS_IN_FLIGHT_MAX="many",
        SEEK_SIGNALS_LEASE_S="50",
        SEEK_ENDPOINT="http://elsewhere.example",
    )

    assert [fault.split(" ")[0].rstrip(":") for fault in found] == [
        "SEEK_SIGNALS_BACH_SIZE",
        "KAFKA_FETCH_MIN_BYTE",
        "SEEK_ENDPOINT",
        "SEEK_SIGNALS_IN_FLIGHT_MAX",
        "SEEK_SIGNALS_LEASE_S",
    ]


def test_the_environment_goes_before_the_file() -> None:
    file = {"SEEK_SIGNALS_BATCH_SIZE": 20, "SEEK_SIGNALS_IN_FLIGHT_MAX": 4}
    loaded = settings(file, SEEK_SIGNALS_BATCH_SIZE="30")

    assert loaded.batch.batch_size == 30
    assert loaded.pacing.in_flight_max == 4


def test_the_file_takes_the_types_of_toml() -> None:
    file = tomllib.loads("""
        SEEK_SIGNALS_POSITION_STATUS_TOPICS = ["a", "b"]
        SEEK_SIGNALS_LINGER_S = 0.25
        SEEK_SIGNALS_EXTERNAL_JOB_ADS = false
        SEEK_SIGNALS_START = 2026-01-31T09:00:00Z
        KAFKA_SOCKET_KEEPALIVE_ENABLE = true
        KAFKA_FETCH_MIN_BYTES = 1
    """)
    loaded = settings(file)

    assert loaded.source.position_status_topics == ("a", "b")
    assert loaded.batch.linger_s == 0.25
    assert loaded.request.external_job_ads is False
    assert loaded.source.start == datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert loaded.kafka.plain["socket.keepalive.enable"] == "true"
    assert loaded.kafka.plain["fetch.min.bytes"] == "1"


def test_tables_in_the_file_are_refused() -> None:
    assert "without tables" in only_fault({"kafka": {"bootstrap.servers": "x"}})


def test_a_near_miss_gets_a_suggestion() -> None:
    fault = only_fault(SEEK_SIGNALS_BACH_SIZE="5")

    assert fault.endswith("there is no such setting; did you mean SEEK_SIGNALS_BATCH_SIZE?")


def test_a_name_in_the_file_needs_none_of_our_prefixes_to_be_refused() -> None:
    assert only_fault({"BATCH_SIZE": 5}) == "BATCH_SIZE (file): there is no such setting"


def test_a_wrong_value_is_quoted_with_where_it_stands() -> None:
    fault = only_fault({"SEEK_SIGNALS_HTTP_PORT": 90_000})

    assert fault.startswith("SEEK_SIGNALS_HTTP_PORT (file): ")
    assert fault.endswith("found 90000")


def test_an_address_with_a_password_is_refused_without_quoting_it() -> None:
    fault = only_fault(SCHEMA_REGISTRY_URL="https://me:hidden@registry.example")

    assert "must not carry a user or password" in fault
    assert "hidden" not in fault


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_SERVICE_HOST", "10.0.0.1"),
        ("KAFKA_SERVICE_PORT", "9092"),
        ("KAFKA_SERVICE_PORT_TCP_CLIENT", "9092"),
        ("KAFKA_PORT", "tcp://10.0.0.1:9092"),
        ("KAFKA_PORT_9092_TCP", "tcp://10.0.0.1:9092"),
        ("KAFKA_PORT_9092_TCP_PROTO", "tcp"),
        ("KAFKA_PORT_9092_TCP_PORT", "9092"),
        ("KAFKA_PORT_9092_UDP_ADDR", "10.0.0.1"),
        ("SCHEMA_REGISTRY_PORT", "tcp://10.0.0.2:8081"),
        ("SEEK_SIGNALS_SERVICE_HOST", "10.0.0.3"),
        ("SEEK_SIGNALS_PORT_9308_SCTP_PORT", "9308"),
        ("SEEK_SIGNALS_HTTP_PORT", "tcp://10.0.0.4:80"),
    ],
)
def test_service_links_of_kubernetes_are_no_settings(name: str, value: str) -> None:
    assert settings(**{name: value}) == settings()


def test_what_only_resembles_a_service_link_is_a_setting() -> None:
    assert settings(SEEK_SIGNALS_HTTP_PORT="9400").watching.http_port == 9400
    assert "KAFKA_PORT_9092" in only_fault(KAFKA_PORT_9092="x")


def test_other_programs_names_are_left_alone() -> None:
    others = {"PATH": "/bin", "SEEKER_ID": "1", "SEEK_SANDBOX_CLIENT_SECRET": "x"}

    assert settings(**others, SEEK_SIGNALS_CONFIG="/etc/x.toml") == settings()


def test_the_longest_prefix_wins() -> None:
    """SEEK_SIGNALS_AUDIENCE would be SIGNALS_AUDIENCE of SEEK_'s."""
    assert "SEEK_SIGNALS_AUDIENCE (environment)" in only_fault(SEEK_SIGNALS_AUDIENCE="x")


def test_an_empty_list_turns_a_kind_off() -> None:
    assert settings(SEEK_SIGNALS_POSITION_STATUS_TOPICS="").source.position_status_topics == ()


def test_any_other_empty_value_is_a_fault() -> None:
    assert "SEEK_SIGNALS_BATCH_SIZE" in only_fault(SEEK_SIGNALS_BATCH_SIZE="")


@pytest.mark.parametrize("name", ["KAFKA_GROUP_ID", "SEEK_SIGNALS_GROUP"])
def test_the_group_names_its_topics(name: str) -> None:
    source = settings(**{name: "ours"}).source

    assert source.group == "ours"
    assert (source.dlq_topic, source.retry_topic, source.state_topic) == (
        "ours.dlq",
        "ours.retry",
        "ours.dlq.state",
    )


def test_two_groups_are_one_too_many() -> None:
    assert "different groups" in only_fault(KAFKA_GROUP_ID="a", SEEK_SIGNALS_GROUP="b")


def test_a_group_that_cannot_name_topics_is_refused() -> None:
    assert "SEEK_SIGNALS_GROUP" in only_fault(SEEK_SIGNALS_GROUP="our group")
    assert "KAFKA_GROUP_ID" in only_fault(KAFKA_GROUP_ID="g" * 240)


@pytest.mark.parametrize("value", ["now", "2026-01-31", "2026-01-31T09:00:00", "1769850000"])
def test_a_start_is_a_word_or_a_moment(value: str) -> None:
    assert "earliest, latest or an RFC 3339 time" in only_fault(SEEK_SIGNALS_START=value)


def test_a_start_at_a_time_knows_its_milliseconds() -> None:
    loaded = settings(SEEK_SIGNALS_START="2026-01-31T10:00:00.250+01:00")

    assert loaded.source.start_time_ms == 1_769_850_000_250
    assert settings(SEEK_SIGNALS_START="latest").source.start_time_ms is None


def test_a_start_that_skips_is_confirmed_until_a_moment() -> None:
    until = "2026-01-31T09:00:00+00:00"
    confirmed = settings(SEEK_SIGNALS_START="latest", SEEK_SIGNALS_START_CONFIRMED_UNTIL=until)
    doubtful = settings(SEEK_SIGNALS_START="latest")

    assert confirmed.source.start_confirmed_until == datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert confirmed.warnings == ()
    assert "SEEK_SIGNALS_START_CONFIRMED_UNTIL" in doubtful.warnings[0]


def test_connections_do_not_need_credentials_for_seek() -> None:
    environ = {name: v for name, v in COMPLETE.items() if not name.startswith("SEEK_")}

    assert load_connections(environ, None).registry.url == "https://registry.example"


def test_connections_are_checked_all_the_same() -> None:
    with pytest.raises(BadConfigurationError) as caught:
        load_connections({"KAFKA_FOO": "1"}, None)

    assert len(caught.value.faults) == 3


def test_a_file_is_read_as_toml(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("SEEK_SIGNALS_BATCH_SIZE = 7\n")

    assert load_file(path) == {"SEEK_SIGNALS_BATCH_SIZE": 7}


@pytest.mark.parametrize("content", [None, "BATCH SIZE = 7"])
def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "settings.toml"
    if content is not None:
        path.write_text(content)

    with pytest.raises(BadConfigurationError, match=r"settings\.toml"):
        load_file(path)


def test_no_two_settings_have_one_name_and_each_has_its_reason() -> None:
    names = [name for section in SECTIONS for name in section.names()]
    fields = [section.model_fields[f] for section in SECTIONS for f in section.names().values()]

    assert len(names) == len(set(names))
    assert all(len(field.description or "") > 20 for field in fields)
