"""How far each log reaches, how long it is kept and since when what was not read waits there,
asked for beside the loop.

A client of its own that joins no group: what it waits for delays nothing, and while the
loop's partitions are paused it alone sees the logs grow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import AdminClient

from consumer.adapters.kafka.letter_survey import LetterSurvey
from consumer.adapters.kafka.record_times import RecordTimes
from consumer.adapters.kafka.topic_configs import topic_configs
from consumer.delivery.records import Offset, TopicPartition
from consumer.delivery.retention import Extent, Logs, OldestOpen, Retention
from consumer.ports import Clock

SURVEY_EVERY_S: Final = 15.0
"""Prometheus scrapes twice as often at most; the brokers do not feel it."""
CONFIG_EVERY: Final = 20
"""Surveys from one look at the topics' configurations to the next: five minutes."""
ASK_S: Final = 5.0

Wanted = Mapping[TopicPartition, Offset | None]
"""The partitions that matter now, and where nothing of one is read: what is next."""


@dataclass(slots=True)
class LogSurvey:
    """Asks in a thread of its own from `start` to `close`; `latest` is for any thread."""

    make: Callable[[], Consumer]
    admin: AdminClient
    wanted: Callable[[], Wanted]
    letters: LetterSurvey
    clock: Clock
    tell: Callable[[str], None]
    """Told the kind of a failure that nobody thought of. It may repeat."""
    latest: Logs = field(default_factory=Logs)
    _times: RecordTimes = field(default_factory=RecordTimes)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _surveys: int = 0

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="log-survey", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Returns once the thread has ended, within one question's time."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(ASK_S)

    def look(self, client: Consumer) -> None:
        """One survey. Blocks for a bounded time a partition. What cannot be had this time stays
        as it was seen: it says when, so that it can be told from what is known."""
        wanted = self.wanted()
        of_dlq = self.letters.places(client) or list(self.latest.letters)
        places = [*wanted, *of_dlq]
        retentions = self.latest.retentions
        if self._surveys % CONFIG_EVERY == 0 or {p.topic for p in places} - retentions.keys():
            retentions = self._retentions(sorted({place.topic for place in places}))
        self._surveys += 1
        seen = self._extents(client, places)
        of_letters = {place: seen[place] for place in of_dlq if place in seen}
        before = self.latest
        self.latest = Logs(
            {place: before.extents[place] for place in places if place in before.extents} | seen,
            retentions,
            letters=dict.fromkeys(of_dlq) | self.letters.oldest(client, of_letters),
            unread=self._unread(client, wanted, seen),
            seen_whole_at_s=(
                self.clock.monotonic_s() if len(seen) == len(places) else before.seen_whole_at_s
            ),
        )

    def look_in_any_case(self, client: Consumer) -> None:
        """A survey that fails is followed by another: what it would have told grows old
        meanwhile, which is shown."""
        try:
            self.look(client)
        except Exception as error:  # noqa: BLE001 -- a thread that ended would leave all as it was
            self.tell(type(error).__name__)

    def _run(self) -> None:
        client = self.make()
        try:
            while not self._stop.is_set():
                self.look_in_any_case(client)
                self._stop.wait(SURVEY_EVERY_S)
        finally:
            client.close()

    def _extents(
        self, client: Consumer, places: Sequence[TopicPartition]
    ) -> dict[TopicPartition, Extent]:
        found: dict[TopicPartition, Extent] = {}
        for place in places:
            if self._stop.is_set():
                break
            try:
                start, end = client.get_watermark_offsets(
                    KafkaPartition(place.topic, place.partition), timeout=ASK_S
                )
            except KafkaException:
                continue  # Said by the loop's own client already; here it is just not known.
            found[place] = Extent(Offset(start), Offset(end), self.clock.monotonic_s())
        return found

    def _unread(
        self, client: Consumer, wanted: Wanted, seen: Mapping[TopicPartition, Extent]
    ) -> dict[TopicPartition, OldestOpen]:
        waiting = {
            place: Offset(max(offset, seen[place].start))
            for place, offset in wanted.items()
            if offset is not None and place in seen and offset < seen[place].end
        }
        return self._times.at(client, waiting, self.clock.wall_ms())

    def _retentions(self, topics: Sequence[str]) -> dict[str, Retention]:
        """Of those that are known: the others are shown as unknown."""
        configs = topic_configs(self.admin, topics, ASK_S)
        found = {topic: _retention(config) for topic, config in configs.items()}
        return {topic: retention for topic, retention in found.items() if retention is not None}


def _retention(config: Mapping[str, str]) -> Retention | None:
    """None where the broker leaves a property out, or leaves it empty."""
    if "cleanup.policy" not in config:
        return None
    if "delete" not in config["cleanup.policy"]:
        return Retention(None, None)
    try:
        kept_ms, size_bytes = int(config["retention.ms"]), int(config["retention.bytes"])
    except (KeyError, ValueError):
        return None
    return Retention(_limit(kept_ms), _limit(size_bytes))


def _limit(value: int) -> int | None:
    return None if value < 0 else value
