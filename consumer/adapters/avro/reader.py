"""Bytes to signal: framing, schema, decoding, mapping, encoding. Never blocks, never raises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from consumer.adapters.avro.decoder import UndecodableError
from consumer.adapters.avro.framing import HEADER_BYTES, MAX_RECORD_BYTES, schema_id_of
from consumer.adapters.avro.plan.compiler import Read
from consumer.adapters.avro.schema_store import Looked, Schemas
from consumer.domain.events import Event
from consumer.domain.mapping import MapFields, MappingPolicy, map_event, mapping_of
from consumer.domain.signals import Reason, Rejected, Skipped, SkipReason
from consumer.ports import Reading, Unresolved

Decoded: TypeAlias = Event | Skipped | Rejected | Unresolved
_MOST_WAYS: Final = 100
"""The store keeps more, and takes longer to say which."""
_NO_EVENT: Final = (Skipped, Rejected, Unresolved)
"""Named, since a union of types written out is made anew for each record."""


@dataclass(frozen=True, slots=True)
class AvroReader:
    """The port `Reader` for Avro in Confluent framing."""

    schemas: Schemas
    policy: MappingPolicy
    max_record_bytes: int = MAX_RECORD_BYTES
    _ways: dict[bytes, tuple[Read, MapFields]] = field(init=False, default_factory=dict)
    """By a value's first bytes, its framing: how those schemas are read that the store has given
    us, and what becomes of their records."""

    def read(self, value: bytes | None, now_ms: int) -> Reading:
        way = value and self._ways.get(value[:HEADER_BYTES])
        if not value or not way or len(value) > self.max_record_bytes:
            decoded = self.decode(value)
            if isinstance(decoded, _NO_EVENT):
                return decoded
            return map_event(decoded, self.policy, now_ms)
        read, map_fields = way  # Nearly all records come this way.
        try:
            fields = read(value)
        except UndecodableError as error:
            return Rejected(Reason.UNDECODABLE, str(error))
        return map_fields(fields, self.policy, now_ms)

    def read_alike(self, values: Sequence[bytes | None], now_ms: int) -> Sequence[Reading] | None:
        """First all are decoded, then all are mapped: either's code stays in the core's cache."""
        sound = [value for value in values if value]
        framings = {value[:HEADER_BYTES] for value in sound}
        way = self._ways.get(framings.pop()) if len(framings) == 1 else None
        if way is None or len(sound) < len(values) or max(map(len, sound)) > self.max_record_bytes:
            return None
        read, map_fields = way
        try:
            decoded = [read(value) for value in sound]
        except UndecodableError:
            return None
        policy = self.policy
        return [map_fields(fields, policy, now_ms) for fields in decoded]

    def decode(self, value: bytes | None) -> Decoded:
        """The first half of `read`: what the record says, before what it means to SEEK."""
        if value is None:
            return Skipped(SkipReason.TOMBSTONE)
        found = self._decoder(value)
        if isinstance(found, _NO_EVENT):
            return found
        try:
            return found(value)
        except UndecodableError as error:
            return Rejected(Reason.UNDECODABLE, str(error))

    def _decoder(self, value: bytes) -> Looked:
        schema_id = schema_id_of(value, self.max_record_bytes)
        if isinstance(schema_id, Rejected):
            return schema_id
        found = self.schemas.lookup(schema_id)
        if not isinstance(found, _NO_EVENT):
            if len(self._ways) >= _MOST_WAYS:
                self._ways.clear()
            self._ways[value[:HEADER_BYTES]] = found.read, mapping_of(found.kind)
        return found
