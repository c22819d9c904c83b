"""From the settings to the topics: what every verb of `dlq` works with."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient

from consumer.adapters.avro.registry import RegistryClient, connect
from consumer.adapters.clock import SystemClock
from consumer.adapters.telemetry.kafka_logs import kafka_logger
from consumer.adapters.telemetry.logs import configure_logging
from consumer.cli.config import file_settings
from consumer.cli.connecting import admin_client, understanding_of
from consumer.cli.dlq.options import Asked
from consumer.cli.dlq.printing import say
from consumer.cli.dlq.watching import Watch, watching
from consumer.letters.catalogue import Catalogue
from consumer.letters.errors import LettersError, StoppedError
from consumer.letters.kafka.milestones import tell_oldest_open
from consumer.letters.kafka.ranges import NoTopicError, partitions_of
from consumer.letters.kafka.reading import KafkaLetters, KafkaSources, KafkaStates
from consumer.letters.kafka.writer import LINGER_MS, TRANSACTION_MS, KafkaWriter
from consumer.letters.session import Session, marks_of
from consumer.letters.understanding import Understanding
from consumer.settings.load import Connections, load_connections


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a person works on dead letters."""

    asked: Asked
    settings: Connections
    consumer: Consumer
    letters: KafkaLetters
    states: KafkaStates
    sources: KafkaSources
    registry: RegistryClient
    understanding: Understanding
    clock: SystemClock
    watch: Watch

    @property
    def dlq(self) -> str:
        """For the catalogue: empty for the group's own dead-letter topic."""
        own = self.settings.source.dlq_topic
        return "" if self.letters.topic == own else self.letters.topic

    def read_letters(self, catalogue: Catalogue) -> None:
        """Commits first: what failed again before a commit is then among the letters."""
        catalogue.committed = self._committed()
        for letter in self.letters.scan(self.watch.looking("reading dead letters")):
            taken = self.asked.filter.takes(letter, self.understanding.hirer_of)
            catalogue.add(letter, taken=taken)

    def read_states(self, catalogue: Catalogue) -> None:
        """Where nothing was ever replayed the topic may be missing: then nothing is marked."""
        try:
            catalogue.remember(marks_of(self.states.read()))
        except NoTopicError:
            return

    def session(self, verb: str) -> Session:
        """The right to change states, still to be taken."""
        source = self.settings.source
        config = self.settings.kafka.transactional_config(source.dlq_topic, TRANSACTION_MS)
        ours = {"linger.ms": LINGER_MS, "error_cb": _told_by_calls, "logger": _silent()}
        writer = KafkaWriter(
            Producer({**config, **ours}),
            source.retry_topic,
            source.state_topic,
            len(partitions_of(self.consumer, source.retry_topic)),
            len(partitions_of(self.consumer, source.state_topic)),
        )
        host = f"{socket.gethostname()}, process {os.getpid()}"
        return Session(self.states, writer, self.clock, uuid4().hex, verb, host, self._wait)

    def admin(self) -> AdminClient:
        return admin_client(self.settings.kafka)

    def tell_oldest_open(self, catalogue: Catalogue) -> None:
        """At the end of what may have changed it. Nothing depends on it but what is watched: who
        stops the run does not wait for it."""
        if self.dlq or self.watch.stopped:
            return
        config = {**self.settings.kafka.reading_config(), "group.id": self.letters.topic}
        client = Consumer(config, logger=kafka_logger(name="dlq"))
        try:
            catalogue.remember(marks_of(self.states.read()))
            seen = self.watch.looking("finding the oldest letter that waits")
            tell_oldest_open(client, self.letters.topic, catalogue.oldest_open(seen))
        except StoppedError:
            return
        except LettersError as error:
            self.watch.rest()
            say(f"the service's time to loss of dead letters stays as it was: {error}")
        finally:
            client.close()

    def _wait(self, seconds: float) -> None:
        self.watch.wait(seconds)
        if self.watch.stopped:
            raise StoppedError

    def _committed(self) -> dict[int, int]:
        try:
            return dict(self.states.committed())
        except NoTopicError:
            return {}


@contextmanager
def desk(asked: Asked) -> Generator[Desk]:
    """Connected to Kafka and the registry, not to SEEK, whose credentials may be missing."""
    configure_logging("warning", "auto")
    settings = load_connections(os.environ, file_settings(os.environ, asked.config))
    source = settings.source
    with ExitStack() as closing:
        watch = closing.enter_context(watching())
        consumer = Consumer(settings.kafka.reading_config(), logger=kafka_logger(name="dlq"))
        closing.callback(consumer.close)
        registry = connect(settings.registry.client_config())
        closing.callback(registry.close)
        yield Desk(
            asked,
            settings,
            consumer,
            KafkaLetters(consumer, asked.from_topic or source.dlq_topic),
            KafkaStates(consumer, source.state_topic, source.retry_topic),
            KafkaSources(consumer),
            registry,
            understanding_of(settings, registry),
            SystemClock(),
            watch,
        )


def _told_by_calls(error: KafkaError) -> None:
    """The writer's errors end its calls, so they need not be told twice."""
    del error


def _silent() -> logging.Logger:
    """What the writer's client logs is either told by its calls or of no use: each first
    transaction on a fresh broker logs a warning."""
    logger = logging.Logger("replay", logging.CRITICAL + 1)  # noqa: LOG001 -- not in the process-wide tree
    logger.addHandler(logging.NullHandler())
    return logger
