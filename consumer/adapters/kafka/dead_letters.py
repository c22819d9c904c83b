"""Writes dead letters, and says which of them the broker has confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from consumer.adapters.kafka.advice import name_of
from consumer.delivery.records import OutgoingRecord
from consumer.ports import Buried

_TOO_LARGE: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})


class KafkaDeadLetters:
    """Implements the port `DeadLetters` on an idempotent producer with `acks=all`.

    An idempotent producer without the right to write dies for good, so a new one is made
    once it did: the right may come.
    """

    def __init__(self, make: Callable[[], Producer]) -> None:
        self._make = make
        self._producer = make()
        self._ended: list[Buried] = []
        self._open: set[int] = set()

    def bury(self, ticket: int, letter: OutgoingRecord) -> None:
        self._open.add(ticket)
        try:
            self._producer.produce(
                letter.topic,
                value=letter.value,
                key=letter.key,
                headers=list(letter.headers),
                on_delivery=partial(self._delivered, ticket),
            )
        except BufferError:
            self._end(ticket, Buried(ticket, "queue_full"))
        except KafkaException as error:
            self._delivered(ticket, error.args[0], None)

    def reports(self, wait_s: float) -> Sequence[Buried]:
        try:
            self._producer.poll(wait_s)
        except KafkaException as error:
            self._renew(name_of(error.args[0]))
        ended, self._ended = self._ended, []
        return ended

    def close(self, wait_s: float) -> None:
        """What is not confirmed within `wait_s` is not settled, so it will be written again."""
        self._producer.flush(wait_s)

    def _delivered(self, ticket: int, error: KafkaError | None, _: Message | None) -> None:
        if error is None:
            self._end(ticket, Buried(ticket, None))
            return
        self._end(ticket, Buried(ticket, name_of(error), error.code() in _TOO_LARGE))
        if error.fatal() or error.code() == KafkaError._FATAL:
            self._renew(name_of(error))

    def _end(self, ticket: int, report: Buried) -> None:
        if ticket in self._open:
            self._open.discard(ticket)
            self._ended.append(report)

    def _renew(self, why: str) -> None:
        for ticket in sorted(self._open):
            self._end(ticket, Buried(ticket, why))
        self._producer = self._make()
