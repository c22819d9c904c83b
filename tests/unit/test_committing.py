"""What one partition's refusal says about the others, and what is left out for size (P2, P13)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from consumer.adapters.kafka.committing import Committer
from consumer.delivery.commit_memory import Identity, decode
from consumer.delivery.records import Offset
from consumer.delivery.records import TopicPartition as Place
from consumer.ports import CommitAnswer, Mark

OURS = Identity("cluster-1", "topic-1")
MOVES, CLOSED = Place("moves", 0), Place("closed", 0)
AT_FIVE = Mark(Offset(5), Offset(5), ())
SCATTERED = Mark(
    Offset(5), Offset(5_000), (Offset(5), *(Offset(6 + o * o % 4_993) for o in range(2_000)))
)
"""Its bitmap takes some hundred bytes."""
FENCED = KafkaError.UNKNOWN_MEMBER_ID
GONE = KafkaError.UNKNOWN_TOPIC_OR_PART
TOO_LARGE = KafkaError.OFFSET_METADATA_TOO_LARGE


Told: TypeAlias = tuple[Collection[Place], str | None]


@dataclass
class Client:
    """Satisfies what is asked of the consumer, and tells one refusal for all, as it does."""

    refuses: dict[str, int] = field(default_factory=dict)
    """By topic."""
    takes_bytes: int = 4096
    sent: list[list[TopicPartition]] = field(default_factory=list)

    def commit(
        self, *, offsets: list[TopicPartition], asynchronous: bool
    ) -> Sequence[TopicPartition] | None:
        self.sent.append(offsets)
        error = self.judged(offsets)
        if error is not None and not asynchronous:
            raise KafkaException(error)
        return None if asynchronous else offsets

    def judged(self, offsets: Iterable[TopicPartition]) -> KafkaError | None:
        codes = [self.refuses[tp.topic] for tp in offsets if tp.topic in self.refuses]
        codes += [TOO_LARGE for tp in offsets if len(tp.metadata or "") > self.takes_bytes]
        return KafkaError(codes[0]) if codes else None

    @property
    def topics(self) -> list[list[str]]:
        return [[tp.topic for tp in offsets] for offsets in self.sent]


class OneLog:
    """Satisfies `Identities`."""

    def identity(self, topic: str) -> Identity:
        assert topic
        return OURS

    def changed(self, topics: Iterable[str], now_s: float) -> set[str]:
        raise NotImplementedError(topics, now_s)

    def forget(self, topic: str) -> None:
        raise NotImplementedError(topic)


def committer(client: Client, room_bytes: int = 4096) -> Committer:
    return Committer(cast("Consumer", client), OneLog(), room_bytes)


def exchanged(it: Committer, client: Client, *places: Place, mark: Mark = AT_FIVE) -> Told:
    """An asynchronous commit and all its answers."""
    already = len(client.sent)
    it.begin(dict.fromkeys(places, mark))
    answers = [it.answered(client.judged(sent), sent) for sent in client.sent[already:]]
    assert not any(answers[:-1])
    last = answers[-1]
    assert last is not None
    taken, code = last
    return taken.keys(), code


def test_what_was_taken_of_each_topic_is_told_though_one_is_refused() -> None:
    it = committer(Client({"closed": GONE}))
    answer = it.now({MOVES: AT_FIVE, CLOSED: AT_FIVE})
    assert answer == CommitAnswer([MOVES], "unknown_topic", final=True)


def test_a_refused_membership_is_of_all_topics() -> None:
    client = Client({"closed": FENCED})
    answer = committer(client).now({MOVES: AT_FIVE, CLOSED: AT_FIVE})
    assert answer == CommitAnswer((), "unknown_member_id", final=False)
    assert len(client.sent) == 1


def test_one_topics_refusal_does_not_keep_others_from_being_committed() -> None:
    client = Client({"closed": GONE})
    it = committer(client)
    assert exchanged(it, client, MOVES, CLOSED) == (set(), "unknown_topic")
    assert exchanged(it, client, MOVES, CLOSED) == ({MOVES}, "unknown_topic")
    assert client.topics == [["moves", "closed"], ["moves"], ["closed"]]


def test_topics_are_committed_together_again_once_all_are_taken() -> None:
    client = Client({"closed": GONE})
    it = committer(client)
    exchanged(it, client, MOVES, CLOSED)
    client.refuses.clear()
    assert exchanged(it, client, MOVES, CLOSED) == ({MOVES, CLOSED}, None)
    client.sent.clear()
    exchanged(it, client, MOVES, CLOSED)
    assert client.topics == [["moves", "closed"]]


def test_metadata_that_is_refused_for_size_loses_the_bitmap_only() -> None:
    client = Client(takes_bytes=100)
    it = committer(client)
    assert it.begin({MOVES: SCATTERED}) == {MOVES}
    assert exchanged(it, client, MOVES, mark=SCATTERED) == (set(), "offset_metadata_too_large")
    while exchanged(it, client, MOVES, mark=SCATTERED)[1] is not None:
        assert len(client.sent) < 10
    assert it.begin({MOVES: SCATTERED}) == set()
    text = client.sent[-1][0].metadata
    assert decode(text, OURS, Offset(5)).settled == set()
    assert decode(text, Identity("cluster-1", "another"), Offset(5)).recreated


@pytest.mark.parametrize("takes_bytes", [0, 10, 60, 100, 1_000])
def test_a_synchronous_commit_is_made_small_enough_for_the_broker(takes_bytes: int) -> None:
    client = Client(takes_bytes=takes_bytes)
    answer = committer(client).now({MOVES: SCATTERED, CLOSED: AT_FIVE})
    assert answer.code is None
    assert set(answer.taken) == {MOVES, CLOSED}
    assert len(client.sent) < 10


def test_where_not_even_the_ids_are_taken_none_are_sent_and_nothing_is_said_to_be_carried() -> None:
    client = Client(takes_bytes=0)
    it = committer(client)
    it.now({MOVES: SCATTERED})
    assert it.begin({MOVES: SCATTERED}) == set()
    assert client.sent[-1][0].metadata == ""
