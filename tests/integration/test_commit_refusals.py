"""Commits that real Kafka refuses in part: the others count, and size is no reason to stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import AdminClient

from consumer.delivery.commit_memory import Identity, decode
from consumer.delivery.records import Offset, TopicPartition
from consumer.ports import Mark
from tests.integration.kafka_reading import PATIENCE_S, Reading, fill, reading
from tests.testbed import KafkaCluster, create_topics, running_kafka

TAKES_BYTES = 120
"""Room for the ids, not for a bitmap of thousands."""
RECORDS = 3_000
SCATTERED = Mark(
    Offset(0), Offset(RECORDS), (Offset(0), *(Offset(1 + o * o % 2_999) for o in range(1_000)))
)


@pytest.fixture(scope="module")
def small() -> Iterator[KafkaCluster]:
    with running_kafka(properties={"offset.metadata.max.bytes": str(TAKES_BYTES)}) as cluster:
        yield cluster


def test_of_metadata_that_the_broker_finds_too_large_only_the_bitmap_is_dropped(
    small: KafkaCluster,
) -> None:
    topic = f"events-{uuid4().hex[:8]}"
    create_topics(small, {topic: 2})
    fill(small, topic, {0: RECORDS, 1: 1})
    group, place = f"group-{topic}", TopicPartition(topic, 0)
    marks = {place: SCATTERED, TopicPartition(topic, 1): Mark(Offset(1), Offset(1), ())}
    with reading(small, [topic], group) as it:
        it.until(lambda: len(it.owner.starts) == 2, "assigned")
        it.owner.may_be_refused = True
        _commit_until_taken(it, marks)
        assert "offset_metadata_too_large" in it.owner.refusals
    cluster = AdminClient(small.client_config()).cluster_id(PATIENCE_S)
    text = _metadata(small, group, topic)
    assert decode(text, Identity(cluster, "another-log"), Offset(0)).recreated
    assert decode(text, Identity(cluster, ""), Offset(0)).settled == set()


def test_a_last_commit_is_made_small_enough_for_the_broker(small: KafkaCluster) -> None:
    topic = f"events-{uuid4().hex[:8]}"
    create_topics(small, {topic: 1})
    fill(small, topic, {0: RECORDS})
    with reading(small, [topic], f"group-{topic}") as it:
        it.until(lambda: len(it.owner.starts) == 1, "assigned")
        assert it.source.commit_now({TopicPartition(topic, 0): SCATTERED}).code is None


def test_what_is_refused_of_a_deleted_topic_hides_no_other_commit(small: KafkaCluster) -> None:
    kept, gone = (f"{name}-{uuid4().hex[:8]}" for name in ("kept", "gone"))
    create_topics(small, {kept: 1, gone: 1})
    marks = {TopicPartition(topic, 0): Mark(Offset(0), Offset(0), ()) for topic in (kept, gone)}
    with reading(small, [kept, gone], f"group-{kept}") as it:
        it.until(lambda: len(it.owner.starts) == 2, "assigned")
        it.owner.may_be_refused = True
        admin = AdminClient(small.client_config())
        admin.delete_topics([gone])[gone].result(PATIENCE_S)
        _until_refused(it, marks)
        answer = it.source.commit_now(marks)
        assert (list(answer.taken), answer.code) == ([TopicPartition(kept, 0)], "unknown_topic")
        assert answer.final
        it.source.commit(marks)
        it.until(lambda: TopicPartition(kept, 0) in it.owner.confirmed, "the other is confirmed")


def _commit_until_taken(it: Reading, marks: dict[TopicPartition, Mark]) -> None:
    for _ in range(10):
        answers = len(it.owner.refusals) + len(it.owner.confirmed)
        it.source.commit(marks)
        it.until(lambda: len(it.owner.refusals) + len(it.owner.confirmed) > answers, "answered")  # noqa: B023 -- called here
        if it.owner.confirmed:
            assert it.owner.confirmed.keys() == marks.keys()
            return
    pytest.fail("never taken")


def _until_refused(it: Reading, marks: dict[TopicPartition, Mark]) -> None:
    """Brokers learn of a deletion a moment after its answer."""
    deadline_s = time.monotonic() + PATIENCE_S
    while it.source.commit_now(marks).code is None:
        assert time.monotonic() < deadline_s
        it.turn()


def _metadata(kafka: KafkaCluster, group: str, topic: str) -> str | None:
    asking = Consumer({**kafka.client_config(), "group.id": group})
    try:
        (answer,) = asking.committed([KafkaPartition(topic, 0)], timeout=10)
    finally:
        asking.close()
    return answer.metadata
