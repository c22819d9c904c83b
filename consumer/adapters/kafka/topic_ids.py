"""Which log a topic's name stands for: a topic made anew under its name has another id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from confluent_kafka import KafkaException, TopicCollection, Uuid
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._topic import TopicDescription

from consumer.delivery.commit_memory import Identity

ASK_S: Final = 5.0
CHECK_EVERY_S: Final = 30.0
"""How often the ids are asked for in the background: a recreated topic is noticed soon."""
_NO_ID: Final = str(Uuid(0, 0))
"""What brokers tell that know no topic ids (before Kafka 2.8)."""


class Identities(Protocol):
    def identity(self, topic: str) -> Identity:
        """Asks once for each topic and session; None for what no broker has told."""
        ...

    def changed(self, topics: Iterable[str], now_s: float) -> set[str]:
        """Topics whose id is not what it was; looks at answers that came, never waits. What no
        broker had told is asked for again, too."""
        ...

    def forget(self, topic: str) -> None: ...


class NoIdentities:
    """For brokers that tell no ids, as librdkafka's embedded one: asking costs time-outs."""

    def identity(self, topic: str) -> Identity:
        del topic
        return Identity("", "")

    def changed(self, topics: Iterable[str], now_s: float) -> set[str]:
        del topics, now_s
        return set()

    def forget(self, topic: str) -> None:
        """Nothing is remembered."""


@dataclass(slots=True)
class TopicIds:
    """An id counts as known only when a broker told it: a failed question is no answer, and is
    asked again in the background. Else one blip would blind us to a topic made anew (P13)."""

    admin: AdminClient
    check_every_s: float = CHECK_EVERY_S
    _cluster: str | None = None
    _known: dict[str, str] = field(default_factory=dict[str, str])
    _tried: set[str] = field(default_factory=set[str])
    """Topics that were waited for once: the loop does not wait again for what may not come."""
    _asked: Mapping[str, Future[TopicDescription]] = field(
        default_factory=dict[str, "Future[TopicDescription]"]
    )
    _asked_at_s: float = 0.0

    def identity(self, topic: str) -> Identity:
        if topic not in self._known and topic not in self._tried:
            self._tried.add(topic)
            self._learn(topic, _id_of(self._ask([topic])[topic], wait_s=ASK_S))
        return Identity(self._cluster, self._known.get(topic))

    def changed(self, topics: Iterable[str], now_s: float) -> set[str]:
        news = {topic: _id_of(answer) for topic, answer in self._asked.items() if answer.done()}
        told = {topic: new for topic, new in news.items() if new is not None}
        changed = {t for t, new in told.items() if self._known.get(t) and new != self._known[t]}
        for topic in told.keys() - self._known.keys():
            self._learn(topic, told[topic])
        self._ask_again(topics, now_s)
        return changed

    def forget(self, topic: str) -> None:
        """Ask anew when it is next needed."""
        self._known.pop(topic, None)
        self._tried.discard(topic)
        self._asked = {}

    def _ask_again(self, topics: Iterable[str], now_s: float) -> None:
        """Topics of which brokers tell no id are not worth a question."""
        asked = [topic for topic in topics if self._known.get(topic) != ""]
        unknown = any(topic not in self._known for topic in asked)
        every_s = min(ASK_S, self.check_every_s) if unknown else self.check_every_s
        if asked and now_s - self._asked_at_s >= every_s:
            self._asked_at_s = now_s
            self._asked = self._ask(asked)

    def _learn(self, topic: str, told: str | None) -> None:
        """Only together with the cluster's id, which every broker has that tells topics'."""
        if told is None:
            return
        if self._cluster is None:
            cluster = self._ask_cluster()
            if cluster is None and told:
                return  # A question that failed: both are asked for again.
            self._cluster = cluster or ""
        self._known[topic] = told

    def _ask(self, topics: list[str]) -> Mapping[str, Future[TopicDescription]]:
        answers = self.admin.describe_topics(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- untyped by the client
            TopicCollection(topics), request_timeout=ASK_S
        )
        return cast("Mapping[str, Future[TopicDescription]]", answers)

    def _ask_cluster(self) -> str | None:
        try:
            return self.admin.cluster_id(ASK_S) or None
        except KafkaException:
            return None


def _id_of(answer: Future[TopicDescription], wait_s: float = 0.0) -> str | None:
    """None when no broker has told it."""
    try:
        told = str(answer.result(timeout=wait_s).topic_id)
    except (KafkaException, TimeoutError):
        return None
    return "" if told == _NO_ID else told
