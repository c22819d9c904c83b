"""Which of the injected faults a duplicate comes from. None of them: it must not be.

A fault is blamed only for what it can have done to these two requests: to the answer of the
first, to the process that had sent it, or to the partition, which then must have gone from the
first process or come to the second, by what the processes themselves have said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from consumer.delivery.limits import Limits
from consumer.delivery.records import TopicPartition
from tests.faults.oracle.ledger import Duplicate, LetterAgain
from tests.faults.oracle.requests import Requests, SeenRequest
from tests.faults.oracle.timeline import Fault, Timeline

_MOVES_PARTITIONS: Final = ("consumer", "broker", "kafka", "operator")
"""What can make a partition change hands."""
_MOVES_NOTHING: Final = ("operator.rotate",)
_KILL: Final = "consumer.kill"
_STOP: Final = "consumer.stop"
_SETTLING_MS: Final = 40_000.0
"""A fault still moves partitions for so long after its end: with the newer protocol a member
that has not heard of its new assignment keeps what it should give up for as long as it may
go without a poll, 30 s in these runs; and the session's time-out, and a rebalance."""
_UNAWARE_MS: Final = 15_000.0
"""For so long a member that does not hear of its loss may send on: a session, and what it sends
may be held up as well; and a fault hinders commits for so long after its end."""
_BUSY: Final = 2
"""So much more than on an idle machine may be settled before a commit is answered."""


class Cause(NamedTuple):
    text: str
    """A fault's kind and how it did it."""
    killed: str = ""
    """The session that a kill ended, …"""
    at_ms: float = 0.0
    """… and when: what that costs has a bound."""


class _Pair(NamedTuple):
    """What all duplicates of two requests and one partition have in common."""

    place: TopicPartition
    before: int
    again: int
    committed_ms: float


@dataclass(slots=True)
class Explainer:
    requests: Requests
    timeline: Timeline
    patience_ms: float = 3_000.0
    """The consumers' time-out of a request."""
    senders: int = 8
    """Requests that a consumer has under way at most."""
    _known: dict[_Pair, Cause | None] = field(default_factory=dict[_Pair, "Cause | None"])
    _known_of_letters: dict[LetterAgain, str | None] = field(
        default_factory=dict[LetterAgain, "str | None"]
    )

    def cause(self, duplicate: Duplicate) -> Cause | None:
        """None: nothing that was injected explains it."""
        pair = _Pair(duplicate.place, *duplicate[2:])
        if pair not in self._known:
            self._known[pair] = self._first_cause(pair)
        return self._known[pair]

    def cause_of_letter(self, letter: LetterAgain) -> str | None:
        """Its requests are not known; its confirmation, its partition and whose that was are."""
        if letter not in self._known_of_letters:
            # The topic's partitions are read as they come: the later copy may be seen first.
            before_ms, again_ms = sorted((letter.before_ms, letter.again_ms))
            in_order = letter._replace(before_ms=before_ms, again_ms=again_ms)
            self._known_of_letters[letter] = next(self._causes_of_letter(in_order), None)
        return self._known_of_letters[letter]

    def crowds(self, duplicates: Iterable[Duplicate]) -> Iterator[str]:
        """One line for each kill that cost more than was exposed (P9). No bound is known where
        the brokers were hit, too: what they do not confirm stays exposed."""
        causes = (self.cause(duplicate) for duplicate in duplicates)
        counts = Counter(cause for cause in causes if cause is not None and cause.killed)
        limits = Limits()
        exposed = self.senders * limits.batch_size + 2 * limits.commit_after
        for cause, signals in counts.items():
            near = (cause.at_ms - _UNAWARE_MS, cause.at_ms)
            hindered = any(True for _ in self.timeline.during(*near, ["broker", "kafka"]))
            if signals > _BUSY * exposed and not hindered:
                yield f"{signals} duplicates by the kill of session {cause.killed}"

    def _causes_of_letter(self, letter: LetterAgain) -> Iterator[str]:
        begin_ms = letter.before_ms - self.patience_ms
        until_ms = min(letter.again_ms, letter.committed_ms)
        for fault in self.timeline.during(begin_ms, letter.again_ms, ["broker", "kafka"]):
            yield f"not confirmed: {fault.kind}"
        stays = self.timeline.moves.stays(letter.place)
        for fault in self._ends(begin_ms, until_ms):
            session = self.timeline.process_at(fault.target, fault.begin_ms)
            if any(stay.session == session and stay.has(fault.begin_ms) for stay in stays):
                yield fault.kind
        for at_ms in (moment for stay in stays for moment in (stay.from_ms, stay.to_ms)):
            if begin_ms <= at_ms <= until_ms:
                yield from (f"moved: {fault.kind}" for fault in self._movers(at_ms))
        yield from self._late_letter(letter)

    def _late_letter(self, letter: LetterAgain) -> Iterator[str]:
        """What a process had read before it stood still it buries when it goes on."""
        owners = {
            self.timeline.sessions.get(stay.session)
            for stay in self.timeline.moves.stays(letter.place)
            if stay.from_ms < letter.again_ms
        }
        begin_ms = letter.again_ms - 2 * self.patience_ms
        for fault in self.timeline.during(begin_ms, letter.again_ms, ["consumer"]):
            if fault.kind not in (_KILL, _STOP) and fault.target in owners:
                yield f"letter late: {fault.kind}"

    def _first_cause(self, pair: _Pair) -> Cause | None:
        if pair.before == pair.again:
            return None  # Twice in one request.
        # One that SEEK took its time for may be accepted after the one that repeats it.
        before, again = sorted(
            (self.requests[pair.before], self.requests[pair.again]), key=lambda it: it.arrived_ms
        )
        return next(self._causes(pair, before, again), None)

    def _causes(self, pair: _Pair, before: SeenRequest, again: SeenRequest) -> Iterator[Cause]:
        until_ms = min(again.arrived_ms, pair.committed_ms)
        if before.fault or not before.answered:
            yield Cause(f"answer lost: sandbox.{before.fault}")
        yield from map(Cause, self._unheard(before))
        yield from map(Cause, self._overdue(before, again))
        begin_ms = before.arrived_ms - self.patience_ms
        for fault in self._ends_of(before.session, begin_ms, until_ms):
            killed = fault.kind == _KILL
            yield Cause(fault.kind, before.session * killed, fault.begin_ms * killed)
        yield from map(Cause, self._moved(pair.place, before, again, until_ms))
        yield from map(Cause, self._late(pair.place, before, again))

    def _unheard(self, request: SeenRequest) -> Iterator[str]:
        """The answer was sent, but the network or a standstill kept it from its process. What
        held the request up before it came counts, too: nobody may wait any more."""
        begin_ms = request.arrived_ms - self.patience_ms
        until_ms = request.accepted_ms + self.patience_ms
        consumer = self.timeline.sessions.get(request.session, "")
        for fault in self.timeline.during(begin_ms, until_ms, ["seek", "consumer"], consumer):
            if fault.kind not in (_KILL, _STOP):
                yield f"answer lost: {fault.kind}"

    def _overdue(self, before: SeenRequest, again: SeenRequest) -> Iterator[str]:
        """It was not answered in time; its own process does not send it again before that."""
        waited_ms = again.arrived_ms - before.arrived_ms
        if before.session == again.session and waited_ms < self.patience_ms / 2:
            return
        until_ms = before.accepted_ms + self.patience_ms
        took_ms = before.accepted_ms - before.arrived_ms
        for fault in self.timeline.during(before.arrived_ms, until_ms, ["sandbox"]):
            if fault.kind.startswith("sandbox.slow") or took_ms > self.patience_ms * 0.8:
                yield f"answer late: {fault.kind}"

    def _ends(self, begin_ms: float, until_ms: float, target: str | None = None) -> Iterator[Fault]:
        """Of processes. An orderly one lands and commits, unless something else is wrong."""
        for fault in self.timeline.during(begin_ms, until_ms, ["consumer"], target):
            if fault.kind == _KILL or (fault.kind == _STOP and self._is_hindered(fault)):
                yield fault

    def _ends_of(self, session: str, begin_ms: float, until_ms: float) -> Iterator[Fault]:
        """Of this process, not of one that bore its name before."""
        target = self.timeline.sessions.get(session, "")
        for fault in self._ends(begin_ms, until_ms, target):
            if self.timeline.process_at(target, fault.begin_ms) == session:
                yield fault

    def _is_hindered(self, stop: Fault) -> bool:
        hinder = ("consumer", "broker", "kafka", "operator", "seek", "sandbox")
        near = self.timeline.during(stop.begin_ms - _UNAWARE_MS, stop.end_ms, hinder)
        return any(fault != stop and fault.kind not in _MOVES_NOTHING for fault in near)

    def _moved(
        self, place: TopicPartition, before: SeenRequest, again: SeenRequest, until_ms: float
    ) -> Iterator[str]:
        """The partition went from one process to another, or away and back, before a commit told
        of the acceptance; or the first had lost it already, and had not heard of it."""
        unaware_ms = self.patience_ms if before.session == again.session else _UNAWARE_MS
        begin_ms = before.arrived_ms - unaware_ms
        for at_ms in self.timeline.moves.hand_overs(place, before.session, again.session):
            if begin_ms <= at_ms <= until_ms:
                yield from (f"moved: {fault.kind}" for fault in self._movers(at_ms))

    def _movers(self, at_ms: float) -> list[Fault]:
        """A member's end or a broker's makes others' partitions move, some time later. What was
        on comes before what had just ended, and the latest first."""
        near = [
            fault
            for fault in self.timeline.during(at_ms - _SETTLING_MS, at_ms, _MOVES_PARTITIONS)
            if fault.kind not in _MOVES_NOTHING
        ]
        return sorted(near, key=lambda it: (it.end_ms < at_ms, -it.begin_ms))

    def _late(
        self, place: TopicPartition, before: SeenRequest, again: SeenRequest
    ) -> Iterator[str]:
        """The repeat was on its way while its process had already lost the partition."""
        moves, consumer = self.timeline.moves, self.timeline.sessions.get(again.session, "")
        owned = any(it.from_ms < again.arrived_ms for it in moves.stays(place, again.session))
        if before.session == again.session or not owned:
            return
        begin_ms = again.arrived_ms - 2 * self.patience_ms
        for fault in self.timeline.during(
            begin_ms, again.accepted_ms, ["seek", "consumer"], consumer
        ):
            yield f"request late: {fault.kind}"
