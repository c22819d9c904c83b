"""Takes records in: reads each, and hands it on as a parcel, a skip, or poison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, repeat
from operator import add, methodcaller
from typing import Final, cast

from consumer.delivery.courier import Courier
from consumer.delivery.dead_letter import Failure
from consumer.delivery.flood_guard import FloodGuard, Gate
from consumer.delivery.lanes import Lane, Parcel, parcel_of
from consumer.delivery.records import Offset, Record
from consumer.domain.signals import Rejected, Signal, Skipped, Stage
from consumer.observed import SkippedRecords, Telemetry, TookIn, Warned
from consumer.pipeline.burial import Burial
from consumer.pipeline.partitions import Partitions
from consumer.ports import Reader, Reading, Unresolved

RECORD_OVERHEAD: Final = 600
"""Bytes that a pending record costs beside its value: message, parcel, headers; measured."""
PARKED_A_TURN: Final = 500
"""Parked records read again in one turn, so that a turn stays short."""
_STAGES: Final = (Stage.DECODE, Stage.MAP)
_TOPIC: Final[Callable[[Record], str]] = methodcaller("topic")
_PARTITION: Final[Callable[[Record], int]] = methodcaller("partition")
_OFFSET: Final[Callable[[Record], Offset]] = methodcaller("offset")
_VALUE: Final[Callable[[Record], bytes | None]] = methodcaller("value")
_KEY: Final[Callable[[Record], bytes | None]] = methodcaller("key")


@dataclass(slots=True, eq=False)
class Intake:
    reader: Reader
    partitions: Partitions
    courier: Courier
    burial: Burial
    guard: FloodGuard
    telemetry: Telemetry
    flood_probe_s: float
    unresolved: dict[str, Unresolved] = field(default_factory=dict[str, Unresolved])
    """By topic: the schema that a parked record of it waits for."""

    _parcels: list[Parcel] = field(default_factory=list[Parcel])
    """Made in this turn, for the courier."""
    _skips: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    _warnings: Counter[str] = field(default_factory=Counter[str])
    _passed: Counter[str] = field(default_factory=Counter[str])
    """By topic: records read since the last tally that were no poison."""
    _probe_at_s: dict[str, float] = field(default_factory=dict[str, float])
    flood_probes: Counter[str] = field(default_factory=Counter[str])
    """By held topic: records tried since, from the oldest on."""

    @property
    def held_topics(self) -> set[str]:
        return {gate.topic for gate in self.guard.shut if gate.stage in _STAGES}

    def take(self, polled: Iterable[Record], now_s: float, wall_ms: int) -> None:
        """Records of one partition usually come in a row: what they share is done once."""
        counts: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        for topic, of_topic in groupby(polled, _TOPIC):
            for partition, row in groupby(of_topic, _PARTITION):
                lane = self.partitions.lanes.get((topic, partition))
                if lane is not None and lane.open:
                    records = list(row)
                    counts[topic] += len(records)
                    sizes[topic] += self._take_row(lane, records, wall_ms)
        for topic, count in counts.items():
            self.telemetry.note(TookIn(topic, count, sizes[topic]))
        self._hand_on(now_s)
        self._tally()

    def read_parked(self, now_s: float, wall_ms: int) -> None:
        """Read on where a schema has arrived, or where a flood may be over."""
        lanes = [lane for lane in self.partitions.lanes.values() if lane.parked]
        self.unresolved = {}
        for topic in self.held_topics:
            self._probe_flood(topic, now_s, wall_ms)
        if not lanes:
            return
        held = self.held_topics
        for lane in lanes:
            if lane.place.topic not in held:
                self._read_on(lane, wall_ms)
        self._hand_on(now_s)
        self._tally()

    def forget_topic(self, topic: str) -> None:
        """None of its partitions is ours any more."""
        self._probe_at_s.pop(topic, None)
        self.flood_probes.pop(topic, None)
        self.unresolved.pop(topic, None)

    def _take_row(self, lane: Lane, records: Sequence[Record], wall_ms: int) -> int:
        """How many bytes they count."""
        held, remembered = lane.place.topic in self.held_topics, lane.remembered
        parked, readings = lane.parked, None
        offsets, values = list(map(_OFFSET, records)), list(map(_VALUE, records))
        sizes = list(map(_size, values, map(_KEY, records)))
        taken_bytes = sum(sizes)
        lane.tracker.track_all(offsets, records)
        lane.pending_bytes += taken_bytes
        if not (held or parked) and remembered.isdisjoint(offsets):
            readings = self.reader.read_alike(values, wall_ms)
            if readings is not None and set(map(type, readings)) == {Signal}:  # As nearly always.
                self._add(lane, offsets, records, cast("Sequence[Signal]", readings), sizes)
                return taken_bytes
        for place, (offset, record, size) in enumerate(zip(offsets, records, sizes, strict=True)):
            if offset in remembered:
                self.partitions.settle(lane, offset, size)
            elif held or parked:
                parked.append(record)
            else:
                read = readings[place] if readings else None
                reading = read or self.reader.read(values[place], wall_ms)
                if not self._take_on(lane, record, size, reading, wall_ms):
                    parked.append(record)
        return taken_bytes

    def _read_on(self, lane: Lane, wall_ms: int) -> None:
        for _ in range(min(PARKED_A_TURN, len(lane.parked))):
            record = lane.parked[0]
            value = record.value()
            size = _size(value, record.key())
            reading = self.reader.read(value, wall_ms)
            if not self._take_on(lane, record, size, reading, wall_ms):
                break
            lane.parked.popleft()

    def _add(
        self,
        lane: Lane,
        offsets: Sequence[Offset],
        records: Sequence[Record],
        signals: Sequence[Signal],
        sizes: Iterable[int],
    ) -> None:
        bodies = [len(signal.body) for signal in signals]
        lane.pending_bytes += sum(bodies)
        self._passed[lane.place.topic] += len(signals)
        for warned in [signal for signal in signals if signal.warnings]:
            self._warnings.update(warned.warnings)
        in_all = map(add, sizes, bodies)
        self._parcels += map(parcel_of, repeat(lane), offsets, records, signals, in_all)

    def _take_on(
        self, lane: Lane, record: Record, size: int, reading: Reading, wall_ms: int
    ) -> bool:
        """False for a record that has to be parked."""
        topic = lane.place.topic
        if isinstance(reading, Signal):
            self._add(lane, [record.offset()], [record], [reading], [size])
        elif isinstance(reading, Skipped):
            self._skips[topic, reading.reason] += 1
            self._passed[topic] += 1
            self.partitions.settle(lane, record.offset(), size)
        elif isinstance(reading, Rejected):
            return self._reject(lane, record, size, reading, wall_ms)
        else:
            self.unresolved[topic] = reading
            return False
        return True

    def _hand_on(self, now_s: float) -> None:
        parcels, self._parcels = self._parcels, []
        self.courier.add(parcels, now_s)

    def _reject(
        self, lane: Lane, record: Record, size: int, rejected: Rejected, wall_ms: int
    ) -> bool:
        stage = rejected.reason.stage
        self._tally()
        if stage is Stage.MAP:
            self.guard.passed(Gate(lane.place.topic, Stage.DECODE))
        if not self.guard.may_bury(Gate(lane.place.topic, stage), None):
            return False
        failure = Failure(stage, rejected.reason, rejected.detail, failed_at_ms=wall_ms)
        self.burial.bury_record(lane, record, size, failure)
        return True

    def _probe_flood(self, topic: str, now_s: float, wall_ms: int) -> None:
        """Try a held record, from the oldest on; the topic is released when one passes."""
        if now_s < self._probe_at_s.setdefault(topic, now_s + self.flood_probe_s):
            return
        self._probe_at_s[topic] = now_s + self.flood_probe_s
        held = [record for lane in self.partitions.of_topic(topic) for record in lane.parked]
        if held:
            probe = held[self.flood_probes[topic] % len(held)]
            reading = self.reader.read(probe.value(), wall_ms)
            self.flood_probes[topic] += 1
            for stage in _passed_stages(reading):
                self.guard.passed(Gate(topic, stage))
        else:
            # A rebalance took all that was held: only new records can end this hold.
            for stage in _STAGES:
                self.guard.set_ajar(Gate(topic, stage))
        if topic not in self.held_topics:
            del self.flood_probes[topic], self._probe_at_s[topic]

    def _tally(self) -> None:
        for topic, count in self._passed.items():
            for stage in _STAGES:
                self.guard.passed(Gate(topic, stage), count)
        for (topic, reason), count in self._skips.items():
            self.telemetry.note(SkippedRecords(topic, reason, count))
        for reason, count in self._warnings.items():
            self.telemetry.note(Warned(reason, count))
        for counter in (self._passed, self._skips, self._warnings):
            counter.clear()


def _passed_stages(reading: Reading) -> Iterable[Stage]:
    match reading:
        case Signal() | Skipped():
            return _STAGES
        case Rejected() if reading.reason.stage is Stage.MAP:
            return (Stage.DECODE,)
        case _:
            return ()


def _size(value: bytes | None, key: bytes | None) -> int:
    return RECORD_OVERHEAD + len(value or b"") + len(key or b"")
