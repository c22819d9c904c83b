"""What the client's moods come to for those who write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from consumer.letters.errors import LettersError, TakenOverError
from consumer.letters.kafka import writer
from consumer.letters.kafka.writer import TRANSACTION_MS, KafkaWriter
from consumer.letters.ports import RetryRecord, TooLargeError

RETRIES = [RetryRecord(0, b"k", b"v" * size, []) for size in (1, 9, 1)]


@dataclass
class Message:
    number: int

    def offset(self) -> int:
        return self.number


@dataclass
class MoodyProducer:
    """Refuses what is waiting as a whole when one record in it is too large, as a broker does, and
    the first lot after that."""

    queue: int = 100
    fails_with: int | None = None
    committed: list[bytes] = field(default_factory=list)
    _waiting: list[tuple[bytes, Callable[..., None]]] = field(default_factory=list)
    _open: list[bytes] = field(default_factory=list)
    _shaken: bool = False

    def begin_transaction(self) -> None:
        if self.fails_with is not None:
            raise KafkaException(KafkaError(self.fails_with))
        self._open = []

    def produce(self, _: str, *, value: bytes, on_delivery: Any, **__: object) -> None:  # noqa: ANN401 -- a callback
        if len(self._waiting) >= self.queue:
            raise BufferError
        self._waiting.append((value, on_delivery))

    def __len__(self) -> int:
        return len(self._waiting)

    def poll(self, _: float) -> None:
        lot, self._waiting = self._waiting, []
        error = self._judged([value for value, _ in lot])
        for value, tell in lot:
            if error is None:
                self._open.append(value)
            tell(None if error is None else KafkaError(error), Message(len(self._open) - 1))

    def _judged(self, values: list[bytes]) -> int | None:
        if self._shaken:
            self._shaken = False
            return KafkaError._PURGE_QUEUE  # noqa: SLF001 -- the client's own code
        self._shaken = any(len(value) > 5 for value in values)
        return KafkaError.MSG_SIZE_TOO_LARGE if self._shaken else None

    def abort_transaction(self, _: float) -> None:
        self._open = []

    def commit_transaction(self, _: float) -> None:
        self.committed += self._open


def writing(producer: MoodyProducer, retries: list[RetryRecord]) -> None:
    made = KafkaWriter(cast("Producer", producer), "retry", "state", 1, 1)
    made.write(retries, lambda offsets: [(b"k", str(offset).encode()) for offset in offsets])


def test_of_a_lot_that_is_refused_the_one_that_is_too_large_is_told() -> None:
    producer = MoodyProducer()

    with pytest.raises(TooLargeError) as caught:
        writing(producer, RETRIES)
    assert caught.value.indexes == {1}
    writing(producer, [RETRIES[0], RETRIES[2]])
    assert producer.committed == [b"v", b"v", b"0", b"1"]


def test_a_full_queue_is_waited_for() -> None:
    producer = MoodyProducer(queue=1)

    writing(producer, [RETRIES[0]] * 5)

    assert producer.committed[:5] == [b"v"] * 5


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is as late as a transaction may last."""
    looks = iter(range(0, 1_000_000, TRANSACTION_MS // 1000))
    clock = SimpleNamespace(monotonic=lambda: float(next(looks)))
    monkeypatch.setattr(writer, "time", clock)


def test_who_is_shut_out_at_once_was_taken_over() -> None:
    with pytest.raises(TakenOverError):
        writing(MoodyProducer(fails_with=KafkaError.PRODUCER_FENCED), RETRIES)


@pytest.mark.usefixtures("late")
def test_a_transaction_that_the_broker_ended_for_its_age_is_no_other_run() -> None:
    with pytest.raises(LettersError, match="the broker ends what takes longer than 60 s"):
        writing(MoodyProducer(fails_with=KafkaError.PRODUCER_FENCED), RETRIES)
