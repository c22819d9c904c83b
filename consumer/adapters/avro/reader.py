"""Bytes to signal: framing, schema, decoding, mapping, encoding. Never blocks, never raises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from consumer.adapters.avro.decoder import Decode, UndecodableError
from consumer.adapters.avro.framing import HEADER_BYTES, MAX_RECORD_BYTES, schema_id_of
from consumer.adapters.avro.schema_store import Looked, Schemas
from consumer.domain.events import Event
from consumer.domain.mapping import MappingPolicy, map_event
from consumer.domain.signals import Reason, Rejected, Skipped, SkipReason
from consumer.ports import Reading, Unresolved

Decoded: TypeAlias = Event | Skipped | Rejected | Unresolved
_MOST_DECODERS: Final = 100
"""The store keeps more, and takes longer to say which."""
_NO_EVENT: Final = (Skipped, Rejected, Unresolved)
"""Named, since a union of types written out is made anew for each record."""


@dataclass(frozen=True, slots=True)
class AvroReader:
    """The port `Reader` for Avro in Confluent framing."""

    schemas: Schemas
    policy: MappingPolicy
    max_record_bytes: int = MAX_RECORD_BYTES
    _decoders: dict[bytes, Decode] = field(init=False, default_factory=dict[bytes, Decode])
    """By a value's first bytes, its framing: those that the store has given us."""

    def read(self, value: bytes | None, now_ms: int) -> Reading:
        known = None if value is None else self._decoders.get(value[:HEADER_BYTES])
        if value is None or known is None or len(value) > self.max_record_bytes:
            decoded = self.decode(value)
            if isinstance(decoded, _NO_EVENT):
                return decoded
        else:  # As `decode` does, without its questions: nearly all records come this way.
            try:
                decoded = known(value)
            except UndecodableError as error:
                return Rejected(Reason.UNDECODABLE, str(error))
        return map_event(decoded, self.policy, now_ms)

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
            if len(self._decoders) >= _MOST_DECODERS:
                self._decoders.clear()
            self._decoders[value[:HEADER_BYTES]] = found
        return found
