"""The dead-letter topic: written at last, though not always at once, and not always told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from consumer.delivery.records import OutgoingRecord
from consumer.ports import Buried
from tests.simulation.faults import Hazard
from tests.simulation.invariants import Invariants
from tests.simulation.ledger import Process
from tests.simulation.records import SimRecord
from tests.simulation.truth import Truth
from tests.simulation.world import World

LARGEST: Final = 300
"""Bytes of a value that the topic takes."""


@dataclass(slots=True, eq=False)
class FakeDeadLetters:
    """Satisfies the port `DeadLetters`; one producer for each process."""

    process: Process
    world: World
    truth: Truth
    invariants: Invariants
    reports_lost: int = 0
    """Letters that the topic has, of which the process was not told yet."""
    _reports: list[Buried] = field(default_factory=list[Buried])

    def bury(self, ticket: int, letter: OutgoingRecord) -> None:
        self.world.step(self.process.name, f"bury {ticket}")
        record = self.invariants.letter_tried(self.process, letter)
        plan, rng = self.world.plan, self.world.rng
        large = letter.value is not None and len(letter.value) > LARGEST
        delay_s = rng.uniform(0.001, 0.5)
        if large:
            plan.met(Hazard.LETTER_TOO_LARGE)
            self._report_later(delay_s, Buried(ticket, "MSG_SIZE_TOO_LARGE", too_large=True))
        elif plan.is_on(Hazard.LETTER_REFUSED, self.world.now_s):
            plan.met(Hazard.LETTER_REFUSED)
            self._report_later(delay_s, Buried(ticket, "TOPIC_AUTHORIZATION_FAILED"))
        else:
            self.world.later(delay_s, partial(self._write, ticket, record))
        self.world.step(self.process.name, f"buried {record}, large={large}")

    def reports(self, wait_s: float) -> Sequence[Buried]:
        self.world.step(self.process.name, f"await letters {wait_s:g}")
        self.world.wait(wait_s, lambda: bool(self._reports))
        reports, self._reports = self._reports, []
        self.reports_lost -= sum(report.error is None for report in reports)
        self.world.step(self.process.name, f"letters {_told(reports)}")
        return reports

    def _write(self, ticket: int, record: SimRecord) -> None:
        if not self.process.alive and self.world.rng.random() < 0.5:
            return
        self.truth.letters[record] += 1
        self.world.tell("Kafka", f"has the letter of {record}")
        if self.world.plan.strikes(Hazard.LETTER_WRITTEN_BUT_REFUSED):
            self._report_later(0.1, Buried(ticket, "MSG_TIMED_OUT"))
        else:
            self.reports_lost += 1
            self._report_later(self.world.rng.uniform(0.0, 1.0), Buried(ticket, None))

    def _report_later(self, delay_s: float, report: Buried) -> None:
        self.world.later(delay_s, lambda: self._reports.append(report))


def _told(reports: Sequence[Buried]) -> str:
    return " ".join(f"{report.ticket}={report.error or 'confirmed'}" for report in reports)
