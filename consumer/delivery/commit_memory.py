"""What rides in a commit's metadata: settled offsets beyond the mark, and whose they are.

    s1;<cluster id>;<topic id>;<mark>;<crc32 of the rest, hex>;<bitmap>

The bitmap says for each offset from the mark on whether it is unsettled; it is deflated
and in base64. Mirroring tools copy the string onto other clusters and offsets, hence the
header: what does not fit is ignored, and a topic that was made anew under the same name
is reported (P13). Ids that the broker does not tell are empty and not compared.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from consumer.delivery.records import Offset

FORMAT: Final = "s1"
SPAN_MAX: Final = 1_000_000
"""Offsets that a bitmap may cover: bounds what a mangled string can make us unpack."""
_FIELDS: Final = 6


class Identity(NamedTuple):
    """Which log an offset belongs to: an id is empty where the broker tells none, and None while
    it has not been told."""

    cluster: str | None
    topic: str | None


@dataclass(frozen=True, slots=True)
class Memory:
    settled: frozenset[Offset] = frozenset()
    recreated: bool = False
    """The same cluster, another topic id: the offset is of a log that is gone."""
    unproven: bool = False
    """It names a log, and which log is ours has not been told yet."""


def encode(
    identity: Identity,
    mark: Offset,
    position: Offset,
    unsettled: Collection[Offset],
    max_bytes: int,
) -> tuple[str, bool]:
    """The metadata, and whether what is settled beyond the mark fitted in.

    Whose offset it is travels whatever the room: without that, a topic made anew is not noticed.
    """
    if position - mark <= SPAN_MAX:
        # Nothing beyond the mark is settled while batches end in order, as they mostly do.
        beyond = position - mark - len(unsettled)
        bitmap = _pack(mark, position, unsettled) if beyond else ""
        text = _sealed(identity, mark, bitmap)
        if len(text.encode()) <= max_bytes:
            return text, True
    return _sealed(identity, mark, ""), False


def decode(metadata: str | None, identity: Identity, mark: Offset) -> Memory:
    """Whatever the string is, an answer; what cannot be trusted is as if it were not there."""
    parts = (metadata or "").split(";")
    if len(parts) != _FIELDS or parts[0] != FORMAT:
        return Memory()
    _, cluster, topic, base, checksum, bitmap = parts
    mangled = checksum != _checksum(cluster, topic, base, bitmap)
    if mangled or _differ(cluster, identity.cluster):
        return Memory()
    if (cluster and identity.cluster is None) or (topic and identity.topic is None):
        return Memory(unproven=True)
    if _differ(topic, identity.topic):
        return Memory(recreated=True)
    copied = base != str(mark)
    return Memory() if copied or not bitmap else Memory(settled=_unpack(mark, bitmap))


def _differ(theirs: str, ours: str | None) -> bool:
    return bool(ours and theirs) and ours != theirs


def _sealed(identity: Identity, mark: Offset, bitmap: str) -> str:
    cluster, topic, base = identity.cluster or "", identity.topic or "", str(mark)
    return f"{FORMAT};{cluster};{topic};{base};{_checksum(cluster, topic, base, bitmap)};{bitmap}"


def _checksum(*parts: str) -> str:
    return f"{zlib.crc32(';'.join(parts).encode('utf-8', 'replace')):08x}"


def _pack(mark: Offset, position: Offset, unsettled: Iterable[Offset]) -> str:
    size = (position - mark + 7) // 8
    bits = bytearray(size)
    for offset in unsettled:
        place = offset - mark
        bits[place >> 3] |= 1 << (place & 7)
    for place in range(position - mark, size * 8):
        bits[place >> 3] |= 1 << (place & 7)
    return b64encode(zlib.compress(bytes(bits), 6)).decode("ascii")


def _unpack(mark: Offset, bitmap: str) -> frozenset[Offset]:
    """Offsets whose bit is clear: those past the position were packed as unsettled."""
    try:
        bits = zlib.decompressobj().decompress(b64decode(bitmap, validate=True), SPAN_MAX // 8)
    except (ValueError, zlib.error):
        return frozenset()
    return frozenset(
        Offset(mark + (index << 3) + bit)
        for index, byte in enumerate(bits)
        for bit in range(8)
        if not byte >> bit & 1
    )
