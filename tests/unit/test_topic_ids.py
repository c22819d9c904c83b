"""A topic made anew is noticed, and a question that failed is not taken for an answer (P13)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicCollection, Uuid
from confluent_kafka.admin import AdminClient

from consumer.adapters.kafka.topic_ids import CHECK_EVERY_S, TopicIds
from consumer.delivery.commit_memory import Identity

OLD, NEW, NONE = Uuid(0, 1), Uuid(0, 2), Uuid(0, 0)
AWAY = KafkaException(KafkaError(KafkaError.REQUEST_TIMED_OUT))


@dataclass
class Cluster:
    """Satisfies what is asked of the admin client; `ids` is what brokers answer now."""

    ids: dict[str, Uuid | KafkaException] = field(default_factory=dict)
    cluster: str | KafkaException = "cluster-1"
    asked: list[list[str]] = field(default_factory=list)

    def describe_topics(
        self, topics: TopicCollection, request_timeout: float
    ) -> Mapping[str, Future[SimpleNamespace]]:
        assert request_timeout > 0
        self.asked.append(list(topics.topic_names))
        return {topic: _answered(self.ids[topic]) for topic in topics.topic_names}

    def cluster_id(self, timeout: float) -> str:
        assert timeout > 0
        if isinstance(self.cluster, KafkaException):
            raise self.cluster
        return self.cluster


def _answered(told: Uuid | KafkaException) -> Future[SimpleNamespace]:
    answer: Future[SimpleNamespace] = Future()
    if isinstance(told, KafkaException):
        answer.set_exception(told)
    else:
        answer.set_result(SimpleNamespace(topic_id=told))
    return answer


def ids_of(cluster: Cluster) -> TopicIds:
    return TopicIds(cast("AdminClient", cluster))  # The client is a class without a protocol.


def looked(it: TopicIds, at_s: float) -> set[str]:
    """What has changed, by the answers to the questions of that moment."""
    it.changed(["moves"], at_s)
    return it.changed(["moves"], at_s)


def test_an_id_is_asked_for_once() -> None:
    cluster = Cluster({"moves": OLD})
    it = ids_of(cluster)
    assert it.identity("moves") == it.identity("moves") == Identity("cluster-1", str(OLD))
    assert cluster.asked == [["moves"]]


def test_a_topic_made_anew_has_changed() -> None:
    cluster = Cluster({"moves": OLD})
    it = ids_of(cluster)
    it.identity("moves")
    assert looked(it, 100.0) == set()
    cluster.ids["moves"] = NEW
    assert looked(it, 100.0 + CHECK_EVERY_S) == {"moves"}


def test_a_topic_that_was_forgotten_is_asked_for_anew() -> None:
    cluster = Cluster({"moves": OLD})
    it = ids_of(cluster)
    it.identity("moves")
    cluster.ids["moves"] = NEW
    assert looked(it, 100.0) == {"moves"}
    it.forget("moves")
    assert it.changed(["moves"], 101.0) == set()
    assert it.identity("moves") == Identity("cluster-1", str(NEW))


def test_a_question_that_failed_is_no_answer() -> None:
    cluster = Cluster({"moves": AWAY})
    it = ids_of(cluster)
    assert it.identity("moves") == Identity(None, None)
    cluster.ids["moves"] = OLD
    assert it.identity("moves") == Identity(None, None)
    assert len(cluster.asked) == 1  # The loop waits once, not at each commit.


def test_a_cluster_that_was_not_told_is_asked_for_again() -> None:
    cluster = Cluster({"moves": OLD}, cluster=AWAY)
    it = ids_of(cluster)
    assert it.identity("moves") == Identity(None, None)

    cluster.cluster = "cluster-1"
    assert looked(it, 100.0) == set()

    assert it.identity("moves") == Identity("cluster-1", str(OLD))


def test_what_was_not_answered_is_learned_in_the_background() -> None:
    cluster = Cluster({"moves": AWAY})
    it = ids_of(cluster)
    it.identity("moves")
    cluster.ids["moves"] = OLD
    assert looked(it, 100.0) == set()
    assert it.identity("moves") == Identity("cluster-1", str(OLD))
    cluster.ids["moves"] = NEW
    assert looked(it, 100.0 + CHECK_EVERY_S) == {"moves"}


def test_what_was_not_answered_is_asked_again_soon() -> None:
    cluster = Cluster({"moves": AWAY})
    it = ids_of(cluster)
    it.identity("moves")
    for second in range(100, 100 + int(CHECK_EVERY_S)):
        it.changed(["moves"], float(second))
    assert 4 <= len(cluster.asked) <= 8


def test_a_check_that_fails_changes_nothing() -> None:
    cluster = Cluster({"moves": OLD})
    it = ids_of(cluster)
    it.identity("moves")
    cluster.ids["moves"] = AWAY
    assert looked(it, 100.0) == set()
    assert it.identity("moves") == Identity("cluster-1", str(OLD))


@pytest.mark.parametrize("cluster_id", [AWAY, ""])
def test_brokers_that_tell_no_ids_are_not_asked_again(cluster_id: str | KafkaException) -> None:
    cluster = Cluster({"moves": NONE}, cluster_id)
    it = ids_of(cluster)
    assert it.identity("moves") == Identity("", "")
    assert looked(it, 100.0) == set()
    assert cluster.asked == [["moves"]]
