"""Plays a schedule, heals everything, waits until all is committed, asks for the verdict."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Final

from consumer.errors import ExitCode
from tests.faults.chaos.acts import Acts
from tests.faults.chaos.member import PAGE_WITHIN_S
from tests.faults.chaos.pace import between_faults, read_milestones
from tests.faults.chaos.sandbox import fingerprints
from tests.faults.chaos.schedule import Planned
from tests.faults.chaos.scraping import scraping
from tests.faults.chaos.stage import Stage, regulars
from tests.faults.chaos.stream import CANARIES
from tests.faults.leaks import leaked_bearers, leaked_words, leaks
from tests.faults.oracle.report import Report
from tests.faults.oracle.timeline import Timeline
from tests.testbed.processes import BrokenTestBedError

TICK_S: Final = 0.2
TOLD_EVERY_S: Final = 5.0
HANDS: Final = 64
"""Faults at once, at most."""
UP_WITHIN_S: Final = 120.0
SETTLE_S: Final = 180.0
"""For everything to be committed after the last fault, …"""
SETTLE_PER_S: Final = 300.0
"""… and a second more for so many records that are still to be committed."""

Say = Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    """How it went. `wrong` has a line for each thing that must not be."""

    wrong: list[str] = field(default_factory=list[str])
    report: Report | None = None
    rss_kb: int = 0
    """The most of any consumer."""
    quiet_per_s: float | None = None
    """Events published a second while no fault was on; None: one always was."""


@dataclass(slots=True)
class Run:
    stage: Stage
    plan: Sequence[Planned]
    seconds: float
    say: Say
    over: Event = field(default_factory=Event)
    outcome: Outcome = field(default_factory=Outcome)
    _acts: Acts = field(init=False)
    _began_s: float = 0.0
    _told_s: float = 0.0
    _is_published: bool = False
    _futures: list[Future[None]] = field(default_factory=list[Future[None]])

    def __post_init__(self) -> None:
        self._acts = Acts(self.stage, self.over)

    def play(self) -> Outcome:
        with self._hands() as hands, scraping(self.stage.members.values()):
            for member in regulars(self.stage.members):
                # By a thread that lives as long as the run: a child ends with the one that
                # started it.
                hands.submit(member.start).result()
            self.stage.publisher.launch()
            self._began_s = time.monotonic()
            self._wait_until_it_flows()
            self._inject(hands)
            self._heal()
            self._settle()
            self._judge()
        return self.outcome

    @contextmanager
    def _hands(self) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor(HANDS, "hand") as hands:
            try:
                yield hands
            finally:
                self.over.set()

    def _wait_until_it_flows(self) -> None:
        """So that the first fault hits something, however slow the machine is."""
        while not self.outcome.wrong:
            self._watch()
            report = self.stage.oracle.report()
            if report is not None and report["accepted"]:
                self.say(f"it flows after {self._at_s:.1f} s")
                break
            if self._at_s > UP_WITHIN_S:
                self.outcome.wrong.append(f"nothing accepted within {UP_WITHIN_S:g} s")
            time.sleep(TICK_S)  # A report tells nobody that it was written.
        self._began_s = time.monotonic()

    def _inject(self, hands: ThreadPoolExecutor) -> None:
        waiting = list(self.plan)
        while (at_s := self._at_s) < self.seconds and not self.outcome.wrong:
            while waiting and waiting[0].begin_s <= at_s:
                self._futures.append(hands.submit(self._acts.perform, waiting.pop(0)))
            self._watch()
            self.over.wait(TICK_S)

    def _heal(self) -> None:
        """Ends what is still on; brokers may take their time to come back."""
        self.say("the last fault ends; everything is healed, publishing goes on at a trickle")
        self.over.set()
        while not all(future.done() for future in self._futures):
            self._watch()
            time.sleep(TICK_S)  # `over` is set, and wakes nobody any more.
        self._watch()
        self.stage.sandbox.heal()

    def _settle(self) -> None:
        """Until all that makes SEEK fail is found out, by those who have it in the end; then
        without traffic."""
        if self.stage.publisher.is_alive:
            self.stage.publisher.tell(signal.SIGUSR1)
        report = self.stage.oracle.report()
        within_s = SETTLE_S + (report["lag"] / SETTLE_PER_S if report else 0.0)
        deadline_s = time.monotonic() + within_s
        self.say(f"all is to be settled and committed within {within_s:.0f} s")
        self._wait(lambda told: not told["sick"], deadline_s)
        self._stop_publishing()
        published = self.stage.oracle.evidence.published.read_bytes().count(b"\n")
        self._wait(lambda told: told["published"] == published and not told["lag"], deadline_s)

    def _wait(self, condition: Callable[[Report], bool], deadline_s: float) -> None:
        while not self.outcome.wrong:
            self._watch()
            report = self.stage.oracle.report()
            if report is not None and condition(report):
                return
            if time.monotonic() > deadline_s:
                text = f"not all settled and committed in time; by partition: {_behind(report)}"
                self.outcome.wrong.append(text)
            time.sleep(TICK_S)  # A report tells nobody that it was written.

    def _stop_publishing(self) -> None:
        self._is_published = True
        self.stage.publisher.stop()
        try:
            self.stage.publisher.wait_for_success()
        except BrokenTestBedError as error:
            self.outcome.wrong.append(f"the publisher: {error}")

    def _judge(self) -> None:
        for member in regulars(self.stage.members):
            if not member.keep_pages(PAGE_WITHIN_S) and not self.outcome.wrong:
                self.outcome.wrong.append(f"{member.name} does not show its pages")
        self._tell()
        self.outcome.report = self.stage.oracle.verdict()
        if not self.outcome.wrong:  # Else it was cut short, and what is missing means nothing.
            self.outcome.wrong += self.outcome.report["texts"]
        for member in regulars(self.stage.members):
            if member.process.running and (code := member.stop()) != ExitCode.OK:
                self.outcome.wrong.append(f"{member.name} ended with code {code} at the end")
        self._look_for_leaks()
        self.outcome.quiet_per_s = self._quiet_per_s()

    def _quiet_per_s(self) -> float | None:
        """From when it flowed until all was healed."""
        begin_ms, end_ms = self._began_s * 1000, (self._began_s + self.seconds) * 1000
        milestones = [
            each
            for each in read_milestones(self.stage.files.milestones)
            if begin_ms <= each.at_ms <= end_ms
        ]
        timeline = Timeline()
        for line in self.stage.oracle.evidence.faults.read_bytes().splitlines():
            timeline.read(line)
        return between_faults(milestones, timeline.all)

    def _look_for_leaks(self) -> None:
        """In the logs and pages of all members that there ever were, and in their traces."""
        members = self.stage.members.values()
        files = [file for it in members for file in (it.process.log, it.pages)]
        files.append(self.stage.files.traces)
        texts = {file.name: file.read_bytes() for file in files if file.exists()}
        if not texts[self.stage.files.traces.name]:
            self.outcome.wrong.append("no trace was exported")
        bearers = fingerprints(self.stage.oracle.evidence.requests.read_bytes().splitlines())
        words = self.stage.files.private.read_text().splitlines()
        self.outcome.wrong += leaks(texts, [*CANARIES, *self.stage.sandbox.secrets])
        self.outcome.wrong += leaked_words(texts, words)
        self.outcome.wrong += leaked_bearers(texts, bearers)

    def _watch(self) -> None:
        wrong = self.outcome.wrong
        for member in self.stage.members.values():
            if member.ended_by_itself and not member.busy.locked():
                member.wanted = False
                wrong.append(f"{member.name} ended by itself, with code {member.process.ended()}")
            if member.wanted:
                member.measure()
                self.outcome.rss_kb = max(self.outcome.rss_kb, member.peak_rss_kb)
            member.listen()
        for future in [each for each in self._futures if each.done()]:
            self._futures.remove(future)
            if (error := future.exception()) is not None:
                wrong.append(f"a fault could not be injected or undone: {error!r}")
        self._watch_others()
        if time.monotonic() - self._told_s > TOLD_EVERY_S:
            self._told_s = time.monotonic()
            self._tell()

    def _watch_others(self) -> None:
        wrong, stage = self.outcome.wrong, self.stage
        report = stage.oracle.report()
        if report is not None and report["violations"]:
            wrong += report["texts"]
        if not stage.oracle.running:
            words = (stage.folder / "oracle.log").read_text(errors="replace")
            wrong.append(f"the oracle has ended: {words[-1000:]}")
        if not stage.sandbox.process.is_alive:
            wrong.append(f"the sandbox has ended: {stage.sandbox.process.last_words()}")
        if not stage.publisher.is_alive and not self._is_published:
            self._is_published = True
            wrong.append(f"the publisher has ended: {stage.publisher.last_words()}")

    def _tell(self) -> None:
        report = self.stage.oracle.report()
        if report is None:
            return
        active = ", ".join(f"{it.kind} {it.target}" for it in list(self._acts.active.values()))
        self.say(
            f"{self._at_s:6.0f} s  published {report['published']:,}"
            f"  accepted {report['accepted']:,}  dead letters {report['deadLettered']:,}"
            f"  duplicates {report['duplicates']:,}  lag {report['lag']:,}  [{active}]"
        )

    @property
    def _at_s(self) -> float:
        return time.monotonic() - self._began_s


def _behind(report: Report | None) -> dict[str, int]:
    return {} if report is None else dict(report["behind"])
