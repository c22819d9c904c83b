"""Records, what is wrong with them, and the logs they lie in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, auto
from random import Random
from typing import Final

from consumer.delivery.records import Headers, Offset, TopicPartition


class Nature(StrEnum):
    """What a record is, and so how it has to end."""

    HEALTHY = auto()
    TOMBSTONE = auto()
    NOT_FROM_SEEK = auto()
    UNDECODABLE = auto()
    UNMAPPABLE = auto()
    UNKNOWN_SCHEMA = auto()
    BAD_INPUT = auto()
    FORBIDDEN = auto()
    OVERSIZE = auto()
    SICK_FAULT = auto()
    SICK_CODE = auto()
    STUCK_SILENT = auto()
    """Makes SEEK answer null, until it is cured: may never be buried."""
    STUCK_TIMEOUT = auto()
    STUCK_REFUSED_TOKEN = auto()


SKIPS: Final = (Nature.TOMBSTONE, Nature.NOT_FROM_SEEK)
SICK: Final = (Nature.SICK_FAULT, Nature.SICK_CODE)
STUCK: Final = (Nature.STUCK_SILENT, Nature.STUCK_TIMEOUT, Nature.STUCK_REFUSED_TOKEN)
CLASSES: Final = {
    Nature.UNDECODABLE: ("decode", "undecodable"),
    Nature.UNKNOWN_SCHEMA: ("decode", "unknown_schema"),
    Nature.UNMAPPABLE: ("map", "blank_token"),
    Nature.BAD_INPUT: ("send", "bad_user_input"),
    Nature.FORBIDDEN: ("send", "forbidden"),
    Nature.OVERSIZE: ("send", "request_too_large"),
    Nature.SICK_FAULT: ("send", "server_fault"),
    Nature.SICK_CODE: ("send", "unknown_code"),
}
"""Stage and class of the dead letter that each poison has to become."""


@dataclass(frozen=True, slots=True, eq=False)
class SimRecord:
    """Satisfies the protocol `Record`."""

    place: TopicPartition
    number: int
    nature: Nature
    subject: str
    hirer: str | None
    schema_id: int
    filler: int
    """Bytes of padding: bulky records make letters too large."""

    def topic(self) -> str:
        return self.place.topic

    def partition(self) -> int:
        return self.place.partition

    def offset(self) -> Offset:
        return Offset(self.number)

    def key(self) -> bytes | None:
        return self.subject.encode()

    def value(self) -> bytes | None:
        if self.nature is Nature.TOMBSTONE:
            return None
        return f"{self.place}/{self.number};".encode() + b"x" * self.filler

    def headers(self) -> Headers | None:
        return [("traceparent", str(self.number).encode()), ("empty", None)]

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_700_000_000_000 + self.number

    @property
    def body(self) -> bytes:
        return f'{{"of":"{self.place}/{self.number}"}}'.encode()

    def __str__(self) -> str:
        return f"{self.place}/{self.number}({self.nature})"


@dataclass(slots=True)
class Log:
    """One partition. Offsets have gaps: compaction and transaction markers leave them."""

    place: TopicPartition
    records: list[SimRecord] = field(default_factory=list[SimRecord])
    end: int = 0

    def append(self, record: SimRecord, markers: int) -> None:
        self.records.append(record)
        self.end = record.number + 1 + markers


@dataclass(slots=True)
class Writer:
    """The publisher: appends records to the logs, by seed."""

    rng: Random
    logs: dict[TopicPartition, Log]
    natures: dict[Nature, float]
    subjects_each: int
    gaps: bool
    by_value: dict[bytes, SimRecord] = field(default_factory=dict[bytes, SimRecord])
    by_body: dict[bytes, SimRecord] = field(default_factory=dict[bytes, SimRecord])
    _rare_left: dict[Nature, int] = field(default_factory=dict[Nature, int])

    @classmethod
    def drawn(cls, rng: Random) -> Writer:
        places = [
            TopicPartition(topic, partition)
            for topic in ("applications", "positions", "retry")[: rng.randint(1, 3)]
            for partition in range(rng.randint(1, 3))
        ]
        logs = {place: Log(place) for place in places}
        for log in logs.values():
            log.end = rng.choice((0, 0, 7, 1_000))
        weights = {nature: rng.choice((0.0, 0.01, 0.03)) for nature in CLASSES}
        weights[Nature.BAD_INPUT] = rng.choice((0.0, 0.02, 0.05))
        weights |= {nature: rng.choice((0.0, 0.1)) for nature in SKIPS}
        rare = rng.random() < RARE_SHARE
        for nature in (*SICK, *STUCK):
            weights[nature] = 0.04 if rare and rng.random() < 0.5 else 0.0
        writer = cls(rng, logs, weights, rng.choice((1, 3, 12)), rng.random() < 0.7)
        writer._rare_left = dict.fromkeys((*SICK, *STUCK), 1)
        return writer

    def write(self, count: int) -> None:
        for _ in range(count):
            log = self.rng.choice(list(self.logs.values()))
            subject = f"{log.place}:{self.rng.randrange(self.subjects_each)}"
            self.add(self._nature(), subject, log)

    def add(self, nature: Nature, subject: str, log: Log) -> None:
        """One more record. Each subject lives in one partition."""
        rng = self.rng
        number = log.end + (rng.choice((0, 0, 0, 1, 5)) if self.gaps else 0)
        own = nature is Nature.FORBIDDEN
        record = SimRecord(
            log.place,
            number,
            nature,
            f"application:{subject}",
            f"own-{number}" if own else rng.choice(HIRERS),
            rng.randint(1, 2),
            rng.choice((0, 40, 400)),
        )
        log.append(record, rng.choice((0, 0, 0, 1)) if self.gaps else 0)
        self.by_body[record.body] = record
        if (value := record.value()) is not None:
            self.by_value[value] = record

    def _nature(self) -> Nature:
        for nature, weight in self.natures.items():
            if weight and self.rng.random() < weight and self._rare_left.get(nature, 1):
                if nature in self._rare_left:
                    self._rare_left[nature] -= 1
                return nature
        return Nature.HEALTHY


RARE_SHARE: Final = 0.25
"""Of histories with sick or stuck records: they take many turns to come right."""
HIRERS: Final = ("h1", "h1", "h2", "h3", None)
BANNED: Final = "h1"
"""The hirer that SEEK forbids during a spell."""
