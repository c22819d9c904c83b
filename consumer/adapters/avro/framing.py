"""Confluent framing: a zero byte, the writer schema's id (big-endian), then Avro.

Pure, and the first thing that happens to a record, so the size limit is here too.
"""

from __future__ import annotations

from typing import Final

from consumer.domain.signals import Reason, Rejected

MAGIC: Final = 0
HEADER_BYTES: Final = 5
MAX_RECORD_BYTES: Final = 1_048_576
"""1 MiB: Kafka's own default for a message; a status change has some hundred bytes."""
_MAX_SCHEMA_ID: Final = 2**31 - 1
"""Registries count in a signed 32-bit integer; they answer a larger id like a wrong URL."""


def frame(schema_id: int, body: bytes) -> bytes:
    return b"\x00" + schema_id.to_bytes(4, "big") + body


def schema_id_of(value: bytes, max_bytes: int = MAX_RECORD_BYTES) -> int | Rejected:
    """Which schema wrote the value; its Avro begins at `HEADER_BYTES`."""
    if len(value) > max_bytes:
        return Rejected(Reason.TOO_LARGE, f"{len(value)} bytes, the limit is {max_bytes}")
    if not value:
        return Rejected(Reason.NO_BYTES, "the value has no bytes; a tombstone has no value at all")
    if value[0] != MAGIC or len(value) < HEADER_BYTES:
        detail = f"Confluent's framing is a zero byte and an id of 4; this begins {value[:5].hex()}"
        return Rejected(Reason.BAD_FRAMING, detail)
    schema_id = int.from_bytes(value[1:HEADER_BYTES], "big")
    if schema_id > _MAX_SCHEMA_ID:
        return Rejected(Reason.BAD_FRAMING, f"{schema_id} cannot be a schema id: over 31 bits")
    return schema_id
