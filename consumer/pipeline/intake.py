"""Takes records in: reads each, and hands it on as a parcel, a skip, or poison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from consumer.delivery.courier import Courier
from consumer.delivery.dead_letter import Failure
from consumer.delivery.flood_guard import FloodGuard, Gate
from consumer.delivery.lanes import Lane, Parcel
from consumer.delivery.records import Offset, Record
from consumer.domain.signals import Rejected, Skipped, Stage
from consumer.observed import SkippedRecords, Telemetry, TookIn, Warned
from consumer.pipeline.burial import Burial
from consumer.pipeline.partitions import Partitions
from consumer.ports import Prepared, Reader, Unresolved

RECORD_OVERHEAD: Final = 600
"""Bytes that a pending record costs beside its value: message, parcel, headers; measured."""
PARKED_A_TURN: Final = 500
"""Parked records read again in one turn, so that a turn stays short."""
_STAGES: Final = (Stage.DECODE, Stage.MAP)


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

    def take(self, records: Sequence[Record], now_s: float, wall_ms: int) -> None:
        lanes, held = self.partitions.lanes, self.held_topics
        sizes: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        for record in records:
            topic = record.topic()
            lane = lanes.get((topic, record.partition()))
            if lane is None or not lane.open:
                continue
            offset, size = Offset(record.offset()), _size(record)
            self.partitions.admit(lane, offset, size, record)
            counts[topic] += 1
            sizes[topic] += size
            if lane.remembered and offset in lane.remembered:
                self.partitions.settle(lane, offset, size)
            elif lane.parked or topic in held:
                lane.parked.append(record)
            elif not self._read(lane, record, now_s, wall_ms):
                lane.parked.append(record)
                held = self.held_topics
        for topic, count in counts.items():
            self.telemetry.note(TookIn(topic, count, sizes[topic]))
        self._tally()

    def read_parked(self, now_s: float, wall_ms: int) -> None:
        """Read on where a schema has arrived, or where a flood may be over."""
        lanes = [lane for lane in self.partitions.lanes.values() if lane.parked]
        self.unresolved = {}
        for topic in self.held_topics:
            self._probe_flood(topic, now_s)
        if not lanes:
            return
        held = self.held_topics
        for lane in lanes:
            if lane.place.topic not in held:
                self._read_on(lane, now_s, wall_ms)
        self._tally()

    def forget_topic(self, topic: str) -> None:
        """None of its partitions is ours any more."""
        self._probe_at_s.pop(topic, None)
        self.flood_probes.pop(topic, None)
        self.unresolved.pop(topic, None)

    def _read_on(self, lane: Lane, now_s: float, wall_ms: int) -> None:
        for _ in range(min(PARKED_A_TURN, len(lane.parked))):
            if not self._read(lane, lane.parked[0], now_s, wall_ms):
                return
            lane.parked.popleft()

    def _read(self, lane: Lane, record: Record, now_s: float, wall_ms: int) -> bool:
        """Whether the record was taken on; if not it has to be parked."""
        reading = self.reader.read(record.value())
        match reading:
            case Prepared():
                self._add(lane, record, reading, now_s)
            case Skipped():
                topic = lane.place.topic
                self._skips[topic, reading.reason] += 1
                self._passed[topic] += 1
                self.partitions.settle(lane, Offset(record.offset()), _size(record))
            case Rejected():
                return self._reject(lane, record, reading, wall_ms)
            case Unresolved():
                self.unresolved[lane.place.topic] = reading
                return False
        return True

    def _add(self, lane: Lane, record: Record, prepared: Prepared, now_s: float) -> None:
        type_code, subject, hirer_id, occurred_at_ms, body, warnings = prepared
        self._passed[lane.place.topic] += 1
        self.partitions.add_weight(lane, len(body))
        if warnings:
            self._warnings.update(warnings)
        parcel = Parcel(
            lane,
            Offset(record.offset()),
            record,
            subject,
            hirer_id,
            type_code,
            occurred_at_ms,
            body,
            _size(record) + len(body),
        )
        self.courier.add(parcel, now_s)

    def _reject(self, lane: Lane, record: Record, rejected: Rejected, wall_ms: int) -> bool:
        stage = rejected.reason.stage
        self._tally()
        if stage is Stage.MAP:
            self.guard.passed(Gate(lane.place.topic, Stage.DECODE))
        if not self.guard.may_bury(Gate(lane.place.topic, stage), None):
            return False
        failure = Failure(stage, rejected.reason, rejected.detail, failed_at_ms=wall_ms)
        self.burial.bury(lane, record, _size(record), failure)
        return True

    def _probe_flood(self, topic: str, now_s: float) -> None:
        """Try a held record, from the oldest on; the topic is released when one passes."""
        if now_s < self._probe_at_s.setdefault(topic, now_s + self.flood_probe_s):
            return
        self._probe_at_s[topic] = now_s + self.flood_probe_s
        held = [record for lane in self.partitions.of_topic(topic) for record in lane.parked]
        if held:
            reading = self.reader.read(held[self.flood_probes[topic] % len(held)].value())
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


def _passed_stages(reading: Prepared | Skipped | Rejected | Unresolved) -> Iterable[Stage]:
    match reading:
        case Prepared() | Skipped():
            return _STAGES
        case Rejected() if reading.reason.stage is Stage.MAP:
            return (Stage.DECODE,)
        case _:
            return ()


def _size(record: Record) -> int:
    return RECORD_OVERHEAD + len(record.value() or b"") + len(record.key() or b"")
