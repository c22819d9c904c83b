"""Properties of the Kafka client: passed on, checked, and some not for change."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from confluent_kafka import Consumer, Producer

from consumer.settings.kafka import KafkaSettings, setting_name
from consumer.settings.librdkafka import property_faults
from tests.unit.settings_samples import faultless, faults, only_fault, settings


def test_any_property_of_the_client_is_passed_on() -> None:
    kafka = settings(
        KAFKA_SECURITY_PROTOCOL="SASL_SSL",
        KAFKA_SASL_MECHANISM="PLAIN",
        KAFKA_SASL_USERNAME="us",
        KAFKA_LOG_LEVEL="3",
        KAFKA_SASL_PASSWORD="hush",  # noqa: S106 -- a test's
    ).kafka

    expected = {
        "bootstrap.servers": "broker:9092",
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "PLAIN",
        "sasl.username": "us",
        "sasl.password": "hush",
        "log_level": "3",
    }
    assert expected.items() <= kafka.consumer_config().items()
    assert expected.items() <= kafka.producer_config().items()
    assert expected.items() <= kafka.admin_config().items()


def test_a_consumer_never_commits_or_resets_by_itself() -> None:
    config = settings(SEEK_SIGNALS_GROUP="ours").kafka.consumer_config()

    assert config["group.id"] == "ours"
    assert config["enable.auto.commit"] == "false"
    assert config["enable.auto.offset.store"] == "false"
    assert config["auto.offset.reset"] == "error"
    assert config["enable.partition.eof"] == "true"
    assert config["isolation.level"] == "read_committed"
    assert config["partition.assignment.strategy"] == "cooperative-sticky"
    assert config["socket.timeout.ms"] == "10000"


def test_a_producer_writes_safely() -> None:
    config = settings().kafka.producer_config()

    assert config["enable.idempotence"] == "true"
    assert config["acks"] == "all"


def test_our_defaults_give_way_to_the_users() -> None:
    config = settings(KAFKA_SOCKET_TIMEOUT_MS="5000", KAFKA_CLIENT_ID="me").kafka.consumer_config()

    assert config["socket.timeout.ms"] == "5000"
    assert config["client.id"] == "me"


def test_each_side_gets_what_it_understands() -> None:
    """librdkafka warns of the other side's properties, each time that a client is made."""
    kafka = settings(KAFKA_FETCH_MIN_BYTES="2", KAFKA_LINGER_MS="3").kafka

    assert "linger.ms" not in kafka.consumer_config()
    assert "fetch.min.bytes" not in kafka.producer_config()
    assert not {"linger.ms", "fetch.min.bytes"} & set(kafka.admin_config())


def test_the_client_takes_what_we_make() -> None:
    kafka = settings(KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1").kafka
    nowhere = {"bootstrap.servers": ""}

    Consumer(kafka.consumer_config() | nowhere).close()
    assert Producer(kafka.producer_config() | nowhere).flush(0) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_ENABLE_AUTO_COMMIT", "true"),
        ("KAFKA_AUTO_COMMIT_ENABLE", "true"),
        ("KAFKA_ENABLE_AUTO_OFFSET_STORE", "true"),
        ("KAFKA_AUTO_OFFSET_RESET", "latest"),
        ("KAFKA_ENABLE_PARTITION_EOF", "false"),
        ("KAFKA_ISOLATION_LEVEL", "read_uncommitted"),
        ("KAFKA_ENABLE_IDEMPOTENCE", "false"),
        ("KAFKA_ACKS", "1"),
        ("KAFKA_TRANSACTIONAL_ID", "x"),
    ],
)
def test_what_the_promises_rest_on_cannot_be_changed(name: str, value: str) -> None:
    assert only_fault(**{name: value}).startswith("KAFKA_")


def test_saying_what_is_so_anyway_is_no_fault() -> None:
    assert faultless(KAFKA_ENABLE_AUTO_COMMIT="False", KAFKA_ACKS="-1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_SESSION_TIMEOUT_MS", "45000"),
        ("KAFKA_HEARTBEAT_INTERVAL_MS", "3000"),
        ("KAFKA_PARTITION_ASSIGNMENT_STRATEGY", "cooperative-sticky"),
    ],
)
def test_the_new_protocol_leaves_these_to_the_broker(name: str, value: str) -> None:
    fault = only_fault(KAFKA_GROUP_PROTOCOL="consumer", **{name: value})

    assert fault.startswith(f"{name}: remove it, with KAFKA_GROUP_PROTOCOL=consumer")


def test_the_new_protocol_gets_none_of_the_old_defaults() -> None:
    config = settings(KAFKA_GROUP_PROTOCOL="consumer").kafka.consumer_config()

    assert not {"session.timeout.ms", "partition.assignment.strategy"} & set(config)


def test_partitions_are_assigned_cooperatively_or_not_at_all() -> None:
    fault = only_fault(KAFKA_PARTITION_ASSIGNMENT_STRATEGY="range")

    assert fault.startswith("KAFKA_PARTITION_ASSIGNMENT_STRATEGY: only cooperative-sticky")


def test_all_faults_of_properties_are_found() -> None:
    found = faults(
        KAFKA_SASL_USERNME="us",
        KAFKA_FETCH_MIN_BYTES="few",
        KAFKA_SECURITY_PROTOCOL="tls",
        KAFKA_CHECK_CRCS="perhaps",
    )

    assert found[0] == (
        "KAFKA_SASL_USERNME: the Kafka client has no property sasl.usernme; "
        "did you mean KAFKA_SASL_USERNAME?"
    )
    names = {fault.split(":")[0] for fault in found}
    assert names == {
        "KAFKA_SASL_USERNME",
        "KAFKA_FETCH_MIN_BYTES",
        "KAFKA_SECURITY_PROTOCOL",
        "KAFKA_CHECK_CRCS",
    }


def test_properties_that_do_not_fit_together_are_a_fault() -> None:
    fault = only_fault(KAFKA_SECURITY_PROTOCOL="SASL_SSL", KAFKA_SASL_MECHANISM="PLAIN")

    assert "sasl.username and sasl.password must be set" in fault


def test_a_file_of_the_clients_must_be_there() -> None:
    fault = only_fault(KAFKA_SECURITY_PROTOCOL="SSL", KAFKA_SSL_CA_LOCATION="/no/such.pem")

    assert "ssl.ca.location" in fault


@contextmanager
def counting_connections() -> Generator[tuple[int, list[object]]]:
    """A port on which every connection is noted and closed."""
    noted = list[object]()

    def note() -> None:
        while True:
            connection, address = listener.accept()
            connection.close()
            if address in ends:
                return
            noted.append(address)

    ends = list[object]()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=note)
        thread.start()
        yield port, noted
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            ends.append(last.getsockname())
            last.connect(("127.0.0.1", port))
            thread.join()


def test_the_check_connects_to_nothing() -> None:
    """With the method `oidc` a client asks for a token as soon as it is made."""
    with counting_connections() as (port, noted):
        config = {
            "bootstrap.servers": f"127.0.0.1:{port}",
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.client.id": "us",
            "sasl.oauthbearer.client.secret": "hush",
            "sasl.oauthbearer.token.endpoint.url": f"http://127.0.0.1:{port}/token",
        }
        assert property_faults(config) == []

    assert noted == []


def test_what_is_ours_goes_before_the_users_even_unchecked() -> None:
    given = {"auto.offset.reset": "latest", "enable.auto.commit": "true", "acks": "0"}
    kafka = KafkaSettings("ours", given, {})

    assert kafka.consumer_config()["auto.offset.reset"] == "error"
    assert kafka.consumer_config()["enable.auto.commit"] == "false"
    assert kafka.producer_config()["acks"] == "all"


def test_one_property_under_two_names_is_given_twice() -> None:
    fault = only_fault(KAFKA_SASL_MECHANISM="PLAIN", KAFKA_SASL_MECHANISMS="PLAIN")

    assert "says the same as" in fault


def test_the_environments_other_name_goes_before_the_files() -> None:
    kafka = settings({"KAFKA_SASL_MECHANISMS": "PLAIN"}, KAFKA_SASL_MECHANISM="SCRAM-SHA-512").kafka

    assert kafka.plain["sasl.mechanisms"] == "SCRAM-SHA-512"


def test_names_of_properties_turn_into_names_of_settings() -> None:
    assert setting_name("max.poll.interval.ms") == "KAFKA_MAX_POLL_INTERVAL_MS"


def test_who_only_looks_reads_what_is_committed_and_goes_on_where_records_expired() -> None:
    looking = settings().kafka.reading_config()

    assert looking["isolation.level"] == "read_committed"
    assert looking["auto.offset.reset"] == "earliest"
    assert looking["enable.auto.commit"] == "false"


def test_a_replay_writes_under_the_id_of_its_group_whatever_is_set() -> None:
    given = {"transactional.id": "mine", "acks": "1", "message.max.bytes": "2000000"}
    writing = KafkaSettings("g", given, {}).transactional_config("g.dlq", timeout_ms=60_000)

    assert (writing["transactional.id"], writing["acks"]) == ("g.dlq", "all")
    assert writing["transaction.timeout.ms"] == "60000"
    assert int(writing["message.timeout.ms"]) < 60_000
    assert writing["message.max.bytes"] == "2000000"
    Producer(writing)


def test_large_dead_letters_are_no_matter_of_the_consumer_s() -> None:
    """librdkafka refuses a consumer whose fetches are smaller than its messages."""
    kafka = settings(KAFKA_MESSAGE_MAX_BYTES="5000000").kafka
    assert kafka.producer_config()["message.max.bytes"] == "5000000"
    Consumer({**kafka.consumer_config(), "bootstrap.servers": ""}).close()
