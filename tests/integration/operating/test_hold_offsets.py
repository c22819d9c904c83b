"""How a hold on offsets is released, as the runbook says: stop, set the offsets, start."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
)
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient

from consumer.delivery.commit_memory import Identity, encode
from consumer.delivery.records import Offset, TopicPartition
from consumer.demo.balance import unsettled_below
from consumer.demo.expectations import DemoEvent, Kind, signal_key
from consumer.errors import ExitCode
from consumer.observed import HoldReason
from tests.faults.scene import Scene, scene
from tests.faults.service import glance, service
from tests.integration.outages.stage import acceptable_events
from tests.integration.outages.watching import Watch
from tests.testbed import KafkaCluster, Registry, committed, free_port

ASK_S: Final = 30.0
EMPTY_WITHIN_S: Final = 60.0
SHARE: Final = 100
GONE: Final = 2
"""Records that the broker deletes before they are read."""
HAS_MEMBERS: Final = KafkaError.UNKNOWN_MEMBER_ID
"""What a broker answers to who sets offsets of a group that is at work."""


@dataclass(slots=True)
class Operator:
    """Does by Kafka's admin interface what `kafka-consumer-groups.sh` does."""

    it: Scene
    events: Iterator[DemoEvent] = field(default_factory=acceptable_events)
    admin: AdminClient = field(init=False)

    def __post_init__(self) -> None:
        self.admin = AdminClient(self.it.kafka.client_config())

    @property
    def topic(self) -> str:
        return self.it.topics[Kind.APPLICATION_STATUS_CHANGED]

    def publish(self) -> None:
        self.it.publisher.publish(islice(self.events, SHARE))
        assert self.it.publisher.failed == []

    def extents(self, topic: str | None = None) -> dict[TopicPartition, tuple[int, int]]:
        """The oldest offset of each partition of the sources, and one past the newest."""
        asker = Consumer({**self.it.kafka.client_config(), "group.id": "nobody"})
        try:
            return {
                place: asker.get_watermark_offsets(Place(*place), timeout=ASK_S)
                for place in self.it.oracle.places
                if topic in {None, place.topic}
            }
        finally:
            asker.close()

    def marks(self) -> dict[TopicPartition, int]:
        return committed(self.it.kafka, self.it.group, list(self.it.topics.values()))

    def all_is_read(self) -> bool:
        marks = self.marks()
        return all(
            first == end or marks.get(p) == end for p, (first, end) in self.extents().items()
        )

    def reset_to_earliest(self) -> None:
        """`--topic … --reset-offsets --to-earliest`, for all partitions. Raises KafkaException."""
        wanted = [Place(*place, first) for place, (first, _) in self.extents(self.topic).items()]
        asked = [ConsumerGroupTopicPartitions(self.it.group, wanted)]
        (done,) = self.admin.alter_consumer_group_offsets(asked).values()
        for answer in done.result(ASK_S).topic_partitions:
            if answer.error is not None:
                raise KafkaException(answer.error)

    def delete_unread(self) -> None:
        """As retention does, in the partition of the topic in which most waits."""
        marks = self.marks()
        waiting = {p: end - marks.get(p, 0) for p, (_, end) in self.extents(self.topic).items()}
        place = max(waiting, key=lambda each: waiting[each])
        assert waiting[place] > GONE
        (done,) = self.admin.delete_records([Place(*place, marks.get(place, 0) + GONE)]).values()
        done.result(ASK_S)

    def replace_the_log(self) -> None:
        """As when the topic was made anew and its offsets stayed: they are of another log."""
        cluster = self.admin.cluster_id(ASK_S)
        place, mark = next((p, m) for p, m in self.marks().items() if p.topic == self.topic)
        text, _ = encode(Identity(cluster, "another-log"), Offset(mark), Offset(mark), (), 4096)
        asking = Consumer({**self.it.kafka.client_config(), "group.id": self.it.group})
        asking.commit(offsets=[Place(*place, mark, text)], asynchronous=False)
        asking.close()

    def never_told(self) -> int:
        """Records that the group has passed and SEEK never got."""
        accepted = {signal_key(entry["signal"]) for entry in self.it.sandbox.journal()}
        return len(unsettled_below(self.marks(), self.it.publisher.published, accepted, ()))


@contextmanager
def member(it: Scene, **settings: str) -> Iterator[Watch]:
    """Stopped in good order at the end."""
    port = free_port()
    environment = it.environment(SEEK_SIGNALS_HTTP_PORT=str(port), **settings)
    with service(environment, it.folder / "service.log") as process:
        watch = Watch(process, port)
        process.until(lambda: watch.is_ready, "a member of the group")
        yield watch
        assert process.terminate() == ExitCode.OK


def until_all_is_read(operator: Operator, watch: Watch) -> None:
    watch.process.until(operator.all_is_read, "all read")
    watch.process.until(lambda: not watch.holds(), "the end of all holds")


def until_held(watch: Watch, code: str) -> None:
    watch.process.until(lambda: watch.is_held(HoldReason.OFFSETS), "held")
    (said,) = [line for line in watch.lines() if line["event"] == "hold began"][-1:]
    assert code in f"{said}"
    assert "stop all members" in said["detail"]


def when_nobody_is_left(act: Callable[[], None]) -> None:
    """Static members stay until their session ends."""
    deadline_s = time.monotonic() + EMPTY_WITHIN_S
    while not _done(act):
        assert time.monotonic() < deadline_s
        glance()


def _done(act: Callable[[], None]) -> bool:
    try:
        act()
    except KafkaException as error:
        if error.args[0].code() != HAS_MEMBERS:
            raise
        return False
    return True


@pytest.mark.parametrize(
    ("break_it", "code", "lost", "settings"),
    [
        pytest.param(Operator.delete_unread, "offset_out_of_range", GONE, {}, id="expired"),
        pytest.param(Operator.replace_the_log, "topic_recreated", 0, {}, id="made anew"),
        pytest.param(
            Operator.replace_the_log,
            "topic_recreated",
            0,
            {"KAFKA_GROUP_INSTANCE_ID": "seek-signals-0"},
            id="static member",
        ),
    ],
)
def test_a_hold_on_offsets_ends_as_the_runbook_says(  # noqa: PLR0913, PLR0917 -- three are fixtures
    kafka: KafkaCluster,
    registry: Registry,
    tmp_path: Path,
    break_it: Callable[[Operator], None],
    code: str,
    lost: int,
    settings: dict[str, str],
) -> None:
    with scene(kafka, registry, tmp_path, latency_s=0.0) as it:
        operator = Operator(it)
        operator.publish()
        with member(it, **settings) as watch:
            until_all_is_read(operator, watch)
        operator.publish()
        when_nobody_is_left(lambda: break_it(operator))

        with member(it, **settings) as watch:
            until_held(watch, code)
            with pytest.raises(KafkaException) as refused:
                operator.reset_to_earliest()
            assert refused.value.args[0].code() == HAS_MEMBERS
            assert not operator.all_is_read()
        when_nobody_is_left(operator.reset_to_earliest)
        with member(it, **settings) as watch:
            until_all_is_read(operator, watch)

        assert operator.never_told() == lost


def test_a_new_group_that_is_to_skip_starts_when_somebody_confirms_it(
    kafka: KafkaCluster, registry: Registry, tmp_path: Path
) -> None:
    with scene(kafka, registry, tmp_path, latency_s=0.0) as it:
        operator = Operator(it)
        operator.publish()
        with member(it, SEEK_SIGNALS_START="latest") as watch:
            until_held(watch, "start_unconfirmed")
            assert operator.marks() == {}
        soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        confirmed = {"SEEK_SIGNALS_START": "latest", "SEEK_SIGNALS_START_CONFIRMED_UNTIL": soon}
        with member(it, **confirmed) as watch:
            watch.process.until(lambda: len(operator.marks()) > 0, "started")
            watch.process.until(lambda: not watch.holds(), "the end of all holds")
            operator.publish()
            until_all_is_read(operator, watch)

        assert operator.never_told() == SHARE
        assert it.sandbox.accepted == SHARE
