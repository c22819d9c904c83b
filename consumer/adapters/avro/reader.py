"""Bytes to signal: framing, schema, decoding, mapping, encoding. Never blocks, never raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import orjson

from consumer.adapters.avro.decoder import UndecodableError
from consumer.adapters.avro.framing import MAX_RECORD_BYTES, schema_id_of
from consumer.adapters.avro.schema_store import Schemas
from consumer.domain.events import Event
from consumer.domain.mapping import MappingPolicy, map_event
from consumer.domain.signals import Reason, Rejected, Signal, Skipped, SkipReason
from consumer.ports import Clock, Prepared, Reading, Unresolved

Decoded: TypeAlias = Event | Skipped | Rejected | Unresolved
_NO_EVENT: Final = (Skipped, Rejected, Unresolved)
"""Named, since a union of types written out is made anew for each record."""


@dataclass(frozen=True, slots=True)
class AvroReader:
    """The port `Reader` for Avro in Confluent framing."""

    schemas: Schemas
    policy: MappingPolicy
    clock: Clock
    max_record_bytes: int = MAX_RECORD_BYTES

    def read(self, value: bytes | None) -> Reading:
        decoded = self.decode(value)
        if isinstance(decoded, _NO_EVENT):
            return decoded
        mapped = map_event(decoded, self.policy, self.clock.wall_ms())
        if not isinstance(mapped, Signal):
            return mapped
        return Prepared(
            mapped.type_code,
            mapped.subject,
            mapped.hirer_id,
            mapped.occurred_at_ms,
            orjson.dumps(mapped.fields),
            mapped.warnings,
        )

    def decode(self, value: bytes | None) -> Decoded:
        """The first half of `read`: what the record says, before what it means to SEEK."""
        if value is None:
            return Skipped(SkipReason.TOMBSTONE)
        schema_id = schema_id_of(value, self.max_record_bytes)
        if isinstance(schema_id, Rejected):
            return schema_id
        found = self.schemas.lookup(schema_id)
        if isinstance(found, _NO_EVENT):
            return found
        try:
            return found(value)
        except UndecodableError as error:
            return Rejected(Reason.UNDECODABLE, str(error))
