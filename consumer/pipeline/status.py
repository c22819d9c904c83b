"""What is shown of the service: its holds, and a snapshot. Reads the parts, changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from consumer.delivery.courier import Courier
from consumer.delivery.flood_guard import FloodGuard
from consumer.delivery.flooded import SEND
from consumer.delivery.lanes import Parcel
from consumer.delivery.pacer import Cause
from consumer.delivery.records import Record
from consumer.observed import Flood, Hold, HoldReason, PartitionStatus, Snapshot
from consumer.pipeline.burial import Burial
from consumer.pipeline.holds import HoldKey
from consumer.pipeline.intake import Intake
from consumer.pipeline.partitions import Partitions
from consumer.ports import Source

_DOUBT: Final = (
    "after a standstill nothing is sent until Kafka takes a commit of ours, "
    "which shows that the partitions are still ours"
)


@dataclass(frozen=True, slots=True)
class Status:
    courier: Courier
    partitions: Partitions
    intake: Intake
    burial: Burial
    guard: FloodGuard
    source: Source

    def holds(self, now_s: float, wall_ms: int, doubt: str = "") -> dict[HoldKey, str]:
        """With what there is to know about each; nothing of a record. `doubt`: why Kafka does
        not confirm that the partitions are still ours."""
        active = dict(self._of_seek(now_s, wall_ms))
        for topic, waits in self.intake.unresolved.items():
            if waits.why:  # Else it is asked for the first time: no news.
                detail = f"schema {waits.schema_id}: {waits.why}"
                active[HoldKey(HoldReason.REGISTRY, topic)] = detail
        if self.burial.trouble:
            active[HoldKey(HoldReason.DEAD_LETTERS, None)] = self.burial.trouble
        if doubt:
            active[HoldKey(HoldReason.KAFKA, None)] = f"{doubt}: {_DOUBT}"
        for fault in self.source.faults():
            reason = HoldReason.OFFSETS if fault.about_offsets else HoldReason.KAFKA
            active[HoldKey(reason, fault.place.topic or None)] = f"{fault.code}: {fault.detail}"
        for flood in self._floods():
            active[HoldKey(HoldReason.FLOOD, flood.topic)] = (
                f"nearly all refused at {flood.stage}: "
                f"{flood.held} held, {flood.probes} tried since, none passed"
            )
        return active

    def snapshot(self, now_s: float, holds: tuple[Hold, ...], *, member: bool) -> Snapshot:
        courier, flying = self.courier, self.courier.flying
        return Snapshot(
            turned_at_s=now_s,
            member=member,
            in_flight=courier.in_flight,
            in_flight_limit=courier.pacer.in_flight_limit,
            pending_records=self.partitions.pending,
            pending_bytes=self.partitions.pending_bytes,
            partitions=tuple(self._partitions(flying)),
            holds=holds,
            batch_size_limit=courier.size.limit,
            rate_limit_per_s=courier.pacer.rate.limit_per_s,
            sick_records=courier.sickness.count,
            partial_outage=courier.sickness.is_partial_outage,
            hirers_apart=len(courier.breaker.apart),
            floods=tuple(self._floods()),
            in_flight_records=len(flying),
            in_flight_bytes=sum(parcel.size for parcel in flying),
            throttled_s=courier.pacer.throttled_s(now_s),
        )

    def _of_seek(self, now_s: float, wall_ms: int) -> Iterator[tuple[HoldKey, str]]:
        if not self.partitions.lanes:  # Nothing to hold: nothing is held.
            return
        pacer = self.courier.pacer
        if pacer.cause is not None:
            reason = HoldReason.AUTH if pacer.cause is Cause.AUTH else HoldReason.SEEK
            yield HoldKey(reason, None), self.courier.trouble
        until_s = pacer.throttled_until_s
        if until_s is not None and now_s < until_s:
            at = datetime.fromtimestamp(wall_ms / 1000 + until_s - now_s, UTC)
            yield HoldKey(HoldReason.SEEK, None), f"throttled, until {at:%Y-%m-%d %H:%M:%S} UTC"

    def _floods(self) -> Iterator[Flood]:
        for topic, stage in sorted(self.guard.shut):
            if stage == SEND:
                flooded = self.courier.flooded
                yield Flood(topic, stage, flooded.refused(topic), flooded.probes(topic))
            else:
                held = sum(len(lane.parked) for lane in self.partitions.of_topic(topic))
                yield Flood(topic, stage, held, self.intake.flood_probes[topic])

    def _partitions(self, parcels: Sequence[Parcel]) -> Iterator[PartitionStatus]:
        flying = Counter(parcel.lane.place for parcel in parcels)
        for lane in self.partitions.lanes.values():
            yield PartitionStatus(
                lane.place,
                position=lane.tracker.position,
                mark=lane.tracker.mark,
                committed=lane.tracker.committed,
                pending=lane.tracker.pending,
                exposed=lane.tracker.exposed + flying[lane.place],
                paused=lane.paused,
                waits_for=lane.waits_for,
                oldest_at_ms=_at_ms(lane.tracker.oldest),
            )


def _at_ms(record: Record | None) -> int | None:
    """By Kafka's timestamp, which its retention goes by; None where the record has none."""
    if record is None:
        return None
    kind, at_ms = record.timestamp()
    return at_ms if kind else None
