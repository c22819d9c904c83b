"""Runs the demo from the first event to the balance sheet."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from consumer.adapters.kafka.topic_ids import NoIdentities
from consumer.app import assembled
from consumer.demo.balance import BalanceSheet, Evidence, balance, unsettled_below
from consumer.demo.feed import Feed
from consumer.demo.publisher import Producer
from consumer.demo.read_back import (
    committed_offsets,
    journaled,
    read_letters,
    requests_by_outcome,
)
from consumer.demo.scenario import JOINING_S, faults, spell_at
from consumer.demo.scene import Scene
from consumer.demo.stage import GROUP, Stage
from consumer.demo.watcher import Seen, Watcher
from consumer.errors import ConsumerError

FRAME_S: Final = 0.25  # Four pictures a second look alive and cost next to nothing.
_AUDIT_EVERY_S: Final = 1.0
_AUDIT_SHARE: Final = 0.05  # Of the time: SEEK's journal is read whole, and grows.
_RATE_FRAMES: Final = 8  # The rate is that of the last two seconds.
_SPARE_S: Final = 5.0  # Beyond the drain, for leaving the group.


class Show(Protocol):
    """Called for each frame; says itself how often it draws."""

    def __call__(self, scene: Scene) -> None: ...


@dataclass(slots=True)
class Director:
    stage: Stage
    feed: Feed
    watcher: Watcher
    show: Show
    out_of_time: bool = field(init=False, default=False)
    """It was cut short before everything was settled."""
    _begun_s: float = field(init=False, default=0.0)
    _member_since_s: float | None = field(init=False, default=None)
    _opened: threading.Event = field(init=False, default_factory=threading.Event)
    _passed_over: int = field(init=False, default=0)
    _audit_at_s: float = field(init=False, default=0.0)
    _settled: deque[int] = field(init=False, default_factory=lambda: deque([0], _RATE_FRAMES))

    def run(self, producer: Producer, within_s: float) -> BalanceSheet:
        """At most about `within_s` seconds; what is not settled then shows in the sheet."""
        self._begun_s = time.monotonic()
        stop = threading.Event()
        threads = [
            _Thread("feed", lambda: self._publish(producer, stop), stop),
            _Thread("consumer", lambda: self._consume(stop), stop),
        ]
        try:
            for thread in threads:
                thread.start()
            self._watch(stop, within_s)
        finally:
            stop.set()
            for thread in threads:
                thread.join(self.stage.settings.stopping.drain_s + _SPARE_S)
        for thread in threads:
            thread.check()
        return balance(self._evidence())

    def _consume(self, stop: threading.Event) -> None:
        with assembled(
            self.stage.settings, self.stage.registry, self.watcher, NoIdentities()
        ) as service:
            service.run(stop)

    def _publish(self, producer: Producer, stop: threading.Event) -> None:
        """Begins with the scenario, so that both spells meet a stream that flows."""
        while not self._opened.wait(FRAME_S):
            if stop.is_set():
                return
        self.feed.run(producer, stop)

    def _watch(self, stop: threading.Event, within_s: float) -> None:
        while not stop.wait(FRAME_S):
            seen = self.watcher.seen()
            self._open_the_scenario(seen)
            self._settled.append(seen.settled)
            self.show(self._scene(seen))
            self._audit_when_due(seen)
            self.out_of_time = self._elapsed_s() > within_s
            if self._finished(seen) or self.out_of_time:
                return

    def _open_the_scenario(self, seen: Seen) -> None:
        """Spells count from the first assignment, so that the consumer is there to meet them."""
        late = self._elapsed_s() > JOINING_S
        if self._member_since_s is None and (seen.member or late):
            self._member_since_s = time.monotonic()
            self.stage.sandbox.set_faults(faults(len(self.feed.stream) / self.feed.per_s))
            self._opened.set()

    def _finished(self, seen: Seen) -> bool:
        return self.feed.done.is_set() and all(
            seen.committed.get(each.place, 0) > each.offset for each in self.feed.published
        )

    def _audit_when_due(self, before: Seen) -> None:
        begun_s = time.monotonic()
        if begun_s >= self._audit_at_s:
            self._audit(before)
            ended_s = time.monotonic()
            self._audit_at_s = ended_s + max(_AUDIT_EVERY_S, (ended_s - begun_s) / _AUDIT_SHARE)

    def _audit(self, before: Seen) -> None:
        """`before` was taken before the journal is read: what was committed then was settled."""
        accepted = {signal for signal, _ in journaled(self.stage.sandbox.journal())}
        passed = unsettled_below(
            before.committed, list(self.feed.published), accepted, self.watcher.seen().buried
        )
        self._passed_over += len(passed)

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._begun_s

    def _scene(self, seen: Seen) -> Scene:
        lately = self._settled[-1] - self._settled[0]
        return Scene(
            elapsed_s=self._elapsed_s(),
            events=len(self.feed.stream),
            published=len(self.feed.published),
            per_s=lately / (FRAME_S * len(self._settled)),
            now=self._now(seen),
            seen=seen,
        )

    def _now(self, seen: Seen) -> str:
        since_s = self._member_since_s
        spell = spell_at(None if since_s is None else time.monotonic() - since_s)
        if spell is not None:
            return spell.told
        if seen.holds:
            return f"Holding ({seen.holds[0].reason}): {seen.holds[0].detail}"
        if not seen.member:
            return "The consumer is joining its group; then publishing begins"
        if not self.feed.done.is_set():
            return "Good weather: status changes in, signals out, offsets committed after"
        return "All is published: the last signals land, the last offsets are committed"

    def _evidence(self) -> Evidence:
        stage, published = self.stage, list(self.feed.published)
        places = sorted({each.place for each in published})
        return Evidence(
            published=published,
            unconfirmed=self.feed.unconfirmed,
            journal=journaled(stage.sandbox.journal()),
            letters=read_letters(stage.bootstrap, stage.dlq_topic),
            skipped=self.watcher.seen().skipped,
            committed=committed_offsets(stage.bootstrap, GROUP, places),
            requests=requests_by_outcome(stage.sandbox.requests()),
            passed_over=self._passed_over,
        )


class _Thread:
    """A thread whose failure ends the demo and is raised where it is joined."""

    def __init__(self, name: str, act: Callable[[], None], stop: threading.Event) -> None:
        self._act, self._stop = act, stop
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.start, self.join = self._thread.start, self._thread.join

    def check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._thread.is_alive():
            msg = f"the demo's {self._thread.name} did not stop in time"
            raise ConsumerError(msg)

    def _run(self) -> None:
        try:
            self._act()
        except BaseException as error:  # noqa: BLE001 -- raised again by check, on the main thread
            self._failure = error
            self._stop.set()
