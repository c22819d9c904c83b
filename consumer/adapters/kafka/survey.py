"""How far each log reaches and how long it is kept, asked for beside the loop.

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
from consumer.adapters.kafka.topic_configs import topic_configs
from consumer.delivery.records import Offset, TopicPartition
from consumer.delivery.retention import Extent, Logs, Retention

SURVEY_EVERY_S: Final = 15.0
"""Prometheus scrapes twice as often at most; the brokers do not feel it."""
CONFIG_EVERY: Final = 20
"""Surveys from one look at the topics' configurations to the next: five minutes."""
ASK_S: Final = 5.0


@dataclass(slots=True)
class LogSurvey:
    """Asks in a thread of its own from `start` to `close`; `latest` is for any thread."""

    make: Callable[[], Consumer]
    admin: AdminClient
    places: Callable[[], Sequence[TopicPartition]]
    """The partitions that matter now."""
    letters: LetterSurvey
    monotonic_s: Callable[[], float]
    latest: Logs = field(default_factory=Logs)
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
        """One survey. Blocks for a bounded time a partition."""
        of_dlq = self.letters.places(client)
        places = [*self.places(), *of_dlq]
        retentions = self.latest.retentions
        if self._surveys % CONFIG_EVERY == 0 or {p.topic for p in places} - retentions.keys():
            retentions = self._retentions(sorted({place.topic for place in places}))
        self._surveys += 1
        extents = self._extents(client, places)
        of_letters = {place: extents[place] for place in of_dlq if place in extents}
        kept = retentions.get(self.letters.topic)
        letters = self.letters.oldest(client, of_letters, kept)
        self.latest = Logs(extents, retentions, letters)

    def _run(self) -> None:
        client = self.make()
        try:
            while not self._stop.is_set():
                self.look(client)
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
            found[place] = Extent(Offset(start), Offset(end), self.monotonic_s())
        return found

    def _retentions(self, topics: Sequence[str]) -> dict[str, Retention]:
        """Of those that are known: the others are shown as unknown."""
        configs = topic_configs(self.admin, topics, ASK_S)
        return {topic: _retention(config) for topic, config in configs.items()}


def _retention(config: Mapping[str, str]) -> Retention:
    def number(name: str) -> int | None:
        value = int(config[name])
        return None if value < 0 else value

    if "delete" not in config["cleanup.policy"]:
        return Retention(None, None)
    return Retention(number("retention.ms"), number("retention.bytes"))
