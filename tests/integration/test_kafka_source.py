"""The source on real Kafka: where it begins, what it reports, what it never skips (P13)."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from consumer.adapters.kafka.starts import StartAt, StartPolicy
from consumer.delivery.commit_memory import Identity, encode
from consumer.delivery.records import Offset, TopicPartition
from consumer.ports import Fault, Mark, Start
from tests.integration.kafka_reading import (
    FOREVER_MS,
    PATIENCE_S,
    PROTOCOLS,
    committed,
    fill,
    reading,
)
from tests.testbed import KafkaCluster, create_topics


@pytest.fixture
def topic(kafka: KafkaCluster) -> str:
    name = f"events-{uuid4().hex[:8]}"
    create_topics(kafka, {name: 3})
    return name


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_new_group_starts_at_the_beginning_and_says_so_before_the_first_record(
    kafka: KafkaCluster, topic: str, protocol: str
) -> None:
    fill(kafka, topic, {0: 5, 1: 7, 2: 0})
    group = f"group-{topic}"
    with reading(kafka, [topic], group, group_protocol=protocol) as it:
        it.until(lambda: len(it.owner.starts) == 3, "assigned")
        assert committed(kafka, group, topic, 3) == [0, 0, 0]
        it.until(lambda: len(it.records) == 12 and len(it.ends) == 3, "all read")
        assert sorted(it.ends.values()) == [0, 5, 7]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_start_at_latest_holds_until_it_is_confirmed(
    kafka: KafkaCluster, topic: str, protocol: str
) -> None:
    fill(kafka, topic, {0: 5, 1: 7, 2: 0})
    group = f"group-{topic}"
    unconfirmed = StartPolicy(at=StartAt.LATEST)
    with reading(kafka, [topic], group, unconfirmed, group_protocol=protocol) as it:
        it.until(lambda: it.fault_codes() == {"start_unconfirmed"}, "held")
        assert all(fault.about_offsets for fault in it.source.faults())
    assert committed(kafka, group, topic, 3) == [-1001] * 3

    confirmed = StartPolicy(at=StartAt.LATEST, confirmed_until_ms=FOREVER_MS)
    with reading(kafka, [topic], group, confirmed, group_protocol=protocol) as it:
        it.until(lambda: len(it.owner.starts) == 3, "assigned")
        assert committed(kafka, group, topic, 3) == [5, 7, 0]
        fill(kafka, topic, {2: 1})
        it.until(lambda: len(it.records) == 1, "only what is new")


def test_members_that_begin_together_take_one_start_for_the_topic(
    kafka: KafkaCluster, topic: str
) -> None:
    """The second member must not take the first one's commit for an old group's."""
    fill(kafka, topic, {0: 5, 1: 7, 2: 9})
    policy = StartPolicy(at=StartAt.LATEST, confirmed_until_ms=FOREVER_MS)
    group = f"group-{topic}"
    with (
        reading(kafka, [topic], group, policy) as one,
        reading(kafka, [topic], group, policy) as two,
    ):

        def all_started() -> bool:
            two.turn()
            return len({*one.owner.starts, *two.owner.starts}) == 3 and bool(two.owner.starts)

        one.until(all_started, "both have partitions")
        assert one.records == two.records == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_added_partitions_start_at_their_beginning_whatever_the_setting(
    kafka: KafkaCluster, topic: str, protocol: str
) -> None:
    policy = StartPolicy(at=StartAt.LATEST, confirmed_until_ms=FOREVER_MS)
    with reading(kafka, [topic], f"group-{topic}", policy, group_protocol=protocol) as it:
        it.until(lambda: len(it.owner.starts) == 3, "assigned")
        admin = AdminClient(kafka.client_config())
        admin.create_partitions([NewPartitions(topic, 4)])[topic].result(PATIENCE_S)
        fill(kafka, topic, {3: 2})
        it.until(lambda: len(it.records) == 2, "the added partition is read from its start")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_offset_out_of_range_holds_and_skips_nothing(
    kafka: KafkaCluster, topic: str, protocol: str
) -> None:
    fill(kafka, topic, {0: 5, 1: 1})
    group = f"group-{topic}"
    with reading(kafka, [topic], group, group_protocol=protocol) as it:
        it.until(lambda: len(it.records) == 6, "read")
        it.source.commit_now({TopicPartition(topic, 0): Mark(Offset(2), Offset(5), ())})
    admin = AdminClient(kafka.client_config())
    for done in admin.delete_records([KafkaPartition(topic, 0, 4)]).values():
        done.result(PATIENCE_S)
    with reading(kafka, [topic], group, group_protocol=protocol) as it:
        it.until(lambda: "offset_out_of_range" in it.fault_codes(), "held")
        (fault,) = it.source.faults()
        assert fault.place == TopicPartition(topic, 0)
        assert fault.about_offsets
        it.until(lambda: TopicPartition(topic, 1) in it.ends, "others flow")
        assert [r for r in it.records if r.partition() == 0] == []
    assert committed(kafka, group, topic, 1) == [2]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_offsets_of_another_log_of_the_same_name_hold(
    kafka: KafkaCluster, topic: str, protocol: str
) -> None:
    """As after a topic was deleted and made anew while its offsets stayed."""
    fill(kafka, topic, {0: 9})
    group, place = f"group-{topic}", TopicPartition(topic, 0)
    cluster = AdminClient(kafka.client_config()).cluster_id(PATIENCE_S)
    text, _ = encode(Identity(cluster, "another-log"), Offset(5), Offset(5), (), 4096)
    asking = Consumer({**kafka.client_config(), "group.id": group})
    asking.commit(offsets=[KafkaPartition(topic, 0, 5, text)], asynchronous=False)
    asking.close()
    with reading(kafka, [topic], group, group_protocol=protocol) as it:
        it.until(lambda: it.fault_codes() == {"topic_recreated"}, "held")
        it.until(lambda: len(it.owner.starts) == 2, "other partitions flow")
        assert place not in it.owner.starts
        assert it.records == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_topic_made_anew_while_it_is_read_is_read_from_its_start_or_holds(
    kafka: KafkaCluster, topic: str, protocol: str
) -> None:
    fill(kafka, topic, {0: 5})
    with reading(kafka, [topic], f"group-{topic}", group_protocol=protocol) as it:
        it.until(lambda: len(it.records) == 5, "read")
        it.source.commit_now({TopicPartition(topic, 0): Mark(Offset(5), Offset(5), ())})
        admin = AdminClient(kafka.client_config())
        admin.delete_topics([topic])[topic].result(PATIENCE_S)
        _create_when_gone(kafka, topic)
        fill(kafka, topic, {0: 9})

        def read_anew_or_held() -> bool:
            """A few records may come before the new id is noticed; then it holds for good."""
            anew = [record.offset() for record in it.records[5:]]
            return anew == list(range(9)) or "topic_recreated" in it.fault_codes()

        it.until(read_anew_or_held, "nothing of the new log is passed over in silence")


def test_a_missing_topic_is_reported_and_read_once_it_is_there(kafka: KafkaCluster) -> None:
    name = f"late-{uuid4().hex[:8]}"
    with reading(kafka, [name], f"group-{name}") as it:
        it.until(lambda: it.fault_codes() == {"unknown_topic"}, "reported")
        create_topics(kafka, {name: 1})
        fill(kafka, name, {0: 3})
        it.until(lambda: len(it.records) == 3, "read")
        assert it.fault_codes() == set()


def test_a_topic_that_vanishes_is_reported(kafka: KafkaCluster, topic: str) -> None:
    fill(kafka, topic, {0: 2})
    with reading(kafka, [topic], f"group-{topic}") as it:
        it.until(lambda: len(it.records) == 2, "read")
        admin = AdminClient(kafka.client_config())
        admin.delete_topics([topic])[topic].result(PATIENCE_S)
        it.until(lambda: "unknown_topic" in it.fault_codes(), "reported")


def test_the_next_owner_learns_what_was_settled_beyond_the_mark(
    kafka: KafkaCluster, topic: str
) -> None:
    fill(kafka, topic, {0: 6})
    group, place = f"group-{topic}", TopicPartition(topic, 0)
    with reading(kafka, [topic], group) as it:
        it.until(lambda: len(it.records) == 6, "read")
        mark = Mark(Offset(1), Offset(6), (Offset(1), Offset(4)))
        assert it.source.commit({place: mark}) == {place}
        it.until(lambda: it.owner.confirmed == {place: 1}, "confirmed")
    with reading(kafka, [topic], group) as it:
        it.until(lambda: place in it.owner.starts, "assigned")
        assert it.owner.starts[place] == Start(
            Offset(1), frozenset({Offset(2), Offset(3), Offset(5)})
        )


def test_a_tombstone_and_a_record_without_bytes_are_records(
    kafka: KafkaCluster, topic: str
) -> None:
    producer = Producer(kafka.client_config())
    producer.produce(topic, None, key=b"k", partition=0)
    producer.produce(topic, b"", key=b"k", partition=0)
    assert producer.flush(PATIENCE_S) == 0
    with reading(kafka, [topic], f"group-{topic}") as it:
        it.until(lambda: len(it.records) == 2, "both read")
        assert [record.value() for record in it.records] == [None, b""]


def test_the_end_of_a_topic_with_transactions_lies_past_its_markers(
    kafka: KafkaCluster, topic: str
) -> None:
    producer = Producer({**kafka.client_config(), "transactional.id": f"tx-{topic}"})
    producer.init_transactions(PATIENCE_S)
    producer.begin_transaction()
    producer.produce(topic, b"seen", partition=0)
    producer.commit_transaction(PATIENCE_S)
    producer.begin_transaction()
    producer.produce(topic, b"aborted", partition=0)
    assert producer.flush(PATIENCE_S) == 0
    producer.abort_transaction(PATIENCE_S)
    place = TopicPartition(topic, 0)
    with reading(kafka, [topic], f"group-{topic}") as it:
        it.until(lambda: it.ends.get(place) == 4, "the end is past the marker")
        assert [record.value() for record in it.records] == [b"seen"]


def test_orderly_leaving_gives_partitions_back(kafka: KafkaCluster, topic: str) -> None:
    group = f"group-{topic}"
    with reading(kafka, [topic], group) as one:
        one.until(lambda: len(one.owner.starts) == 3, "assigned")
        with reading(kafka, [topic], group) as two:

            def shared() -> bool:
                two.turn()
                return bool(two.owner.starts)

            one.until(shared, "the second member has partitions")
            assert {kind for kind, _ in one.owner.given_up} == {"revoked"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_member_that_fell_out_is_told_so_and_is_one_again_though_none_is_left_for_it(
    kafka: KafkaCluster, protocol: str
) -> None:
    name = f"alone-{uuid4().hex[:8]}"
    create_topics(kafka, {name: 1})
    quick = {"group_protocol": protocol, "max_poll_interval_ms": "6000"}
    if protocol == "classic":
        quick["session_timeout_ms"] = "6000"
    policy = StartPolicy()
    with reading(kafka, [name], name, policy, **quick) as slow:
        # Before the other joins: a member that is given the partition and never polls keeps it, as
        # the client begins to watch the poll interval with the first assignment that was taken.
        slow.until(lambda: bool(slow.owner.starts), "the first has it")
        with reading(kafka, [name], name, policy, **quick) as it:
            it.until(lambda: bool(it.owner.starts), "the other has taken over what was not polled")
            assert slow.owner.is_member
            slow.until(lambda: not slow.owner.is_member, "the first is told")
            assert slow.owner.given_up == [("lost", TopicPartition(name, 0))]
            slow.until(lambda: slow.owner.is_member, "it is a member again")
            assert len(slow.owner.starts) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_partition_that_was_given_up_while_it_was_paused_is_read_when_it_comes_back(
    kafka: KafkaCluster, topic: str, protocol: str
) -> None:
    """The client remembers a pause for longer than an assignment."""
    group, places = f"group-{topic}", [TopicPartition(topic, number) for number in range(3)]
    with reading(kafka, [topic], group, group_protocol=protocol) as one:
        one.until(lambda: len(one.owner.starts) == 3, "assigned")
        one.source.pause(places)
        with reading(kafka, [topic], group, group_protocol=protocol) as two:

            def shared() -> bool:
                two.turn()
                return bool(two.owner.starts)

            one.until(shared, "the second member has partitions")
        given_up = {place.partition for _, place in one.owner.given_up}
        one.owner.starts.clear()
        one.until(lambda: bool(one.owner.starts), "they come back")
        fill(kafka, topic, dict.fromkeys(given_up, 1))

        one.until(lambda: len(one.records) == len(given_up), "they are read")


def _create_when_gone(kafka: KafkaCluster, topic: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while topic in AdminClient(kafka.client_config()).list_topics(timeout=10).topics:
        assert time.monotonic() < deadline_s
    create_topics(kafka, {topic: 3})


def test_faults_name_what_to_do(kafka: KafkaCluster) -> None:
    with reading(kafka, ["nowhere"], "group-nowhere") as it:
        it.until(lambda: bool(it.source.faults()), "reported")
        (fault,) = it.source.faults()
        assert isinstance(fault, Fault)
        assert "create it" in fault.detail
