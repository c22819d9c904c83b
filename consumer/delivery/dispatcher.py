"""What may leave next: ready parcels, sealed batches, and the subjects that are locked.

A subject is locked while a batch with one of its parcels is in flight or sealed; its later
parcels wait behind the lock, so that they are never accepted first (P3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from consumer.delivery.lanes import Batch, Lane, Parcel


@dataclass(slots=True, eq=False)
class Dispatcher:
    batch_size: int
    apart: set[str] = field(default_factory=set[str])
    """Hirers whose signals travel in batches of their own."""
    held_topics: set[str] = field(default_factory=set[str])
    """Topics of which nothing leaves for now."""

    _ready: deque[Parcel] = field(default_factory=deque[Parcel])
    _sealed: deque[Batch] = field(default_factory=deque[Batch])
    _locked: set[str] = field(default_factory=set[str])
    _behind: dict[str, deque[Parcel]] = field(default_factory=dict[str, deque[Parcel]])
    _set_apart: deque[Parcel] = field(default_factory=deque[Parcel])
    """Parcels of hirers in `apart`, their subjects locked."""
    _shelf: dict[str, list[Parcel]] = field(default_factory=dict[str, list[Parcel]])
    """Parcels of held topics."""
    _numbers: int = 0

    @property
    def ready(self) -> int:
        return len(self._ready)

    @property
    def sealed(self) -> Sequence[Batch]:
        return self._sealed

    @property
    def idle(self) -> bool:
        """Nothing waits: neither ready, nor sealed, nor apart."""
        return not (self._ready or self._sealed or self._set_apart)

    @property
    def has_fresh(self) -> bool:
        """Parcels wait that were not sent yet, and may be as soon as there is room."""
        return bool(self._ready or self._set_apart)

    def add(self, *parcels: Parcel) -> None:
        self._ready.extend(parcels)

    def take_sealed(self, now_s: float, wanted: Callable[[Batch], bool]) -> Batch | None:
        """The first sealed batch that is due and wanted; its subjects stay locked."""
        for batch in self._sealed:
            if batch.not_before_s <= now_s and wanted(batch):
                self._sealed.remove(batch)
                return batch
        return None

    def take_apart(self) -> Batch | None:
        """Signals of one hirer and topic that travel apart; of a hirer that rejoined, too."""
        if not self._set_apart:
            return None
        kind = _hirer_and_topic(self._set_apart[0])
        chosen: list[Parcel] = []
        others: deque[Parcel] = deque()
        for parcel in self._set_apart:
            fits = _hirer_and_topic(parcel) == kind and len(chosen) < self.batch_size
            (chosen if fits else others).append(parcel)
        self._set_apart = others
        return self._batch(chosen, {parcel.signal.subject for parcel in chosen}, apart=True)

    def take_ready(self) -> Batch | None:
        """Up to `batch_size` ready parcels, oldest first, whose subjects are not locked."""
        ready, locked, apart, held = self._ready, self._locked, self.apart, self.held_topics
        chosen = list(islice(ready, self.batch_size))
        subjects = {parcel.signal.subject for parcel in chosen}
        if chosen and not held and not apart and locked.isdisjoint(subjects):
            for _ in chosen:  # As nearly always: no parcel need be looked at alone.
                ready.popleft()
            locked |= subjects
            return self._batch(chosen, subjects, apart=False)
        return self._pick_ready()

    def _pick_ready(self) -> Batch | None:
        ready, locked, apart, held = self._ready, self._locked, self.apart, self.held_topics
        chosen: list[Parcel] = []
        subjects: set[str] = set()
        while ready and len(chosen) < self.batch_size:
            parcel = ready.popleft()
            subject = parcel.signal.subject
            if held and parcel.lane.place.topic in held:
                self._shelf.setdefault(parcel.lane.place.topic, []).append(parcel)
            elif subject in locked:
                self._behind.setdefault(subject, deque()).append(parcel)
            elif apart and parcel.signal.hirer_id in apart and subject not in subjects:
                locked.add(subject)
                self._set_apart.append(parcel)
            else:
                subjects.add(subject)
                chosen.append(parcel)
        if not chosen:
            return None
        locked |= subjects
        return self._batch(chosen, subjects, apart=False)

    def seal(self, batch: Batch) -> None:
        """To be sent again as it is, less what was given up meanwhile."""
        if self.strip(batch):
            self._sealed.append(batch)

    def seal_first(self, batch: Batch) -> None:
        """The same, before all other sealed batches."""
        if self.strip(batch):
            self._sealed.appendleft(batch)

    def divide(self, batch: Batch, chains: Iterable[list[list[Parcel]]]) -> list[Batch]:
        """Put the parts of a refused batch in its place; its locks pass on to them."""
        parts: list[Batch] = []
        for first, *rest in chains:
            subjects = {parcel.signal.subject for parcel in first}
            part = self._batch(first, subjects, apart=batch.apart)
            part.then = [*rest, *batch.then]
            part.attempts = part.attempts_before = batch.attempts
            part.isolation = batch.isolation
            part.acceptances_seen = batch.acceptances_seen
            part.failures = batch.failures
            parts.append(part)
        for part in reversed(parts):
            self.seal_first(part)
        return parts

    def settle(self, batch: Batch) -> None:
        """All of the batch is settled: what waited for it may go."""
        if not batch.then:
            self._unlock(batch.subjects)
            return
        part = self._batch(batch.then[0], batch.subjects, apart=batch.apart)
        part.then = batch.then[1:]
        part.attempts = part.attempts_before = batch.attempts_before
        part.isolation = batch.isolation
        self.seal_first(part)

    def hold(self, topic: str) -> None:
        self.held_topics.add(topic)

    def probe_shelf(self, topic: str) -> bool:
        """Let the oldest parcel of a held topic go alone, to see whether it passes now; False
        when there is none without a lock."""
        shelf = self._shelf[topic] = self._shelved(topic)
        for parcel in shelf:
            if parcel.signal.subject not in self._locked:
                shelf.remove(parcel)
                self._locked.add(parcel.signal.subject)
                self.seal_first(self._batch([parcel], {parcel.signal.subject}, apart=False))
                return True
        return False

    def shelves(self, topic: str) -> bool:
        """Whether any parcel of a held topic waits for its release."""
        return bool(self._shelf.get(topic))

    def release(self, topic: str) -> None:
        """The held topic flows again: its parcels go first, in their order."""
        if topic in self.held_topics:
            self.held_topics.discard(topic)
            shelved = self._shelved(topic)  # Before `_ready` is named: it makes that anew.
            self._ready.extendleft(reversed(shelved))

    def forget(self, lane: Lane) -> None:
        """Drop what is not in flight of a lane that is no longer `open`."""
        self._ready = deque(p for p in self._ready if p.lane is not lane)
        for topic, shelved in self._shelf.items():
            self._shelf[topic] = [p for p in shelved if p.lane is not lane]
        for subject in list(self._behind):
            kept = deque(p for p in self._behind[subject] if p.lane is not lane)
            if kept:
                self._behind[subject] = kept
            else:
                del self._behind[subject]
        dropped = {p.signal.subject for p in self._set_apart if p.lane is lane}
        self._set_apart = deque(p for p in self._set_apart if p.lane is not lane)
        self._unlock(dropped)
        self._sealed = deque(batch for batch in list(self._sealed) if self.strip(batch))

    def _shelved(self, topic: str) -> list[Parcel]:
        """All of a held topic that no lock keeps waiting, in the order of offsets: what came
        back from behind a lock meanwhile is older than what was shelved before (P3)."""
        shelved = self._shelf.pop(topic, [])
        others: deque[Parcel] = deque()
        for parcel in self._ready:
            (shelved if parcel.lane.place.topic == topic else others).append(parcel)
        self._ready = others
        return sorted(shelved, key=lambda parcel: parcel.offset)

    def _batch(self, parcels: list[Parcel], subjects: set[str], *, apart: bool) -> Batch:
        self._numbers += 1
        return Batch(self._numbers, parcels, subjects, apart=apart)

    def strip(self, batch: Batch) -> bool:
        """Take out parcels whose lane was given up; whether anything is left."""
        if all(p.lane.open for p in batch.parcels) and not batch.then:
            return True
        links = [[p for p in link if p.lane.open] for link in (batch.parcels, *batch.then)]
        links = [link for link in links if link]
        left = {parcel.signal.subject for link in links for parcel in link}
        self._unlock(batch.subjects - left)
        if not links:
            return False
        if not any(p.lane.open for p in batch.parcels):
            batch.begin_again()
        batch.parcels, *batch.then = links
        batch.subjects = left
        return True

    def _unlock(self, subjects: set[str]) -> None:
        self._locked -= subjects
        if not self._behind:
            return
        for subject in sorted(subjects & self._behind.keys()):
            self._ready.extendleft(reversed(self._behind.pop(subject)))


def _hirer_and_topic(parcel: Parcel) -> tuple[str | None, str]:
    return parcel.signal.hirer_id, parcel.lane.place.topic
