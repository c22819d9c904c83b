"""A partition begins where the group was; anywhere else only when somebody said so (P13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

from confluent_kafka import OFFSET_INVALID, Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from consumer.adapters.kafka.starts import StartAt, StartFinder, StartPolicy
from consumer.delivery.commit_memory import Identity, encode
from consumer.delivery.records import Offset
from consumer.delivery.records import TopicPartition as Place
from consumer.ports import Start
from tests.unit.seek_doubles import FakeClock

OURS = Identity("cluster-1", "topic-1")
FIRST, ADDED = Place("moves", 0), Place("moves", 1)
BEGINNING, END = 5, 90


@dataclass
class FakeKafka:
    """Satisfies what is asked of both clients: a topic of two partitions, and what the group
    has committed of them."""

    offsets: dict[int, tuple[int, str]] = field(default_factory=dict)
    soon: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Committed by another member, once ours were asked for."""

    def committed(self, asked: Sequence[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        nothing = OFFSET_INVALID, ""
        told = [
            TopicPartition(tp.topic, tp.partition, *self.offsets.get(tp.partition, nothing))
            for tp in asked
        ]
        self.offsets |= self.soon
        return told

    def list_topics(self, topic: str, timeout: float) -> SimpleNamespace:
        assert timeout > 0
        found = SimpleNamespace(error=None, partitions={0: None, 1: None})
        return SimpleNamespace(topics={topic: found})

    def get_watermark_offsets(self, _: TopicPartition, timeout: float) -> tuple[int, int]:
        assert timeout > 0
        return BEGINNING, END

    def commit(
        self, *, offsets: Sequence[TopicPartition], asynchronous: bool
    ) -> Sequence[TopicPartition]:
        assert not asynchronous
        for tp in offsets:
            self.offsets[tp.partition] = tp.offset, tp.metadata or ""
        return offsets


@dataclass
class OneLog:
    """Satisfies `Identities`."""

    told: Identity = OURS

    def identity(self, topic: str) -> Identity:
        assert topic == "moves"
        return self.told

    def changed(self, topics: Iterable[str], now_s: float) -> set[str]:
        raise NotImplementedError(topics, now_s)

    def forget(self, topic: str) -> None:
        raise NotImplementedError(topic)


def finder(kafka: FakeKafka, policy: StartPolicy) -> StartFinder:
    return StartFinder(
        consumer=cast("Consumer", kafka),  # The clients are classes without a protocol.
        admin=cast("AdminClient", kafka),
        identities=OneLog(),
        policy=policy,
        clock=FakeClock(),
        owned={FIRST, ADDED},
    )


def latest(*, confirmed: bool) -> StartPolicy:
    until_ms = FakeClock().wall_ms() + 1 if confirmed else 0
    return StartPolicy(StartAt.LATEST, confirmed_until_ms=until_ms)


def at(offset: int, identity: Identity = OURS) -> tuple[int, str]:
    """As the group commits it."""
    return offset, encode(identity, Offset(offset), Offset(offset), (), 4096)[0]


def test_a_partition_goes_on_where_the_group_was() -> None:
    starts = finder(FakeKafka({0: at(40)}), StartPolicy()).find([FIRST])
    assert starts.ready == {FIRST: Start(Offset(40))}
    assert not starts.waiting


def test_a_new_group_begins_at_the_beginning_and_says_so_first() -> None:
    kafka = FakeKafka()
    starts = finder(kafka, StartPolicy()).find([FIRST])
    assert starts.ready == {FIRST: Start(Offset(BEGINNING))}
    assert kafka.offsets == {0: at(BEGINNING)}


def test_a_start_at_the_end_waits_for_a_confirmation() -> None:
    kafka = FakeKafka()
    starts = finder(kafka, latest(confirmed=False)).find([FIRST, ADDED])
    assert not starts.ready
    assert {fault.code for fault in starts.waiting.values()} == {"start_unconfirmed"}
    assert not kafka.offsets


def test_a_confirmed_start_at_the_end_is_committed_for_the_whole_topic() -> None:
    kafka = FakeKafka()
    starts = finder(kafka, latest(confirmed=True)).find([FIRST])
    assert starts.ready == {FIRST: Start(Offset(END))}
    assert kafka.offsets == {0: at(END), 1: at(END)}


def test_a_start_that_another_member_sets_meanwhile_is_not_committed_over() -> None:
    """Else the whole history of the topic would be sent."""
    kafka = FakeKafka(soon={0: at(END), 1: at(END)})
    it = finder(kafka, latest(confirmed=True))
    it.owned = {ADDED}
    starts = it.find([ADDED])
    assert not starts.ready
    assert starts.waiting[ADDED].code == "start_pending"
    assert kafka.offsets[1] == at(END)
    assert it.find([ADDED]).ready == {ADDED: Start(Offset(END))}


def test_an_added_partition_begins_at_its_beginning_though_the_topic_began_at_its_end() -> None:
    kafka = FakeKafka({0: at(40)})
    starts = finder(kafka, latest(confirmed=True)).find([FIRST, ADDED])
    assert starts.ready == {FIRST: Start(Offset(40)), ADDED: Start(Offset(BEGINNING))}


def test_a_topic_that_was_made_anew_waits() -> None:
    kafka = FakeKafka({0: at(40, Identity("cluster-1", "topic-0"))})
    starts = finder(kafka, StartPolicy()).find([FIRST])
    assert not starts.ready
    assert starts.waiting[FIRST].code == "topic_recreated"


def test_where_the_group_was_is_not_trusted_while_no_broker_tells_which_log_is_there() -> None:
    """The topic may have been made anew under offsets of a log that is gone."""
    it = finder(FakeKafka({0: at(40)}), StartPolicy())
    it.identities = OneLog(Identity(None, None))
    starts = it.find([FIRST])
    assert not starts.ready
    assert starts.waiting[FIRST].code == "topic_id_unknown"
    it.identities = OneLog(OURS)
    assert it.find([FIRST]).ready == {FIRST: Start(Offset(40))}


def test_a_group_that_names_no_log_goes_on_though_no_broker_tells_ids() -> None:
    it = finder(FakeKafka({0: (40, "")}), StartPolicy())
    it.identities = OneLog(Identity(None, None))
    assert it.find([FIRST]).ready == {FIRST: Start(Offset(40))}


def test_an_offset_that_survives_a_topic_made_anew_is_of_the_old_log() -> None:
    """Also where its metadata does not say so."""
    kafka = FakeKafka({0: (40, "")})
    it = finder(kafka, StartPolicy())
    it.remade.add(FIRST)
    assert it.find([FIRST]).waiting[FIRST].code == "topic_recreated"
    del kafka.offsets[0]
    assert it.find([FIRST]).ready == {FIRST: Start(Offset(BEGINNING))}
    assert it.find([FIRST]).ready == {FIRST: Start(Offset(BEGINNING))}
