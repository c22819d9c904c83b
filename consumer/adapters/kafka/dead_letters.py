"""Writes dead letters, and says which of them the broker has confirmed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from consumer.adapters.kafka.advice import Grantee, name_of
from consumer.delivery.records import OutgoingRecord
from consumer.ports import Buried

_TOO_LARGE: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})


class KafkaDeadLetters:
    """Implements the port `DeadLetters` on an idempotent producer with `acks=all`.

    An idempotent producer without the right to write dies for good. The next letter, which
    the pipeline paces, makes a new one: the right may have come.
    """

    def __init__(self, make: Callable[[], Producer], grantee: Grantee) -> None:
        self._make, self._grantee = make, grantee
        self._producer: Producer | None = make()
        self._ended: list[Buried] = []
        self._open: dict[int, str] = {}
        """The topic of each letter that is on its way, by ticket."""

    def bury(self, ticket: int, letter: OutgoingRecord) -> None:
        self._open[ticket] = letter.topic
        if self._producer is None:
            self._producer = self._make()
        try:
            self._producer.produce(
                letter.topic,
                value=letter.value,
                key=letter.key,
                headers=list(letter.headers),
                on_delivery=partial(self._delivered, ticket),
            )
        except BufferError:
            self._end(ticket, KafkaError(KafkaError._QUEUE_FULL))
        except KafkaException as error:
            self._delivered(ticket, error.args[0], None)

    def reports(self, wait_s: float) -> Sequence[Buried]:
        if self._producer is None:
            time.sleep(wait_s)  # Nothing is on its way: the pipeline's waits must not spin.
        else:
            self._wait(self._producer.poll, wait_s)
        ended, self._ended = self._ended, []
        return ended

    def close(self, wait_s: float) -> None:
        """What is not confirmed within `wait_s` is not settled, so it will be written again."""
        if self._producer is not None:
            self._wait(self._producer.flush, wait_s)

    def _wait(self, wait: Callable[[float], int], wait_s: float) -> None:
        """Both ways to wait raise what has killed the producer meanwhile."""
        try:
            wait(wait_s)
        except KafkaException as error:
            self._give_up(error.args[0])

    def _delivered(self, ticket: int, error: KafkaError | None, _: Message | None) -> None:
        self._end(ticket, error)
        if error is not None and (error.fatal() or error.code() == KafkaError._FATAL):
            self._give_up(error)

    def _end(self, ticket: int, error: KafkaError | None) -> None:
        topic = self._open.pop(ticket, None)
        if topic is None:
            return
        if error is None:
            self._ended.append(Buried(ticket, None))
            return
        detail = self._grantee.to_write(error, topic)
        too_large = error.code() in _TOO_LARGE
        self._ended.append(Buried(ticket, name_of(error), too_large, detail))

    def _give_up(self, error: KafkaError) -> None:
        """This producer is dead."""
        for ticket in sorted(self._open):
            self._end(ticket, error)
        self._producer = None
