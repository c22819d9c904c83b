"""Publishes the stream at an even pace, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from consumer.delivery.records import Offset, TopicPartition
from consumer.demo.balance import Published
from consumer.demo.expectations import CutShort, DemoEvent, Kind
from consumer.demo.publisher import Producer, Publisher
from consumer.demo.publishing import Encode

_LEAST_WAIT_S: Final = 0.01  # Shorter naps cost more than they smooth.
_CONFIRM_S: Final = 10.0  # The embedded Kafka confirms in milliseconds.
_FRAMING_BYTES: Final = 5


@dataclass(slots=True)
class Feed:
    """Start `run` in a thread; everything else may be read at any time."""

    stream: Sequence[DemoEvent]
    topics: Mapping[Kind, str]
    encode: Encode
    per_s: float
    """Events a second."""
    published: list[Published] = field(init=False, default_factory=list[Published])
    """Confirmed by the broker; only ever appended to."""
    failed_events: int = field(init=False, default=0)
    done: threading.Event = field(init=False, default_factory=threading.Event)
    """Nothing more will come."""
    _written: dict[int, tuple[bytes, bytes | None]] = field(
        init=False, default_factory=dict[int, tuple[bytes, bytes | None]]
    )

    @property
    def unconfirmed(self) -> int:
        return len(self.stream) - len(self.published)

    def run(self, producer: Producer, stop: threading.Event) -> None:
        publisher = Publisher(producer, self, time.monotonic)
        try:
            self._publish(publisher, stop, time.monotonic)
            publisher.finish(_CONFIRM_S)
        finally:
            self.done.set()

    def confirmed(self, ticket: int, place: TopicPartition, offset: Offset) -> None:
        key, value = self._written.pop(ticket)
        self.published.append(Published(self.stream[ticket], place, offset, key, value))

    def failed(self, ticket: int, error: str) -> None:
        del error  # The sheet says how many; the embedded Kafka gives no reason worth telling.
        self._written.pop(ticket, None)
        self.failed_events += 1

    def _publish(
        self, publisher: Publisher, stop: threading.Event, clock: Callable[[], float]
    ) -> None:
        begin_s = clock()
        for ticket, event in enumerate(self.stream):
            ahead_s = begin_s + ticket / self.per_s - clock()
            if ahead_s > _LEAST_WAIT_S and stop.wait(ahead_s):
                return
            topic = self.topics[event.kind]
            key, value = event.key.encode(), self._bytes(event, topic)
            self._written[ticket] = key, value
            publisher.send(ticket, topic, key, value)

    def _bytes(self, event: DemoEvent, topic: str) -> bytes | None:
        match event.value:
            case None | bytes():
                return event.value
            case CutShort(fields=fields):
                whole = self.encode(event.kind, topic, fields)
                return whole[: _FRAMING_BYTES + (len(whole) - _FRAMING_BYTES) // 2]
            case fields:
                return self.encode(event.kind, topic, fields)
