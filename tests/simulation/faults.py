"""What can go wrong, how often, and how often it did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum, auto
from random import Random
from typing import Final


class Hazard(StrEnum):
    """Each kind is counted when it has an effect, not when it is planned."""

    # The way to SEEK and back.
    SLOW_START = auto()
    LEASE_RAN_OUT = auto()
    TRANSPORT_BEFORE = auto()
    TIMEOUT_BEFORE = auto()
    TIMEOUT_AFTER = auto()
    ACCEPTED_AFTER_TIMEOUT = auto()
    LOST_ANSWER = auto()
    TOKEN_ENDPOINT_AWAY = auto()
    # What SEEK says.
    SERVER_OUTAGE = auto()
    LONG_OUTAGE = auto()
    SERVER_FAULT_ONCE = auto()
    UNKNOWN_CODE_ONCE = auto()
    UNREADABLE = auto()
    NOT_TRUE = auto()
    NOT_TRUE_BUT_STORED = auto()
    THROTTLED = auto()
    THROTTLED_RETRY_AFTER = auto()
    UNAUTHENTICATED = auto()
    TOO_MANY_BYTES = auto()
    POINTER = auto()
    NO_POINTER = auto()
    MISLEADING_POINTER = auto()
    BANNED_HIRER = auto()
    REFUSES_TOPIC = auto()
    FLOOD = auto()
    # What is wrong with records.
    BAD_INPUT = auto()
    FORBIDDEN = auto()
    OVERSIZE = auto()
    SICK_FAULT = auto()
    SICK_CODE = auto()
    STUCK = auto()
    UNDECODABLE = auto()
    UNMAPPABLE = auto()
    UNKNOWN_SCHEMA = auto()
    SKIPPED = auto()
    # The dead-letter topic.
    LETTER_REFUSED = auto()
    LETTER_TOO_LARGE = auto()
    LETTER_WRITTEN_BUT_REFUSED = auto()
    LETTER_WRITTEN_THEN_CRASH = auto()
    # Commits.
    COMMIT_REFUSED = auto()
    COMMIT_PARTLY_REFUSED = auto()
    COMMIT_UNANSWERED = auto()
    COMMIT_ANSWERED_LATE = auto()
    COMMIT_NOW_REFUSED = auto()
    COMMIT_NOW_UNANSWERED = auto()
    MEMORY_CARRIED = auto()
    MEMORY_DROPPED = auto()
    MEMORY_USED = auto()
    # The group, Kafka, the registry.
    REVOKED = auto()
    REVOKED_IN_FLIGHT = auto()
    LOST = auto()
    LOST_IN_FLIGHT = auto()
    GIVEN_BACK = auto()
    GIVEN_TO_ANOTHER = auto()
    SESSION_EXPIRED = auto()
    KAFKA_AWAY = auto()
    REGISTRY_AWAY = auto()
    SCHEMA_LATE = auto()
    # The process and its clocks.
    STANDSTILL = auto()
    WALL_CLOCK_JUMP = auto()
    STOPPED = auto()
    CRASH = auto()
    CRASH_IN_FLIGHT = auto()
    CRASH_BEFORE_COMMIT = auto()
    ACCEPTED_AFTER_CRASH = auto()


PER_REQUEST: Final = {
    Hazard.SLOW_START: 0.08,
    Hazard.TRANSPORT_BEFORE: 0.04,
    Hazard.TIMEOUT_BEFORE: 0.03,
    Hazard.TIMEOUT_AFTER: 0.06,
    Hazard.ACCEPTED_AFTER_TIMEOUT: 0.04,
    Hazard.LOST_ANSWER: 0.06,
    Hazard.SERVER_FAULT_ONCE: 0.03,
    Hazard.UNKNOWN_CODE_ONCE: 0.03,
    Hazard.UNREADABLE: 0.06,
    Hazard.NOT_TRUE: 0.03,
    Hazard.NOT_TRUE_BUT_STORED: 0.08,
    Hazard.THROTTLED: 0.05,
    Hazard.THROTTLED_RETRY_AFTER: 0.05,
    Hazard.MISLEADING_POINTER: 0.3,
    Hazard.POINTER: 0.5,
}
PER_LETTER: Final = {Hazard.LETTER_WRITTEN_BUT_REFUSED: 0.2}
PER_COMMIT: Final = {
    Hazard.COMMIT_REFUSED: 0.1,
    Hazard.COMMIT_PARTLY_REFUSED: 0.1,
    Hazard.COMMIT_UNANSWERED: 0.05,
    Hazard.COMMIT_ANSWERED_LATE: 0.1,
    Hazard.COMMIT_NOW_REFUSED: 0.25,
    Hazard.COMMIT_NOW_UNANSWERED: 0.25,
}
PER_TURN: Final = {
    Hazard.REVOKED: 0.02,
    Hazard.LOST: 0.015,
    Hazard.STOPPED: 0.004,
    Hazard.WALL_CLOCK_JUMP: 0.01,
}
PER_STEP: Final = {Hazard.STANDSTILL: 0.001, Hazard.CRASH: 0.003}
SPELLS: Final = {
    Hazard.SERVER_OUTAGE: 0.01,
    Hazard.UNAUTHENTICATED: 0.01,
    Hazard.TOKEN_ENDPOINT_AWAY: 0.01,
    Hazard.TOO_MANY_BYTES: 0.02,
    Hazard.BANNED_HIRER: 0.06,
    Hazard.REFUSES_TOPIC: 0.02,
    Hazard.LETTER_REFUSED: 0.03,
    Hazard.KAFKA_AWAY: 0.01,
    Hazard.REGISTRY_AWAY: 0.03,
}
"""How likely one begins in a turn."""
SPELL_S: Final = (1.0, 90.0)
RATES: Final = PER_REQUEST | PER_LETTER | PER_COMMIT | PER_TURN | PER_STEP | SPELLS


@dataclass(slots=True)
class Plan:
    """Which hazards this history has, and what became of them."""

    rng: Random
    rates: dict[Hazard, float]
    tally: Counter[Hazard] = field(default_factory=Counter[Hazard])
    calm: bool = False
    _until_s: dict[Hazard, float] = field(default_factory=dict[Hazard, float])

    @classmethod
    def drawn(cls, rng: Random) -> Plan:
        """Some histories are nearly quiet, so that a failure there is easy to read."""
        share = rng.choice((0.1, 0.3, 0.6))
        scales = (0.5, 1.0, 3.0)
        return cls(
            rng, {h: r * rng.choice(scales) for h, r in RATES.items() if rng.random() < share}
        )

    def strikes(self, hazard: Hazard) -> bool:
        """Whether it happens now; if so it is counted."""
        rate = 0.0 if self.calm else self.rates.get(hazard, 0.0)
        if rate and self.rng.random() < rate:
            self.tally[hazard] += 1
            return True
        return False

    def met(self, hazard: Hazard) -> None:
        self.tally[hazard] += 1

    def begin_spells(self, now_s: float) -> None:
        for hazard in SPELLS:
            rate = self.rates.get(hazard, 0.0)
            if rate and self.rng.random() < rate:
                self._until_s[hazard] = now_s + self.rng.uniform(*SPELL_S)

    def is_on(self, hazard: Hazard, now_s: float) -> bool:
        """Whether a spell of it is on; the caller counts what it does."""
        return not self.calm and now_s < self._until_s.get(hazard, 0.0)
