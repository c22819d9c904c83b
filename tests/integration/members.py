"""All members of one group, the load that they have, and judgements on what each of them did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path

from consumer.delivery.records import TopicPartition
from consumer.demo.balance import Published
from consumer.demo.expectations import DemoEvent, SignalKey, ToBeAccepted, signal_key
from tests.faults.oracle.process import OracleProcess, running_oracle
from tests.faults.oracle.report import Report
from tests.faults.oracle.timeline import TimelineLog
from tests.faults.scene import Scene
from tests.faults.service import REPOSITORY, service
from tests.faults.spoken import Spoken
from tests.integration.member import LEASE_S, SESSION_S, Member, Stay, wall_ms

PROTOCOLS = ["classic", "consumer"]
REQUEST_S = 8.0
IN_FLIGHT = 2
COMMIT_RECORDS = 1_000
PATIENCE_S = 120.0
GLANCE_S = 0.05
LOAD_S = 30.0
"""In which two thirds of what is left to publish are published."""
BLINK_MS = 5.0
"""Two clocks are read one after the other, and one of them is written down in milliseconds."""


@contextmanager
def company(
    it: Scene, protocol: str, load: list[DemoEvent], tree: Path = REPOSITORY
) -> Iterator[Company]:
    """Without members yet, but with an oracle that watches."""
    evidence = replace(
        it.evidence, senders=IN_FLIGHT, request_s=REQUEST_S, unexplained_may_be=False
    )
    with FileIO(str(evidence.faults), "a") as faults, running_oracle(evidence) as oracle:
        timeline = TimelineLog(faults)
        yield Company(it, oracle, timeline, settings(it, protocol), load[::-1], tree)


def settings(it: Scene, protocol: str) -> dict[str, str]:
    """Few requests at once, so that a backlog lasts; patience for a busy machine, so that no
    time-out adds a duplicate of its own."""
    environment = it.environment(
        SEEK_SIGNALS_IN_FLIGHT_MAX=str(IN_FLIGHT),
        SEEK_SIGNALS_IN_FLIGHT_START=str(IN_FLIGHT),
        SEEK_SIGNALS_REQUEST_TOTAL_S=str(REQUEST_S),
        SEEK_SIGNALS_DRAIN_S="15",
        SEEK_SIGNALS_LEASE_S=str(LEASE_S),
    )
    if protocol == "consumer":
        environment["KAFKA_GROUP_PROTOCOL"] = "consumer"
        environment["SEEK_SIGNALS_SESSION_TIMEOUT_S"] = str(SESSION_S)
        del environment["KAFKA_SESSION_TIMEOUT_MS"], environment["KAFKA_HEARTBEAT_INTERVAL_MS"]
    return environment


@dataclass(slots=True)
class Company:
    """One group, the load that it has, and all that were ever its members."""

    it: Scene
    oracle: OracleProcess
    timeline: TimelineLog
    environment: Mapping[str, str]
    load: list[DemoEvent]
    """Still to be published, the next one last."""
    tree: Path = REPOSITORY
    """Whose `consumer` the members run."""
    members: list[Member] = field(default_factory=list)
    _published_s: float = field(default_factory=time.monotonic)

    @property
    def looks(self) -> int:
        """That the oracle has taken so far."""
        told = self.oracle.report()
        return 0 if told is None else told["looks"]

    @contextmanager
    def started(self, count: int) -> Iterator[list[Member]]:
        """So many more members, at the same time; they join when they are ready."""
        with ExitStack() as ends:
            new = [self._start(ends) for _ in range(count)]
            self.until(lambda: all(member.session for member in new), "starting")
            yield new

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """While the load goes on."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline_s, f"{what}: {self._last_words()}"
            assert all(each.may_be_gone or each.process.running for each in self.members), (
                f"{what}, and a member ended: {self._last_words()}"
            )
            self.go_on()
            time.sleep(GLANCE_S)  # What is waited for happens in other processes.

    def go_on(self) -> None:
        """Publish what is due: less and less of what is left, so that it never runs out however
        long a busy machine takes."""
        waited_s = time.monotonic() - self._published_s
        due = int(len(self.load) * min(1.0, waited_s / LOAD_S))
        if due:
            self._published_s += waited_s
            self.publish(due)

    def publish(self, events: int) -> None:
        self.it.publisher.publish([self.load.pop() for _ in range(min(events, len(self.load)))])

    def finish(self) -> None:
        """Publish the rest and wait until all of it is settled."""
        self.it.publisher.publish(self.load[::-1])
        self.load.clear()
        assert self.it.publisher.failed == []
        published = len(self.it.publisher.published)
        self.oracle.until(
            lambda told: told["published"] == published and not told["lag"], "the end", PATIENCE_S
        )

    def verdict(self) -> Report:
        """Of the oracle, which is told first what the members have said of themselves."""
        for member in self.members:
            lines = member.process.said().encode().splitlines()
            Spoken(member.name, self.timeline).hear(lines)
        return self.oracle.verdict()

    def accepted_since(self, member: Member, since_ms: float) -> set[TopicPartition]:
        """Partitions of which SEEK accepted signals from the member since then."""
        places = places_of(self.it.publisher.published)
        return {
            places[signal_key(entry["signal"])]
            for entry in self.it.sandbox.journal()
            if entry["sessionId"] == member.session and wall_ms(entry["at"]) >= since_ms
        }

    def trespasses(self) -> list[str]:
        """Requests that were begun by a member for partitions that it did not own."""
        arrivals = {line["requestId"]: wall_ms(line["at"]) for line in self.it.sandbox.requests()}
        places = places_of(self.it.publisher.published)
        stays = {member.session: list(member.stays()) for member in self.members}
        found: dict[str, str] = {}
        for entry in self.it.sandbox.journal():
            place, request = places[signal_key(entry["signal"])], entry["requestId"] or ""
            at_ms = arrivals[request]
            if not _owned(stays[entry["sessionId"] or ""], place, at_ms):
                found[request] = f"{entry['sessionId']} at {at_ms:.0f} for {place}"
        return list(found.values())

    def unexplained(self) -> list[str]:
        """Repeated signals whose earlier acceptance was not by a member that was killed or
        frozen at about that time."""
        stopped_ms = {member.session: member.stopped_ms for member in self.members}
        seen: dict[SignalKey, list[tuple[str, float]]] = {}
        for entry in self.it.sandbox.journal():
            acceptance = (entry["sessionId"] or "", wall_ms(entry["at"]))
            seen.setdefault(signal_key(entry["signal"]), []).append(acceptance)
        return [
            f"accepted from {session} at {at_ms:.0f}, and again later"
            for acceptances in seen.values()
            for session, at_ms in acceptances[:-1]
            if not abs(stopped_ms[session] - at_ms) <= REQUEST_S * 1000
        ]

    def _start(self, ends: ExitStack) -> Member:
        name = f"member-{len(self.members) + 1}"
        log = self.it.folder / f"{name}.log"
        process = ends.enter_context(service(self.environment, log, self.tree))
        member = Member(name, process, self.timeline)
        self.members.append(member)
        return member

    def _last_words(self) -> str:
        return "\n".join(member.process.said()[-1500:] for member in self.members)


def places_of(published: list[Published]) -> dict[SignalKey, TopicPartition]:
    """Where each signal comes from."""
    return {
        each.event.expectation.signal: each.place
        for each in published
        if isinstance(each.event.expectation, ToBeAccepted)
    }


def _owned(stays: list[Stay], place: TopicPartition, at_ms: float) -> bool:
    return any(
        stay.place == place and stay.from_ms - BLINK_MS <= at_ms <= stay.to_ms + BLINK_MS
        for stay in stays
    )
