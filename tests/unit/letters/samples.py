"""Letters, made short."""

from __future__ import annotations

from consumer.delivery.dead_letter import Envelope, Failure
from consumer.delivery.records import Headers, TopicPartition
from consumer.letters.choosing import Row
from consumer.letters.letter import Kind, Letter, Spot, read_letter
from consumer.letters.standing import OriginKey, Standing
from tests.unit.delivery_samples import PlainRecord, wrapped

GROUP = "g"
ENVELOPE = Envelope("g.dlq", GROUP, "g.retry", app_version="1", mapping_hash="h")
AT_MS = 1_700_000_000_000


def source(
    offset: int,
    key: bytes | None = b"k",
    *,
    topic: str = "moves",
    partition: int = 0,
    value: bytes | None = b"value",
    headers: Headers | None = None,
) -> PlainRecord:
    """A record as it lay on its source."""
    return PlainRecord(
        TopicPartition(topic, partition), offset, key, value, headers, AT_MS + offset
    )


def buried(
    record: PlainRecord, spot: Spot, reason: str = "forbidden", message: str = "why"
) -> PlainRecord:
    """Its letter, as it lies on the dead-letter topic."""
    failure = Failure("send", reason, message, "", "", 1, AT_MS + 60_000)
    written = wrapped(record, failure, ENVELOPE)
    place = TopicPartition("g.dlq", spot.partition)
    return PlainRecord(place, spot.offset, written.key, written.value, written.headers, AT_MS)


def key_of(offset: int) -> OriginKey:
    """Of the letter of `source(offset)`."""
    return OriginKey("moves", 0, offset, "", AT_MS + offset)


def letter(offset: int = 0, key: bytes | None = b"k", reason: str = "forbidden") -> Letter:
    return read_letter(buried(source(offset, key), Spot(0, offset), reason))


def row(
    offset: int = 0,
    standing: Standing = Standing.NEW,
    *,
    reason: str = "forbidden",
    replays: int = 0,
    newest: int | None = None,
) -> Row:
    return Row(
        key_of(offset),
        replays,
        replays if newest is None else newest,
        standing,
        Spot(0, offset),
        Kind.OWN,
        reason,
        "FORBIDDEN",
        "send",
        1,
        AT_MS,
        False,  # noqa: FBT003 -- fields in order
        100,
        1,
    )
