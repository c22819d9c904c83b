"""One turn after another: take in, land, dispatch, commit. Nothing here blocks for long."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from consumer.delivery.courier import Courier
from consumer.delivery.dead_letter import Envelope, Failure
from consumer.delivery.flood_guard import FloodGuard
from consumer.delivery.flooded import SEND
from consumer.delivery.landing import Landing, Poison
from consumer.delivery.lanes import Batch, Lane
from consumer.delivery.lease import Lease
from consumer.delivery.limits import Limits
from consumer.delivery.records import Headers, Offset, TopicPartition
from consumer.delivery.tracker import OffsetTracker
from consumer.delivery.verdicts import Fault, Outage, Verdict
from consumer.observed import BatchAtFault, Drained, Rebalanced, SignalsAccepted, Telemetry
from consumer.pipeline.burial import Burial
from consumer.pipeline.commits import Commits, worth_a_commit
from consumer.pipeline.company import Company
from consumer.pipeline.holds import Holds
from consumer.pipeline.intake import Intake
from consumer.pipeline.partitions import Partitions
from consumer.pipeline.reports import landed_request, unknown_code
from consumer.pipeline.status import Status
from consumer.ports import (
    Clock,
    DeadLetters,
    Landed,
    Reader,
    Request,
    Senders,
    Source,
    Start,
)

IDLE_POLL_S: Final = 0.05
"""How long an idle loop waits for records; also the longest that a landing goes unnoticed."""
FLYING_POLL_S: Final = 0.01
"""The same while something is in flight and nothing waits to be sent."""
LAND_WAIT_S: Final = 0.02
"""How long the loop waits for a landing when all it could send waits for one."""
POLL_EVERY_S: Final = 0.1
"""At least so often Kafka is heard. In between nothing is read for which there is no need yet:
that would end in pauses, and a partition that goes on after one is fetched anew."""
AT_ONCE: Final = 100
"""Records taken in before the next look at what has landed: that frees a place for a batch."""
SHOW_EVERY_S: Final = 0.25
PROVE_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The ports, and what every dead letter says alike."""

    source: Source
    reader: Reader
    senders: Senders
    dead_letters: DeadLetters
    clock: Clock
    telemetry: Telemetry
    lease: Lease
    envelope: Envelope
    traceparent_of: Callable[[Headers | None], bytes | None] | None = None
    """None: requests are not traced, and no header is read for it."""


class Pipeline:
    """Implements `Assignments`; everything is called on the thread that calls `turn`."""

    def __init__(self, parts: Parts, limits: Limits) -> None:
        self._parts, self._limits = parts, limits
        self._source, self._clock, self._telemetry = parts.source, parts.clock, parts.telemetry
        self.partitions = Partitions(limits)
        self._guard = FloodGuard(limits.flood)
        self.courier = Courier.of(limits, self._guard)
        self._burial = Burial(parts.dead_letters, parts.envelope, self.partitions, parts.telemetry)
        self._commits = Commits(parts.source, self.partitions, limits, parts.telemetry)
        self._intake = Intake(
            parts.reader,
            self.partitions,
            self.courier,
            self._burial,
            self._guard,
            parts.telemetry,
            limits.flood.probe_s,
        )
        self._company = Company(limits.sick, self.partitions, self.courier)
        self._holds = Holds(parts.telemetry)
        self._status = Status(
            self.courier, self.partitions, self._intake, self._burial, self._guard, parts.source
        )
        self._member = False
        self._polled_s: float | None = None
        self._proved_s = 0.0
        self._doubt = ""  # Why a commit that was to prove our membership was refused.
        self._shown_s = 0.0

    def turn(self) -> None:
        now_s = self._clock.monotonic_s()
        certain = self._is_certainly_member(now_s)
        poll_s, land_s = self._waits()
        self._take_in(poll_s, now_s, renew=certain)
        self._land(land_s)
        if certain:
            self._dispatch()
            self._commits.turn(self._clock.monotonic_s())
        self._company.turn(now_s)
        self._pause_and_resume()
        self._show()

    def drain(self) -> bool:
        """Land what is in flight, commit, start nothing new. False when time ran out.

        A commit is refused while the group rebalances, so the rebalance is let go on: what
        it brings is neither tracked nor committed, so its next owner reads it.
        """
        leaving = list(self.partitions.lanes.values())
        deadline_s = self._clock.monotonic_s() + self._limits.drain_s
        in_time = self._land_all(leaving, deadline_s)
        while not self._commit_last(leaving) and self._clock.monotonic_s() < deadline_s:
            self._source.poll(IDLE_POLL_S)
        self._forget(list(self.partitions.lanes.values()))
        self._show(at_once=True)
        return in_time

    # -- Assignments: called by the source from inside `poll` ------------------------------

    def assigned(self, starts: Mapping[TopicPartition, Start]) -> None:
        self._member = True
        for place, start in starts.items():
            stale = self.partitions.lanes.get(place)
            if stale is not None:
                self._forget([stale])
            lane = Lane(place, OffsetTracker(start.offset), remembered=set(start.settled))
            self.partitions.lanes[place] = lane
        self._telemetry.note(Rebalanced("assigned", tuple(starts)))

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Finish what can be finished in time, commit it, then let go."""
        self._let_go(self._lanes(partitions))
        self._telemetry.note(Rebalanced("revoked", tuple(partitions)))

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Another member may own them already: nothing may be committed."""
        self._member = False
        self.recreated(partitions)

    def recreated(self, partitions: Sequence[TopicPartition]) -> None:
        """Nothing may be committed to a log that was made anew."""
        self._forget(self._lanes(partitions))
        self._telemetry.note(Rebalanced("lost", tuple(partitions)))

    def committed(self, offsets: Mapping[TopicPartition, Offset], error: str | None) -> None:
        self._commits.answered(offsets, error)

    # -- The acts of a turn ----------------------------------------------------------------

    def _is_certainly_member(self, now_s: float) -> bool:
        """After a standstill longer than the lease others may own our partitions (P4).

        A commit proves the membership: the coordinator refuses it from a former member, for all
        its partitions. That of a single one may be refused for another reason.
        """
        if self._polled_s is None or now_s - self._polled_s < self._limits.lease_s:
            self._doubt = ""
            return True
        if now_s - self._proved_s < PROVE_EVERY_S:
            return False
        self._proved_s = now_s
        answer = self._commits.now(self.partitions.lanes.values())
        self._doubt = "" if answer.taken else answer.code or ""
        return not self._doubt

    def _waits(self) -> tuple[float, float]:
        """Seconds to wait for records, and for a landing."""
        if not self.courier.in_flight:
            return (FLYING_POLL_S if self._burial.busy else IDLE_POLL_S), 0.0
        if self.courier.dispatcher.idle:
            return FLYING_POLL_S, 0.0
        return 0.0, LAND_WAIT_S

    def _take_in(self, wait_s: float, now_s: float, *, renew: bool) -> None:
        if self.courier.has_next and now_s - (self._polled_s or 0.0) < POLL_EVERY_S:
            return
        polled = self._source.poll(wait_s)
        if renew:
            self._polled_s = now_s
            self._parts.lease.renew(now_s)
        wall_ms = self._clock.wall_ms()
        self._intake.read_parked(now_s, wall_ms)
        for first in range(0, len(polled.records), AT_ONCE):
            self._intake.take(polled.records[first : first + AT_ONCE], now_s, wall_ms)
            if first and renew:
                self._land(0.0)
                self._dispatch()
        for place, end in polled.ends:
            lane = self.partitions.lanes.get(place)
            if lane is not None:
                lane.tracker.pass_to(end)

    def _land(self, wait_s: float) -> None:
        if self.courier.in_flight:
            for landed in self._parts.senders.landed(wait_s):
                self._settle(landed)
            wait_s = 0.0
        self._burial.collect(self._clock.monotonic_s(), self._clock.jitter(), wait_s)

    def _settle(self, landed: Landed) -> None:
        now_s, jitter = self._clock.monotonic_s(), self._clock.jitter()
        self._telemetry.note(landed_request(landed, self.courier.flight(landed.batch_id)))
        landing = self.courier.land(landed.batch_id, landed.verdict, now_s, jitter)
        self.partitions.settle_all(landing.accepted)
        self._report(landed.verdict, landing)
        for poison in landing.poison:
            if poison.parcel.lane.open:
                self._bury(poison, landed.request_id)

    def _bury(self, poison: Poison, request_id: str) -> None:
        failure = Failure(
            stage=SEND,
            reason=poison.reason,
            message=poison.message,
            code=poison.code,
            request_id=request_id,
            attempts=poison.attempts,
            failed_at_ms=self._clock.wall_ms(),
        )
        self._burial.bury_parcel(poison.parcel, failure)

    def _dispatch(self) -> None:
        now_s = self._clock.monotonic_s()
        while (batch := self.courier.next_batch(now_s)) is not None:
            bodies = [parcel.signal.body for parcel in batch.parcels]
            traces = self._traceparents(batch)
            self._parts.senders.submit(Request(batch.number, bodies, traces))

    def _traceparents(self, batch: Batch) -> Sequence[bytes]:
        read = self._parts.traceparent_of
        if read is None:
            return ()
        return [found for parcel in batch.parcels if (found := read(parcel.headers)) is not None]

    def _pause_and_resume(self) -> None:
        held = {*self._intake.held_topics, *self.courier.dispatcher.held_topics}
        enough = self.courier.has_enough
        pause = self.partitions.to_pause(held, enough=enough)
        resume = self.partitions.to_resume(held, enough=enough)
        for lanes, switch in ((pause, self._source.pause), (resume, self._source.resume)):
            if lanes and switch([lane.place for lane in lanes]):
                for lane in lanes:
                    lane.paused = not lane.paused

    # -- Giving partitions up --------------------------------------------------------------

    def _lanes(self, places: Sequence[TopicPartition]) -> list[Lane]:
        return [self.partitions.lanes[p] for p in places if p in self.partitions.lanes]

    def _let_go(self, leaving: list[Lane]) -> None:
        """Land what is in flight to one shared deadline, commit, forget."""
        self._land_all(leaving, self._clock.monotonic_s() + self._limits.drain_s)
        self._commit_last(leaving)
        self._forget(leaving)

    def _land_all(self, leaving: list[Lane], deadline_s: float) -> bool:
        began_s = self._clock.monotonic_s()
        for lane in leaving:
            lane.open = False
            self.courier.forget(lane)
        while self._is_owed(leaving) and self._clock.monotonic_s() < deadline_s:
            self._land(IDLE_POLL_S)
        in_time = not self._is_owed(leaving)
        self._telemetry.note(Drained(self._clock.monotonic_s() - began_s, in_time))
        return in_time

    def _commit_last(self, leaving: list[Lane]) -> bool:
        """True when there is no use in trying again."""
        lanes = (lane for lane in leaving if not lane.gone and worth_a_commit(lane))
        answer = self._commits.now(lanes)
        return answer.code is None or answer.final

    def _is_owed(self, leaving: list[Lane]) -> bool:
        flying = {id(parcel.lane) for parcel in self.courier.flying}
        return any(id(lane) in flying or self._burial.owes(lane) for lane in leaving)

    def _forget(self, leaving: list[Lane]) -> None:
        for lane in leaving:
            self.partitions.drop(lane)
            self.courier.forget(lane)
            self._burial.forget(lane)
            topic = lane.place.topic
            if not self.partitions.of_topic(topic):
                self._guard.reopen(topic)
                self.courier.release(topic)
                self._intake.forget_topic(topic)

    # -- Telling -----------------------------------------------------------------------------

    def _report(self, verdict: Verdict, landing: Landing) -> None:
        if isinstance(verdict, Outage) and verdict.fault is Fault.UNKNOWN_CODE:
            self._telemetry.note(unknown_code(verdict))
        if landing.at_fault is not None:
            self._telemetry.note(BatchAtFault(landing.at_fault))
        by_type: dict[str, list[int]] = {}
        for parcel in landing.accepted:
            signal = parcel.signal
            by_type.setdefault(signal.type_code, []).append(signal.occurred_at_ms)
        for type_code, times_ms in by_type.items():
            self._telemetry.note(SignalsAccepted(type_code, len(times_ms), min(times_ms)))

    def _show(self, *, at_once: bool = False) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._shown_s < SHOW_EVERY_S and not at_once:
            return
        self._shown_s = now_s
        wall_ms = self._clock.wall_ms()
        self._holds.update(self._status.holds(now_s, wall_ms, self._doubt), wall_ms)
        shown = self._status.snapshot(now_s, self._holds.now(), member=self._member)
        self._telemetry.show(shown)
