"""Which log a topic's name stands for: a topic made anew under its name has another id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._topic import TopicDescription

from consumer.delivery.commit_memory import Identity

ASK_S: Final = 5.0
CHECK_EVERY_S: Final = 30.0
"""How often the ids are asked for in the background: a recreated topic is noticed soon."""


class Identities(Protocol):
    def identity(self, topic: str) -> Identity:
        """Asks once for each topic and session; empty ids where the brokers do not tell."""
        ...

    def changed(self, topics: Iterable[str], now_s: float) -> set[str]:
        """Topics whose id is not what it was; looks at answers that came, never waits."""
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
    admin: AdminClient
    check_every_s: float = CHECK_EVERY_S
    _cluster: str | None = None
    _known: dict[str, str] = field(default_factory=dict[str, str])
    _asked: Mapping[str, Future[TopicDescription]] = field(
        default_factory=dict[str, "Future[TopicDescription]"]
    )
    _asked_at_s: float = 0.0

    def identity(self, topic: str) -> Identity:
        if self._cluster is None:
            self._cluster = self._ask_cluster()
        if topic not in self._known:
            self._known[topic] = _id_of(self._ask([topic])[topic], wait_s=ASK_S)
        return Identity(self._cluster, self._known[topic])

    def changed(self, topics: Iterable[str], now_s: float) -> set[str]:
        news = {topic: _id_of(answer) for topic, answer in self._asked.items() if answer.done()}
        known = [topic for topic in topics if self._known.get(topic)]
        if known and now_s - self._asked_at_s >= self.check_every_s:
            self._asked_at_s = now_s
            self._asked = self._ask(known)
        return {
            t for t, new in news.items() if new and self._known.get(t) and new != self._known[t]
        }

    def forget(self, topic: str) -> None:
        """Ask anew when it is next needed."""
        self._known.pop(topic, None)
        self._asked = {}
        self._cluster = self._cluster or None

    def _ask(self, topics: list[str]) -> Mapping[str, Future[TopicDescription]]:
        answers = self.admin.describe_topics(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- untyped by the client
            TopicCollection(topics), request_timeout=ASK_S
        )
        return cast("Mapping[str, Future[TopicDescription]]", answers)

    def _ask_cluster(self) -> str:
        try:
            return self.admin.cluster_id(ASK_S) or ""
        except KafkaException:
            return ""


def _id_of(answer: Future[TopicDescription], wait_s: float = 0.0) -> str:
    try:
        return str(answer.result(timeout=wait_s).topic_id)
    except (KafkaException, TimeoutError):
        return ""
