"""Retry records and states, in Kafka transactions of one fixed id per group."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from zlib import crc32

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from consumer.letters.errors import LettersError, TakenOverError
from consumer.letters.kafka.ranges import kafka_failed
from consumer.letters.ports import RetryRecord, TooLargeError

OPEN_S: Final = 60.0
COMMIT_S: Final = 45.0
CONFIRM_S: Final = 30.0
WAIT_S: Final = 0.5
AT_ONCE: Final = 500
LINGER_MS: Final = 5
"""Whatever the user has set for dead letters: here somebody waits for each lot."""
TRANSACTION_MS: Final = 60_000
"""The broker ends a transaction of a run that died after so long, or when the next begins."""
_TOO_LARGE: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
_FENCED: Final = frozenset(
    {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}
)


@dataclass(slots=True)
class _Confirmed:
    offsets: list[int | None]
    errors: list[KafkaError] = field(default_factory=list[KafkaError])
    too_large: set[int] = field(default_factory=set[int])

    def note(self, index: int, error: KafkaError | None, message: Message | None) -> None:
        if error is None and message is not None:
            self.offsets[index] = message.offset()
        elif error is not None and error.code() in _TOO_LARGE:
            self.too_large.add(index)
        elif error is not None:
            self.errors.append(error)


class _ShakenError(LettersError):
    """The transaction failed as one before it was refused: the client had gone on counting from
    records that the broker does not have (librdkafka 2.16, after a record too large). The next one
    counts anew."""


@dataclass(slots=True)
class KafkaWriter:
    """Implements the port `Writer`."""

    producer: Producer
    retry_topic: str
    state_topic: str
    partitions: int
    state_partitions: int

    def open(self) -> None:
        try:
            self.producer.init_transactions(OPEN_S)
        except KafkaException as error:
            raise _of(error.args[0], "beginning to write") from error

    def write(
        self,
        retries: Sequence[RetryRecord],
        states: Callable[[Sequence[int]], Sequence[tuple[bytes, bytes]]],
    ) -> None:
        """Once more, one at a time, where one of many is too large: the broker refuses the batch
        that the client has put it into, and with it records that are not."""
        try:
            self._write(retries, states, AT_ONCE)
        except TooLargeError:
            if len(retries) == 1:
                raise
            self._write(retries, states, 1)  # Up to the first, which is then told.

    def _write(
        self,
        retries: Sequence[RetryRecord],
        states: Callable[[Sequence[int]], Sequence[tuple[bytes, bytes]]],
        at_once: int,
    ) -> None:
        try:
            self._write_once(retries, states, at_once)
        except _ShakenError:
            self._write_once(retries, states, at_once)

    def _write_once(
        self,
        retries: Sequence[RetryRecord],
        states: Callable[[Sequence[int]], Sequence[tuple[bytes, bytes]]],
        at_once: int,
    ) -> None:
        began_s = time.monotonic()
        try:
            self.producer.begin_transaction()
            offsets = self._produce_retries(retries, at_once)
            self._produce_states(states(offsets))
            self._commit()
        except KafkaException as error:
            self._abort()
            raise _of(error.args[0], "writing", time.monotonic() - began_s) from error
        except (TooLargeError, LettersError):
            self._abort()
            raise

    def _produce_retries(self, retries: Sequence[RetryRecord], at_once: int) -> list[int]:
        confirmed = _Confirmed([None] * len(retries))
        for index, retry in enumerate(retries):
            note = partial(confirmed.note, index)
            try:
                self._produce(self.retry_topic, retry, note)
            except KafkaException as error:
                if error.args[0].code() not in _TOO_LARGE:
                    raise
                confirmed.too_large.add(index)
            if (index + 1) % at_once == 0:
                self._flush(confirmed)
        self._flush(confirmed)
        return [offset for offset in confirmed.offsets if offset is not None]

    def _produce_states(self, states: Sequence[tuple[bytes, bytes]]) -> None:
        confirmed = _Confirmed([None] * len(states))
        for index, (key, value) in enumerate(states):
            # By no setting of the user's: later states must follow earlier ones.
            record = RetryRecord(crc32(key) % self.state_partitions, key, value, [])
            self._produce(self.state_topic, record, partial(confirmed.note, index))
        self._flush(confirmed)

    def _produce(
        self,
        topic: str,
        record: RetryRecord,
        note: Callable[[KafkaError | None, Message | None], None],
    ) -> None:
        """Waits where the client's queue is full: the user may have set it smaller than what
        goes at once."""
        deadline_s = time.monotonic() + CONFIRM_S
        while True:
            try:
                self.producer.produce(
                    topic,
                    value=record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                    on_delivery=note,
                )
            except BufferError as error:
                if time.monotonic() > deadline_s:
                    msg = f"nothing was confirmed within {CONFIRM_S:g} s: is a broker away?"
                    raise LettersError(msg) from error
                self.producer.poll(WAIT_S)
            else:
                return

    def _flush(self, confirmed: _Confirmed) -> None:
        """The transaction takes no more once a record was refused."""
        left = self._wait()
        if confirmed.too_large:
            raise TooLargeError(frozenset(confirmed.too_large))
        if confirmed.errors and confirmed.errors[0].code() == KafkaError._PURGE_QUEUE:
            raise _ShakenError(str(kafka_failed(confirmed.errors[0], "writing")))
        if confirmed.errors:
            raise _of(confirmed.errors[0], "writing")
        if left:
            msg = f"{left} records were not confirmed within {CONFIRM_S:g} s: is a broker away?"
            raise LettersError(msg)

    def _wait(self) -> int:
        """How many are still not confirmed. By `poll`, as `flush` cannot raise what `poll` does:
        at a fatal error it breaks (SystemError, confluent-kafka 2.16)."""
        deadline_s = time.monotonic() + CONFIRM_S
        while len(self.producer) and time.monotonic() < deadline_s:
            self.producer.poll(WAIT_S)
        return len(self.producer)

    def _commit(self) -> None:
        """Again when it did not end in time: only the broker knows, and it may be asked twice."""
        try:
            self.producer.commit_transaction(COMMIT_S)
        except KafkaException as error:
            if not error.args[0].retriable():
                raise
            self.producer.commit_transaction(COMMIT_S)

    def _abort(self) -> None:
        """Where this cannot be said either, the next run's `open` ends the transaction."""
        try:
            self.producer.abort_transaction(COMMIT_S)
        except KafkaException:
            return


def _of(error: KafkaError, doing: str, took_s: float = 0.0) -> LettersError | TakenOverError:
    """`took_s`: how long the transaction had been open."""
    if error.code() in _FENCED and took_s * 1000 >= TRANSACTION_MS:
        # The broker shuts out whose transaction takes too long by the same means as another run.
        return LettersError(
            f"{doing} took {took_s:.0f} s, and the broker ends what takes longer than "
            f"{TRANSACTION_MS // 1000} s (or another run took over): nothing of it is written. "
            "Is a broker away? Run the same command again to go on."
        )
    if error.code() in _FENCED:
        return TakenOverError(
            "another run took over, so this one stopped. What it had not finished is not written; "
            "the other run goes on from there."
        )
    if error.code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        return LettersError(
            f"{doing} failed: grant Write and Describe on the transactional id to this user "
            "(seek-signals topics shows the command)"
        )
    return kafka_failed(error, doing)
