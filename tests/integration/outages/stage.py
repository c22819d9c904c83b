"""What the tests of outages share: a service on real parts, and the story that each tells.

Publish and see it settled; break something; see the service hold; publish more; mend it;
see all of it accepted, nothing lost, nothing buried, the hold over.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, NamedTuple

from confluent_kafka.admin import AdminClient

from consumer.demo.balance import BalanceSheet, balance
from consumer.demo.expectations import DemoEvent, ToBeAccepted
from consumer.demo.stream import believable_stream
from consumer.errors import ExitCode
from consumer.observed import HoldReason
from tests.faults.oracle import Oracle
from tests.faults.scene import Scene
from tests.faults.service import glance, service
from tests.integration.outages.watching import Watch
from tests.testbed import create_topics, free_port

SEED: Final = 46
BATCH: Final = 10
SHARE: Final = 4 * BATCH
BACKLOG: Final = 20 * BATCH
"""Published while nothing is accepted: each probe is another batch, so a few would be used up,
and only what is left over pauses the partitions."""
NEWS_WITHIN: Final = {"KAFKA_TOPIC_METADATA_PROPAGATION_MAX_MS": "1000"}
"""Until a topic that is gone is one, for the client."""
ANSWER_S: Final = 30.0
REBALANCES: Final = "seek_signals_rebalances_total"
TURNS_WITHIN_S: Final = 15.0
"""Usually a quarter of a second: how often the loop shows itself."""
LINES_MOST: Final = 25
"""Log lines of one outage, from its begin to its end. A storm has hundreds."""
ALIKE_MOST: Final = 2
"""Of them of one kind: one a minute, and no outage here takes two."""


class Outage(NamedTuple):
    begin: Callable[[], object]
    end: Callable[[], object]
    reason: HoldReason
    says: str
    """What the line of the log has to tell the operator, among other things."""
    lasts_s: float = 0.0
    """The hold is watched for at least so long."""
    loses_answers: bool = False
    """SEEK accepts, and we cannot know: what it got, it gets again."""


@dataclass(slots=True)
class Stage:
    it: Scene
    watch: Watch
    _events: Iterator[DemoEvent] = field(init=False)

    def __post_init__(self) -> None:
        self._events = acceptable_events()

    def publish(self, count: int = SHARE) -> None:
        """Events that SEEK would all accept."""
        self.it.publisher.publish([next(self._events) for _ in range(count)])
        assert self.it.publisher.failed == []

    def until(self, condition: Callable[[], bool], what: str, *, looking: bool = True) -> None:
        """Waits, while the oracle looks that no commit passes an unsettled record; without it
        where Kafka does not answer, since it would wait for that."""
        meanwhile = self.it.oracle.look if looking else glance
        self.watch.process.until(condition, what, meanwhile=meanwhile)

    def until_all_settled(self) -> None:
        self.until(lambda: self.it.oracle.finished, "all settled")

    def until_held(self, reason: HoldReason, topic: str | None = None) -> None:
        self.until(partial(self.watch.is_held, reason, topic), f"a hold of {reason}")

    def until_released(self) -> None:
        """No hold, on the page and in the metrics."""
        self.until(lambda: not self.watch.holds(), "the end of all holds")
        assert self.watch.value("seek_signals_hold") == 0

    def assert_recovered(self, letters: int = 0) -> None:
        """All is settled and no hold is left; nothing was lost or sent twice."""
        self.until_all_settled()
        self.until_released()
        sheet = self.sheet()
        assert list(sheet.faults) == []
        assert sheet.repeats == 0
        assert len(self.it.oracle.letters) == letters

    def delete_letters(self) -> None:
        """The topic for them is gone."""
        admin = AdminClient(self.it.kafka.client_config())
        for done in admin.delete_topics([f"{self.it.group}.dlq"]).values():
            done.result(ANSWER_S)

    def make_letters_again(self) -> None:
        """With an oracle that does not know of the topic before; it is the caller's to close."""
        it = self.it
        create_topics(it.kafka, {f"{it.group}.dlq": 6})
        it.oracle.close()
        oracle = Oracle(it.kafka, it.sandbox, it.group, it.oracle.places, it.publisher.published)
        self.it = replace(it, oracle=oracle)

    def sheet(self) -> BalanceSheet:
        self.it.oracle.look()
        return balance(self.it.oracle.evidence())


@contextmanager
def stage(it: Scene, **settings: str) -> Iterator[Stage]:
    """A service that has its partitions; it must end well, too. Empty settings are left out."""
    port = free_port()
    environment = it.environment(
        SEEK_SIGNALS_HTTP_PORT=str(port),
        SEEK_SIGNALS_BATCH_SIZE=str(BATCH),
        SEEK_SIGNALS_HOLD_BASE_S="0.2",
        SEEK_SIGNALS_HOLD_MAX_S="1",
        SEEK_SIGNALS_AUTH_PROBE_S="1",
        KAFKA_SESSION_TIMEOUT_MS="30000",  # A machine that is busy must not cost the membership.
    )
    given = {name: value for name, value in (environment | settings).items() if value}
    with service(given, it.folder / "service.log") as process:
        staged = Stage(it, Watch(process, port))
        staged.until(lambda: staged.watch.is_ready, "a member of the group")
        yield staged
        assert process.terminate() == ExitCode.OK


def endure(staged: Stage, outage: Outage) -> None:
    """The story of an outage in which SEEK gets nothing."""
    it, watch = staged.it, staged.watch
    staged.publish()
    staged.until_all_settled()
    before = _Counts.of(watch)
    outage.begin()
    staged.publish(BACKLOG)
    staged.until_held(outage.reason)
    # Only from here on: what was under way in all senders tells nothing of a back-off.
    held = _Counts.of(watch)
    staged.until(lambda: watch.value("seek_signals_partitions_paused") > 0, "paused")
    staged.until(lambda: _tries(watch) >= before.tries + 3, "tried again")
    staged.until(lambda: watch.held_for_s(outage.reason) >= outage.lasts_s, "held for long")
    staged.publish()
    _assert_waiting(staged, outage, held)
    tries = _tries(watch)
    outage.end()
    staged.until_all_settled()
    staged.until_released()

    # What was under way may fail, and one that left before the outage ended; then it is over.
    assert watch.value("seek_signals_requests_total", outcome="outage") <= tries + 2
    assert watch.value(REBALANCES) == before.rebalances
    assert_told(watch, outage.reason, outage.says, before.lines)
    sheet = staged.sheet()
    assert list(sheet.faults) == []
    assert it.oracle.letters == []
    unheard = BATCH * (_tries(watch) - before.tries) if outage.loses_answers else 0
    assert bool(sheet.repeats) == outage.loses_answers
    assert sheet.repeats <= unheard


def assert_alive(watch: Watch) -> None:
    """A hold is no reason to restart the process, nor to stop a rollout; the loop polls on."""
    assert watch.is_ready
    assert watch.is_live
    assert watch.turned_s_ago < TURNS_WITHIN_S


def assert_told(watch: Watch, reason: HoldReason, says: str, lines_before: int = 0) -> None:
    """One line says that the hold began and what to do, one that it is over; no storm."""
    lines = list(watch.lines())[lines_before:]
    began = [line for line in lines if line["event"] == "hold began" and line["reason"] == reason]
    ended = [line for line in lines if line["event"] == "hold ended" and line["reason"] == reason]
    places = {line["topic"] for line in began}
    assert len(began) == len(ended) == len(places)
    for line in began:
        assert says in f"{line['detail']} {line.get('advice')}"
        assert line["level"] == "error"
    alike = Counter((line["event"], line["code"]) for line in lines if "code" in line)
    assert max(alike.values(), default=0) <= ALIKE_MOST, alike
    assert len(lines) <= LINES_MOST, [line["event"] for line in lines]


def acceptable_events(seed: int = SEED) -> Iterator[DemoEvent]:
    now_ms = time.time_ns() // 1_000_000
    for event in believable_stream(seed=seed, events=2_000, now_ms=now_ms):
        if isinstance(event.expectation, ToBeAccepted):
            yield event


class _Counts(NamedTuple):
    """Of one moment."""

    at_s: float
    tries: float
    rebalances: float
    lines: int

    @classmethod
    def of(cls, watch: Watch) -> _Counts:
        return cls(
            time.monotonic(),
            _tries(watch),
            watch.value(REBALANCES),
            len(list(watch.lines())),
        )


def _tries(watch: Watch) -> float:
    """Requests that SEEK, or what stands before it, did not take."""
    return watch.value("seek_signals_requests_total") - watch.value(
        "seek_signals_requests_total", outcome="accepted"
    )


def _assert_waiting(staged: Stage, outage: Outage, held: _Counts) -> None:
    it, watch = staged.it, staged.watch
    it.oracle.look()
    assert not it.oracle.finished
    assert it.oracle.letters == []
    assert_alive(watch)
    assert [hold["reason"] for hold in watch.holds()] == [outage.reason]
    assert watch.value("seek_signals_hold", reason=outage.reason) == 1
    assert watch.value("seek_signals_hold") == 1
    # One in a second or less, with jitter; without a back-off they are hundreds.
    assert _tries(watch) - held.tries <= 10 + 5 * (time.monotonic() - held.at_s)
