"""Where an assigned partition begins: at what was committed, else as P13 says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from consumer.adapters.kafka.advice import OFFSETS_ADVICE, name_of
from consumer.adapters.kafka.committing import Committer
from consumer.adapters.kafka.topic_ids import Identities
from consumer.delivery.commit_memory import decode
from consumer.delivery.records import Offset
from consumer.delivery.records import TopicPartition as Place
from consumer.ports import Clock, Fault, Mark, Start

ASK_S: Final = 5.0
"""Bound on each question to Kafka from the loop thread (P5)."""


class StartAt(StrEnum):
    EARLIEST = "earliest"
    LATEST = "latest"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class StartPolicy:
    """Where a topic begins of which the group has no offset at all."""

    at: StartAt = StartAt.EARLIEST
    time_ms: int = 0
    confirmed_until_ms: int = 0
    """Offsets that are all gone look like a new group, so any other start than earliest needs
    a confirmation, which holds until this time."""
    retry_topic: str = ""


@dataclass(slots=True)
class Starts:
    """What could be resolved, and why the rest has to wait."""

    ready: dict[Place, Start] = field(default_factory=dict[Place, Start])
    waiting: dict[Place, Fault] = field(default_factory=dict[Place, Fault])


@dataclass(slots=True)
class StartFinder:
    consumer: Consumer
    admin: AdminClient
    """For look-ups: `Consumer.list_topics` in a rebalance callback makes the client abort the
    process at its next callback (confluent-kafka 2.16)."""
    identities: Identities
    policy: StartPolicy
    clock: Clock
    owned: set[Place] = field(default_factory=set[Place])
    """Partitions that are this member's, begun or waiting."""
    remade: set[Place] = field(default_factory=set[Place])
    """Of topics that were made anew while they were read: an offset that is still there is of
    the old log, whatever its metadata says. Only a group without members can be given another."""

    def find(self, places: Iterable[Place]) -> Starts:
        """Blocks, with a bound on each question; what failed is to be asked again."""
        places, starts = list(places), Starts()
        try:
            fresh = self._from_commits(places, starts)
            for topic in sorted({place.topic for place in fresh}):
                self._begin(topic, [p for p in fresh if p.topic == topic], starts)
        except KafkaException as error:
            for place in places:
                if place not in starts.ready:
                    starts.waiting.setdefault(place, _unanswered(place, name_of(error.args[0])))
        return starts

    def _from_commits(self, places: Sequence[Place], starts: Starts) -> list[Place]:
        """Partitions without an offset; the others begin where the group was."""
        asked = [TopicPartition(place.topic, place.partition) for place in places]
        fresh: list[Place] = []
        for answer in self.consumer.committed(asked, timeout=ASK_S):
            place = Place(answer.topic, answer.partition)
            if answer.error is not None:
                raise KafkaException(answer.error)
            if answer.offset < 0:
                self.remade.discard(place)
                fresh.append(place)
            else:
                self._go_on(place, Offset(answer.offset), answer.metadata, starts)
        return fresh

    def _go_on(self, place: Place, mark: Offset, metadata: str | None, starts: Starts) -> None:
        memory = decode(metadata, self.identities.identity(place.topic), mark)
        if memory.recreated or place in self.remade:
            starts.waiting[place] = recreated(place)
        elif memory.unproven:
            starts.waiting[place] = _unanswered(place, "topic_id_unknown")
        else:
            starts.ready[place] = Start(mark, memory.settled)

    def _begin(self, topic: str, places: Sequence[Place], starts: Starts) -> None:
        """The start is committed before the first record is taken (P13)."""
        everyone = sorted({*self._partitions_of(topic), *places})
        if topic == self.policy.retry_topic or self.policy.at is StartAt.EARLIEST:
            self._begin_first(places, starts)
        elif begun := self._with_offsets(everyone):
            # One answer tells of the whole topic. Since ours were asked for its start may have
            # been set, for them as well: then their beginning is not ours to commit.
            starts.waiting |= {place: _not_our_turn(place) for place in places if place in begun}
            self._begin_first([place for place in places if place not in begun], starts)
        elif self.clock.wall_ms() > self.policy.confirmed_until_ms:
            starts.waiting |= {place: self._unconfirmed(place) for place in places}
        elif everyone[0] in self.owned:
            self._commit_starts(self._chosen(everyone), places, starts)
        else:
            starts.waiting |= {place: _not_our_turn(place) for place in places}

    def _begin_first(self, places: Sequence[Place], starts: Starts) -> None:
        if places:
            beginnings = {place: self._beginning(place) for place in places}
            self._commit_starts(beginnings, places, starts)

    def _partitions_of(self, topic: str) -> list[Place]:
        found = self.admin.list_topics(topic, timeout=ASK_S).topics[topic]
        if found.error is not None:
            raise KafkaException(found.error)
        return [Place(topic, partition) for partition in sorted(found.partitions)]

    def _with_offsets(self, places: Sequence[Place]) -> set[Place]:
        asked = [TopicPartition(place.topic, place.partition) for place in places]
        answers = self.consumer.committed(asked, timeout=ASK_S)
        return {Place(answer.topic, answer.partition) for answer in answers if answer.offset >= 0}

    def _chosen(self, places: Sequence[Place]) -> dict[Place, Offset]:
        """For the whole topic at once, by the owner of its first partition: members that begin
        together must not take each other's start for an earlier commit."""
        if self.policy.at is StartAt.LATEST:
            return {place: self._end(place) for place in places}
        time_ms = self.policy.time_ms
        asked = [TopicPartition(place.topic, place.partition, time_ms) for place in places]
        found = self.consumer.offsets_for_times(asked, timeout=ASK_S)
        offsets = {Place(tp.topic, tp.partition): tp.offset for tp in found}
        return {p: Offset(o) if o >= 0 else self._end(p) for p, o in offsets.items()}

    def _beginning(self, place: Place) -> Offset:
        return Offset(self._watermarks(place)[0])

    def _end(self, place: Place) -> Offset:
        return Offset(self._watermarks(place)[1])

    def _watermarks(self, place: Place) -> tuple[int, int]:
        partition = TopicPartition(place.topic, place.partition)
        return self.consumer.get_watermark_offsets(partition, timeout=ASK_S)

    def _commit_starts(
        self, chosen: Mapping[Place, Offset], ours: Iterable[Place], starts: Starts
    ) -> None:
        marks = {place: Mark(offset, offset, ()) for place, offset in chosen.items()}
        answer = Committer(self.consumer, self.identities, room_bytes=0).now(marks)
        if answer.code is None:
            starts.ready |= {place: Start(chosen[place]) for place in ours}
        else:
            starts.waiting |= {place: _unanswered(place, answer.code) for place in ours}

    def _unconfirmed(self, place: Place) -> Fault:
        return Fault(
            place,
            "start_unconfirmed",
            about_offsets=True,
            detail=f"the group has no offsets for this topic and is to start at {self.policy.at}: "
            "if it is new, set SEEK_SIGNALS_START_CONFIRMED_UNTIL to a time soon to come; if its "
            f"offsets were lost, {OFFSETS_ADVICE}",
        )


def recreated(place: Place) -> Fault:
    return Fault(
        place,
        "topic_recreated",
        about_offsets=True,
        detail="the topic was deleted and made anew, so the group's offsets are of another log: "
        f"{OFFSETS_ADVICE}",
    )


def _unanswered(place: Place, code: str) -> Fault:
    detail = "where to begin is not known; asked again until Kafka answers"
    return Fault(place, code, about_offsets=False, detail=detail)


def _not_our_turn(place: Place) -> Fault:
    detail = "the member with the topic's first partition sets the start; asked again"
    return Fault(place, "start_pending", about_offsets=False, detail=detail)
