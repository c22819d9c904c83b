"""The subscribed topics, through confluent-kafka. All calls are the loop thread's.

Measured traps that shape this: `consume(n, t)` waits for n records, so `poll` waits and
`consume(n, 0)` takes the rest; since 2.16.0 a call from any other thread starves; a record
of zero bytes is falsy, so messages are compared with None.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from consumer.adapters.kafka.advice import Grantee, name_of
from consumer.adapters.kafka.committing import Committer
from consumer.adapters.kafka.faults import SourceFaults
from consumer.adapters.kafka.starts import StartFinder, StartPolicy, recreated
from consumer.adapters.kafka.taking import with_more
from consumer.adapters.kafka.topic_ids import Identities
from consumer.delivery.records import Offset, Record
from consumer.delivery.records import TopicPartition as Place
from consumer.errors import FencedError, KafkaFatalError
from consumer.ports import Assignments, Clock, CommitAnswer, Fault, Mark, Polled

ASK_AGAIN_S: Final = 5.0
"""How often the start of a waiting partition is looked for again."""
_SWITCH: Final = "the client does not pause or resume partitions; tried again each turn"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    metadata_bytes: int = 4096
    """Of a commit's metadata, at most."""
    grantee: Grantee = field(default_factory=Grantee)
    """Named where a right is missing."""


class KafkaSource:
    """Implements the port `Source`.

    Raises `FencedError` or `KafkaFatalError` from `poll` when only a restart can help.
    """

    def __init__(
        self,
        make: Callable[[Mapping[str, object]], Consumer],
        admin: AdminClient,
        identities: Identities,
        policy: StartPolicy,
        clock: Clock,
        options: SourceOptions,
    ) -> None:
        self._clock, self._identities, self._options = clock, identities, options
        callbacks = {
            "error_cb": self._on_error,
            "stats_cb": self._on_stats,
            "on_commit": self._on_commit,
        }
        self._consumer = make(callbacks)
        self._committer = Committer(self._consumer, identities, options.metadata_bytes)
        self._finder = StartFinder(self._consumer, admin, identities, policy, clock)
        self._owner: Assignments | None = None
        self._faults = SourceFaults(options.grantee)
        self._waiting: dict[Place, Fault] = {}
        self._begun: set[Place] = set()
        self._ask_at_s = 0.0
        self._fatal: KafkaError | None = None
        self._late: list[str] = []
        self._switch_refused: Fault | None = None

    def subscribe(self, topics: Sequence[str], owner: Assignments) -> None:
        self._owner = owner
        self._consumer.subscribe(
            list(topics),
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def close(self) -> None:
        """Leave the group. Nothing is assigned any more for its callbacks to act on."""
        self._consumer.close()

    # -- Source ------------------------------------------------------------------------------

    def poll(self, wait_s: float) -> Polled:
        first = self._consumer.poll(wait_s)
        self._stop_if_fatal()
        self._tell_late_refusals()
        self._look_after_partitions()
        if first is None:
            return Polled()
        return self._sorted(with_more(self._consumer.consume, first))

    def faults(self) -> Sequence[Fault]:
        refused = [] if self._switch_refused is None else [self._switch_refused]
        return [*refused, *self._faults.standing, *self._waiting.values()]

    def commit(self, marks: Mapping[Place, Mark]) -> Collection[Place]:
        try:
            return self._committer.begin(marks)
        except KafkaException as error:
            self._late.append(name_of(error.args[0]))
            return ()

    def commit_now(self, marks: Mapping[Place, Mark]) -> CommitAnswer:
        return self._committer.now(marks)

    def pause(self, partitions: Sequence[Place]) -> bool:
        return self._switch(self._consumer.pause, partitions)

    def resume(self, partitions: Sequence[Place]) -> bool:
        return self._switch(self._consumer.resume, partitions)

    # -- What the client tells, on the loop thread, from inside a call -------------------------

    def _on_assign(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        places = [Place(tp.topic, tp.partition) for tp in partitions]
        self._finder.owned.update(places)
        topics = {place.topic for place in places}
        self._faults.taken_in()
        self._faults.forget_topics(topics)
        for topic in topics:
            if not any(place.topic == topic for place in self._begun):
                self._identities.forget(topic)
        self._begin(places)

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._let_go(partitions, self._told.revoked)

    def _on_lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._let_go(partitions, self._told.lost)

    def _on_commit(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        answer = self._committer.answered(error, partitions)
        if answer is not None:
            taken, refused = answer
            if taken:
                self._faults.taken_in()
            self._told.committed(taken, refused)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._fatal = error
        else:
            self._faults.told(error)

    def _on_stats(self, text: str) -> None:
        """Every few seconds: whether any broker is connected, which no callback says."""
        brokers = orjson.loads(text)["brokers"].values()
        up = any(broker["state"] == "UP" and broker["nodeid"] >= 0 for broker in brokers)
        self._faults.looked(connected=up)

    # -- Helpers -------------------------------------------------------------------------------

    @property
    def _told(self) -> Assignments:
        if self._owner is None:
            msg = "the source was used before subscribe()"
            raise RuntimeError(msg)
        return self._owner

    def _begin(self, places: Iterable[Place]) -> None:
        starts = self._finder.find(places)
        for place in starts.ready:
            self._waiting.pop(place, None)
            self._faults.forget(place)
        self._waiting |= starts.waiting
        self._begun |= starts.ready.keys()
        self._ask_at_s = self._clock.monotonic_s() + ASK_AGAIN_S
        self._told.assigned(starts.ready)
        self._consumer.incremental_assign(
            [TopicPartition(p.topic, p.partition, s.offset) for p, s in starts.ready.items()]
        )

    def _let_go(
        self, partitions: list[TopicPartition], tell: Callable[[Sequence[Place]], None]
    ) -> None:
        places = [Place(tp.topic, tp.partition) for tp in partitions]
        tell(places)
        self._unassign([place for place in places if place in self._begun])
        self._finder.owned.difference_update(places)
        self._begun.difference_update(places)
        for place in places:
            self._waiting.pop(place, None)
            self._faults.forget(place)

    def _unassign(self, places: Sequence[Place]) -> None:
        """The client remembers a pause for longer than an assignment: a partition that came
        back paused would stand still, since its new lane knows of none."""
        self.resume(places)
        self._consumer.incremental_unassign([TopicPartition(*place) for place in places])

    def _look_after_partitions(self) -> None:
        now_s = self._clock.monotonic_s()
        if self._waiting and now_s >= self._ask_at_s:
            self._begin(list(self._waiting))
        topics = {place.topic for place in (*self._begun, *self._waiting)}
        for topic in self._identities.changed(topics, now_s):
            self._stop_reading(topic)

    def _stop_reading(self, topic: str) -> None:
        """The log under our offsets is gone: they must not be read, nor committed, on."""
        places = [place for place in self._begun if place.topic == topic]
        self._identities.forget(topic)
        self._finder.remade.update(places)
        self._told.recreated(places)
        self._unassign(places)
        self._begun.difference_update(places)
        self._waiting |= {place: recreated(place) for place in places}
        self._ask_at_s = self._clock.monotonic_s() + ASK_AGAIN_S

    def _sorted(self, messages: list[Message]) -> Polled:
        records: list[Message] = []
        ends: list[tuple[Place, Offset]] = []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                ends.append((_place(message), Offset(message.offset() or 0)))
            elif error.fatal():
                self._fatal = error
            else:
                self._faults.met(_place(message), error)
        if records:
            self._faults.read(message.topic() for message in records)
        return Polled(cast("list[Record]", records), ends)

    def _stop_if_fatal(self) -> None:
        if self._fatal is None:
            return
        msg = f"Kafka: {name_of(self._fatal)}: {self._fatal.str()}"
        if self._fatal.code() in (KafkaError.FENCED_INSTANCE_ID, KafkaError._FENCED):
            raise FencedError(msg)
        raise KafkaFatalError(msg)

    def _tell_late_refusals(self) -> None:
        refusals, self._late = self._late, []
        for code in refusals:
            self._told.committed({}, code)

    def _switch(
        self, call: Callable[[list[TopicPartition]], None], partitions: Sequence[Place]
    ) -> bool:
        """A partition that was revoked a moment ago cannot be switched, and need not be."""
        begun = [TopicPartition(*place) for place in partitions if place in self._begun]
        try:
            call(begun)
        except KafkaException as error:
            self._switch_refused = Fault(
                Place("", -1), name_of(error.args[0]), about_offsets=False, detail=_SWITCH
            )
            return False
        self._switch_refused = None
        return True


def _place(message: Message) -> Place:
    partition = message.partition()
    return Place(message.topic() or "", -1 if partition is None else partition)
