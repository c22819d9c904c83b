"""Whose subject has moved on: newer records of the same key, behind the letter's origin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from consumer.delivery.records import Record
from consumer.letters.catalogue import Catalogue, hash_of
from consumer.letters.choosing import Row
from consumer.letters.ports import Seen, Sources
from consumer.letters.standing import OriginKey, Standing

_NOT_SENT = frozenset({Standing.NEW, Standing.PARKED, Standing.PURGED})


class Newer(NamedTuple):
    """The latest record of a letter's key."""

    offset: int
    state_time_ms: int
    """Since when its state holds; the record's own time where it does not say."""


@dataclass(frozen=True, slots=True)
class Superseding:
    """Reads each source partition once, from the oldest letter on."""

    sources: Sources
    catalogue: Catalogue
    state_time_ms: Callable[[bytes | None], int | None]

    def find(self, rows: Iterable[Row], seen: Seen) -> Mapping[OriginKey, Newer]:
        """`rows` in the order of origin. A newer record that is itself a dead letter which SEEK
        never got does not count: the older one is not behind it."""
        found: dict[OriginKey, Newer] = {}
        for (topic, partition), of_place in groupby(rows, key=lambda row: row.key[:2]):
            waiting = [(row.key, row.key_hash) for row in of_place if row.key_hash is not None]
            if waiting:
                latest = self._latest(topic, partition, waiting, seen)
                found.update(_behind(waiting, latest))
        return found

    def _latest(
        self,
        topic: str,
        partition: int,
        waiting: list[tuple[OriginKey, int]],
        seen: Seen,
    ) -> dict[int, Newer]:
        keys = {key_hash for _, key_hash in waiting}
        latest: dict[int, Newer] = {}
        for record in self.sources.newer(topic, partition, waiting[0][0].offset + 1, seen):
            key_hash = hash_of(record.key())
            if key_hash is None or key_hash not in keys or self._is_unsent(record):
                continue
            stated_ms = self.state_time_ms(record.value())
            known_ms = record.timestamp()[1] if stated_ms is None else stated_ms
            latest[key_hash] = Newer(record.offset(), known_ms)
        return latest

    def _is_unsent(self, record: Record) -> bool:
        letters = self.catalogue.of_origin(record.topic(), record.partition(), record.offset())
        return bool(letters) and letters[-1].standing in _NOT_SENT


def _behind(
    waiting: list[tuple[OriginKey, int]], latest: Mapping[int, Newer]
) -> Iterator[tuple[OriginKey, Newer]]:
    for key, key_hash in waiting:
        newer = latest.get(key_hash)
        if newer is not None and newer.offset > key.offset:
            yield key, newer
