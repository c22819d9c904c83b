"""Ways in which one record keeps its partition from being committed, for as long as it likes."""

from __future__ import annotations

from enum import StrEnum
from itertools import repeat
from typing import Final

from tests.integration.bounds.backlog import Filler, Shape, Value, register, subject_of
from tests.integration.bounds.stage import PARTITIONS, Stage

UNKNOWN_SCHEMA: Final = 999_999
SICK_SUBJECT: Final = 2
SICK: Final = Shape(label="Sick interview")
SICKENING: Final = {"fault": "status", "status": 500, "match": {"label": SICK.label}}
SETTINGS: Final = {"SEEK_SIGNALS_UNKNOWN_SCHEMA_S": "3600"}


class Sticking(StrEnum):
    NOTHING = "nothing sticks"
    SCHEMA = "unknown schema"
    SERVER_FAULT = "server fault"
    LETTER = "dead letter not writable"
    """Where the stage has no topic for it."""


def fill(
    it: Stage, first: dict[int, Sticking], records_of_stuck: int, records_of_others: int
) -> None:
    """So many records in each partition; where something sticks it is the first. Those behind a
    server fault are about the same subject, so they wait for it."""
    topic = it.topics[0]
    good = Shape()
    schema_id = register(it.registry, topic, good)
    value, filler = Value.of(good, schema_id), Filler.of(it.kafka, topic)
    for partition in range(PARTITIONS):
        begin = partition * 1_000_000
        sticking = first.get(partition, Sticking.NOTHING)
        if sticking is not Sticking.NOTHING:
            filler.put(subject_of(begin), _sticky(sticking, schema_id), partition)
        count = records_of_stuck if partition in first else records_of_others
        of_one = sticking is Sticking.SERVER_FAULT
        numbers = repeat(SICK_SUBJECT, count) if of_one else range(begin + 1, begin + 1 + count)
        filler.write(value, numbers, [partition])
    filler.finish()
    it.sandbox.set_faults([SICKENING])


def _sticky(sticking: Sticking, schema_id: int) -> bytes:
    match sticking:
        case Sticking.SCHEMA:
            return Value.of(Shape(), UNKNOWN_SCHEMA).with_subject(subject_of(1))
        case Sticking.SERVER_FAULT:
            return Value.of(SICK, schema_id).with_subject(subject_of(SICK_SUBJECT))
        case Sticking.LETTER | Sticking.NOTHING:
            return b"no framing"
