"""Made-up hirers, each with a hiring process of its own words, as SEEK wants them (contract 2.3).

No two agree on names, on the number of statuses, or on whether there are phases at all.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Process(NamedTuple):
    """The statuses that an application or a position can have, in their usual order."""

    steps: tuple[tuple[str | None, str], ...]
    """(phase, status); no phase where the hirer keeps a flat list."""
    won: str
    lost: tuple[str, ...]

    @property
    def running(self) -> tuple[str, ...]:
        final = {self.won, *self.lost}
        return tuple(status for _, status in self.steps if status not in final)

    def state(self, status: str, timestamp_ms: int | None) -> dict[str, object]:
        """The Avro value of a state; counts from 1, as SEEK's samples do."""
        statuses = [each for _, each in self.steps]
        phases = list(dict.fromkeys(phase for phase, _ in self.steps))
        phase = self.steps[statuses.index(status)][0]
        return {
            "status": _step(status, statuses.index(status), len(statuses)),
            "phase": None if phase is None else _step(phase, phases.index(phase), len(phases)),
            "success": self._success(status),
            "timestamp": timestamp_ms,
        }

    def _success(self, status: str) -> bool | None:
        if status == self.won:
            return True
        return False if status in self.lost else None


def _step(label: str, place: int, total: int) -> dict[str, object]:
    return {"label": label, "index": place + 1, "total": total}


class Hirer(NamedTuple):
    name: str
    applications: Process
    positions: Process
    tells_previous: bool
    """Whether its events carry the state that was left."""


POSITIONS: Final = Process(
    steps=(
        ("Draft", "Awaiting approval"),
        ("Open", "Advertised"),
        ("Open", "Interviewing"),
        ("Open", "On hold"),
        ("Closed", "Filled"),
        ("Closed", "Withdrawn"),
    ),
    won="Filled",
    lost=("Withdrawn",),
)

FLAT_POSITIONS: Final = Process(
    steps=((None, "Open"), (None, "Position filled"), (None, "Cancelled")),
    won="Position filled",
    lost=("Cancelled",),
)

HOSPITAL: Final = Process(
    steps=(
        ("Applied", "New"),
        ("Applied", "Acknowledged"),
        ("Screening", "Registration check"),
        ("Screening", "Phone screen"),
        ("Interview", "Panel interview"),
        ("Interview", "Second interview"),
        ("Checks", "Referee check"),
        ("Checks", "Working with children check"),
        ("Offer", "Offer made"),
        ("Hired", "Contract signed"),
        ("Unsuccessful", "Not suitable"),
        ("Unsuccessful", "Candidate withdrew"),
    ),
    won="Contract signed",
    lost=("Not suitable", "Candidate withdrew"),
)

CAFE: Final = Process(
    steps=(
        (None, "Received"),
        (None, "Shortlisted"),
        (None, "Trial shift"),
        (None, "Hired ☕"),
        (None, "Declined"),
    ),
    won="Hired ☕",
    lost=("Declined",),
)

SOFTWARE_HOUSE: Final = Process(
    steps=(
        ("Inbox", "Inbox"),
        ("In review", "CV review"),
        ("In review", "Coding exercise"),
        ("Interviewing", "Technical interview"),
        ("Interviewing", "Team interview"),
        ("Offer", "Verbal offer"),
        ("Offer", "Written offer"),
        ("Closed", "Joined"),
        ("Closed", "Keep in touch"),
        ("Closed", "Withdrew"),
    ),
    won="Joined",
    lost=("Keep in touch", "Withdrew"),
)

COUNCIL: Final = Process(
    steps=(
        ("Te tono / Application", "Application received"),
        ("Te tono / Application", "Long list"),
        ("Te kōwhiri / Selection", "Short list"),
        ("Te kōwhiri / Selection", "Interview"),
        ("Te kōwhiri / Selection", "Psychometric test"),
        ("Te whakatau / Decision", "Preferred candidate"),
        ("Te whakatau / Decision", "Appointed"),
        ("Te whakatau / Decision", "Unsuccessful"),
    ),
    won="Appointed",
    lost=("Unsuccessful",),
)

HIRERS: Final = (
    Hirer("Harbourside Hospital", HOSPITAL, POSITIONS, tells_previous=True),
    Hirer("Corner Cup Cafés", CAFE, FLAT_POSITIONS, tells_previous=False),
    Hirer("Tall Poppy Software", SOFTWARE_HOUSE, POSITIONS, tells_previous=True),
    Hirer("Kōwhai District Council", COUNCIL, POSITIONS, tells_previous=True),
)
