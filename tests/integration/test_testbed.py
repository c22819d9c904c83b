"""The real parts do what the other tests take for granted."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest
from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Producer
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import (
    Schema,
    SchemaRegistryError,
)

from consumer.delivery.records import TopicPartition
from tests.testbed import (
    CONSUMER,
    KafkaCluster,
    Registry,
    allow,
    committed,
    create_topics,
    read_all,
    registry_client,
    running_kafka,
    write_all,
)
from tests.testbed.quiet import swallow

RECORDS = [(b"%d" % i, b"value %d" % i) for i in range(300)]
SCHEMA = '{"type": "record", "name": "Sample", "fields": [{"name": "a", "type": "string"}]}'
OTHER = '{"type": "record", "name": "Sample", "fields": [{"name": "b", "type": "int"}]}'


@pytest.fixture(scope="module")
def three() -> Iterator[KafkaCluster]:
    with running_kafka(nodes=3, advertise_via_proxy=True) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def guarded() -> Iterator[KafkaCluster]:
    with running_kafka(sasl=True) as cluster:
        yield cluster


def test_what_is_written_is_read_back(kafka: KafkaCluster) -> None:
    create_topics(kafka, {"testbed.plain": 3})

    write_all(kafka, "testbed.plain", [*RECORDS, (b"gone", None)])
    read = read_all(kafka, "testbed.plain")

    assert sorted((r.key(), r.value() or b"") for r in read) == sorted([*RECORDS, (b"gone", b"")])
    assert {record.partition() for record in read} == {0, 1, 2}


def test_an_aborted_transaction_is_not_read(kafka: KafkaCluster) -> None:
    create_topics(kafka, {"testbed.transactional": 1})
    producer = Producer({**kafka.client_config(), "transactional.id": "testbed"})
    producer.init_transactions(30)
    for value, end in [(b"kept", producer.commit_transaction), (b"no", producer.abort_transaction)]:
        producer.begin_transaction()
        producer.produce("testbed.transactional", value=value)
        producer.flush(30)
        end(30)

    committed_only = read_all(kafka, "testbed.transactional")
    everything = read_all(kafka, "testbed.transactional", isolation="read_uncommitted")

    assert [record.value() for record in committed_only] == [b"kept"]
    assert [record.value() for record in everything] == [b"kept", b"no"]


def test_a_topic_that_was_emptied_is_read_to_its_end(kafka: KafkaCluster) -> None:
    create_topics(kafka, {"testbed.emptied": 2})
    write_all(kafka, "testbed.emptied", RECORDS)
    admin = AdminClient(kafka.client_config())
    places = [Place("testbed.emptied", partition, OFFSET_END) for partition in range(2)]
    for done in admin.delete_records(places).values():
        done.result(30)

    assert read_all(kafka, "testbed.emptied") == []


def test_a_topic_is_not_read_for_ever(kafka: KafkaCluster) -> None:
    create_topics(kafka, {"testbed.slow": 1})
    write_all(kafka, "testbed.slow", RECORDS)

    with pytest.raises(AssertionError, match=r"testbed\.slow: 0 read"):
        read_all(kafka, "testbed.slow", within_s=0.0)


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_committed_offsets_are_seen_from_outside(kafka: KafkaCluster, protocol: str) -> None:
    topic, group = f"testbed.committed.{protocol}", f"testbed-{protocol}"
    create_topics(kafka, {topic: 2})
    assert committed(kafka, group, [topic]) == {}

    member = Consumer(
        {**kafka.client_config(), "group.id": group, "group.protocol": protocol}
        | {"enable.auto.commit": "false"}
    )
    member.subscribe([topic])
    while len(member.assignment()) < 2:
        member.poll(0.1)
    member.commit(offsets=[Place(topic, 1, 42)], asynchronous=False)
    member.close()

    assert committed(kafka, group, [topic]) == {TopicPartition(topic, 1): 42}


def test_one_of_three_nodes_may_die_and_come_back(three: KafkaCluster) -> None:
    create_topics(three, {"testbed.survives": 3})
    write_all(three, "testbed.survives", RECORDS)

    three.node(2).kill()
    write_all(three, "testbed.survives", RECORDS)
    three.node(2).start()

    assert len(read_all(three, "testbed.survives")) == 2 * len(RECORDS)


def test_clients_go_through_the_proxies(three: KafkaCluster) -> None:
    """Else a fault that a test injects would hit nobody."""
    admin = AdminClient(three.client_config(), logger=swallow())
    ports = {broker.port for broker in admin.list_topics(timeout=10).brokers.values()}
    assert ports == {proxy.port for proxy in three.proxies}

    for proxy in three.proxies:
        proxy.refuse()
    try:
        stranger = AdminClient(three.client_config(), logger=swallow())
        with pytest.raises(KafkaException):
            stranger.list_topics(timeout=0.5)
    finally:
        for proxy in three.proxies:
            proxy.pass_on()


def test_a_frozen_node_answers_again_when_it_thaws() -> None:
    with running_kafka(properties={"num.partitions": "1"}) as cluster:
        node = cluster.node(1)
        node.freeze()
        with pytest.raises(KafkaException):
            AdminClient(cluster.client_config(), logger=swallow()).list_topics(timeout=0.5)

        node.thaw()

        node.wait_until_ready(brokers=1)


def test_the_right_password_and_a_grant_let_in(guarded: KafkaCluster) -> None:
    create_topics(guarded, {"testbed.granted": 1, "testbed.withheld": 1})
    allow(guarded, CONSUMER, "TOPIC", "testbed.granted", "READ", "DESCRIBE")

    for mechanism in ("SCRAM-SHA-512", "PLAIN"):
        admin = AdminClient(guarded.client_config(CONSUMER, mechanism), logger=swallow())

        visible = admin.list_topics(timeout=10).topics

        assert "testbed.granted" in visible
        assert "testbed.withheld" not in visible


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"sasl.password": "not this one"}, KafkaError._AUTHENTICATION),  # noqa: SLF001 - its name
        ({"ssl.ca.location": ""}, KafkaError._SSL),  # noqa: SLF001 - its name
    ],
    ids=["password", "authority"],
)
def test_a_wrong_password_or_authority_does_not(
    guarded: KafkaCluster, wrong: dict[str, str], expected: int
) -> None:
    errors: list[int] = []
    config = {**guarded.client_config(CONSUMER), **wrong}
    if not config["ssl.ca.location"]:  # The machine's own authorities do not know ours.
        config.pop("ssl.ca.location")
    admin = AdminClient(
        config, error_cb=lambda error: errors.append(error.code()), logger=swallow()
    )

    with pytest.raises(KafkaException):
        admin.list_topics(timeout=2)
    admin.poll(1)

    assert expected in errors


def test_the_registry_gives_back_what_was_registered(registry: Registry) -> None:
    with registry_client(registry.url) as client:
        schema_id = client.register_schema("testbed-value", Schema(SCHEMA, "AVRO"))
        assert schema_id == client.register_schema("testbed-value", Schema(SCHEMA, "AVRO"))

    with registry_client(registry.url) as fresh:
        assert '"Sample"' in str(fresh.get_schema(schema_id).schema_str)


def test_the_registry_refuses_as_confluents_does(registry: Registry) -> None:
    with registry_client(registry.url) as client:
        with pytest.raises(SchemaRegistryError) as unknown:
            client.get_schema(987_654)
        assert (unknown.value.http_status_code, unknown.value.error_code) == (404, 40403)

        client.register_schema("testbed-strict-value", Schema(SCHEMA, "AVRO"))
        client.set_compatibility("testbed-strict-value", "BACKWARD")
        with pytest.raises(SchemaRegistryError) as incompatible:
            client.register_schema("testbed-strict-value", Schema(OTHER, "AVRO"))
        assert incompatible.value.http_status_code == 409


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels have no such leash")
def test_nothing_is_left_when_the_tests_are_killed() -> None:
    """As when somebody kills pytest: the brokers may not stay behind."""
    script = (
        "import sys\n"
        "from tests.testbed import running_kafka\n"
        "with running_kafka() as cluster:\n"
        "    print(cluster.node(1).process.pid, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    child = subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "SEEK_SIGNALS_TEST_KAFKA": "jars"},
    )
    with child:
        assert child.stdout is not None
        broker = int(child.stdout.readline())
        child.kill()
    with suppress(ProcessLookupError):  # Gone already.
        broker_fd = os.pidfd_open(broker)
        assert select.select([broker_fd], [], [], 10.0)[0] == [broker_fd]  # Readable: it ended.
        os.close(broker_fd)
