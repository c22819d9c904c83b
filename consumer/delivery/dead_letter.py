"""The envelope that a poison record wears on the dead-letter topic.

Key, value and original headers travel untouched, so that a replay gives back the very
bytes that were read (P12). What we add are headers under `PREFIX`, after the original
ones; the first of ours is `format`. Names and class codes never change meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from consumer.delivery.records import Headers, OutgoingRecord, Record

PREFIX: Final = "__dlq.errors."
CONNECT_PREFIX: Final = "__connect.errors."
"""Kafka Connect's: many interfaces show a letter's origin and reason by these."""
FORMAT: Final = "1"
MAX_MESSAGE_BYTES: Final = 1024


class Origin(NamedTuple):
    """Where a record was first read: a letter's identity, together with `replay_count`."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record is buried."""

    stage: str
    """`decode`, `map` or `send`."""
    reason: str
    """The class: a stable code."""
    message: str
    """May quote the input; kept here only, cut at 1 KiB."""
    code: str = ""
    """SEEK's own code."""
    request_id: str = ""
    attempts: int = 0
    """Requests that carried the signal."""
    failed_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every letter of this service says alike."""

    topic: str
    """The dead-letter topic."""
    group: str
    retry_topic: str
    app_version: str
    mapping_hash: str
    connect_headers: bool = False
    """Say where and why in Kafka Connect's names as well."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A letter as read back."""

    origin: Origin
    failure: Failure
    replay_count: int
    headers: Headers
    """The original ones."""
    is_pointer: bool
    """Too large for the topic: the value stayed behind at its origin."""


def wrap(
    record: Record, read: Headers | None, failure: Failure, envelope: Envelope
) -> OutgoingRecord:
    """The letter; a record from the retry topic keeps its first origin and its count.

    `read`: the record's headers, as `headers_of` gives them.
    """
    origin, replays, headers = _provenance(record, read or [], envelope.retry_topic)
    value = record.value()
    added = {
        "format": FORMAT,
        "topic": origin.topic,
        "partition": str(origin.partition),
        "offset": str(origin.offset),
        "timestamp": str(origin.timestamp_ms),
        "group": envelope.group,
        "message": failure.message,
        "class": failure.reason,
        "stage": failure.stage,
        "code": failure.code,
        "request.id": failure.request_id,
        "schema.id": _schema_id(value),
        "mapping.hash": envelope.mapping_hash,
        "delivery.count": str(failure.attempts),
        "failed.at": str(failure.failed_at_ms),
        "replay.count": str(replays),
        "app.version": envelope.app_version,
    }
    if read is None:
        added["headers.lost"] = "true"
    ours: Headers = [(PREFIX + name, _clip(text)) for name, text in added.items()]
    if envelope.connect_headers:
        ours += _in_connects_words(origin, failure, envelope.group)
    return OutgoingRecord(envelope.topic, record.key(), value, [*headers, *ours])


def for_retry(letter: DeadLetter) -> Headers:
    """Headers of the record that a replay writes: the original ones, the first origin, and
    how often it has been replayed now. SEEK's message stays behind: it may quote a person."""
    origin, failure = letter.origin, letter.failure
    added = {
        "format": FORMAT,
        "topic": origin.topic,
        "partition": str(origin.partition),
        "offset": str(origin.offset),
        "timestamp": str(origin.timestamp_ms),
        "message": "",
        "class": failure.reason,
        "stage": failure.stage,
        "delivery.count": str(failure.attempts),
        "failed.at": str(failure.failed_at_ms),
        "replay.count": str(letter.replay_count + 1),
    }
    return [*letter.headers, *((PREFIX + name, _clip(text)) for name, text in added.items())]


def without_value(letter: OutgoingRecord) -> OutgoingRecord:
    """A pointer letter, for a record too large for the topic."""
    headers: Headers = [*letter.headers, (PREFIX + "pointer", b"true")]
    return OutgoingRecord(letter.topic, letter.key, None, headers)


def without_original(pointer: OutgoingRecord) -> OutgoingRecord:
    """For a record whose key and headers alone are too large: its origin, and why."""
    first = _first_of_ours(pointer.headers)
    return OutgoingRecord(pointer.topic, None, None, pointer.headers[first:])


def unwrap(headers: Headers | None) -> DeadLetter | None:
    """None when these are not the headers of a letter of ours, or are mangled."""
    original, added = _parted(headers or [])
    try:
        origin = Origin(
            added["topic"], int(added["partition"]), int(added["offset"]), int(added["timestamp"])
        )
        failure = Failure(
            stage=added["stage"],
            reason=added["class"],
            message=added["message"],
            code=added.get("code", ""),
            request_id=added.get("request.id", ""),
            attempts=int(added["delivery.count"]),
            failed_at_ms=int(added["failed.at"]),
        )
        replays = int(added["replay.count"])
    except (KeyError, ValueError):
        return None
    return DeadLetter(origin, failure, replays, original, "pointer" in added)


def _in_connects_words(origin: Origin, failure: Failure, group: str) -> Headers:
    """Numbers as text, as Connect writes them. After ours, so they leave with ours."""
    words = {
        "topic": origin.topic,
        "partition": str(origin.partition),
        "offset": str(origin.offset),
        "connector.name": group,
        "stage": failure.stage.upper(),
        "exception.class.name": failure.reason,
        "exception.message": failure.message,
    }
    return [(CONNECT_PREFIX + name, _clip(text)) for name, text in words.items()]


def _provenance(record: Record, headers: Headers, retry_topic: str) -> tuple[Origin, int, Headers]:
    if record.topic() == retry_topic:
        earlier = unwrap(headers)
        if earlier is not None:
            return earlier.origin, earlier.replay_count, earlier.headers
    _, timestamp_ms = record.timestamp()
    origin = Origin(record.topic(), record.partition(), record.offset(), timestamp_ms)
    return origin, 0, headers


def _parted(headers: Headers) -> tuple[Headers, dict[str, str]]:
    """The original headers, and ours: all from the last `format` on."""
    first = _first_of_ours(headers)
    ours = {
        name.removeprefix(PREFIX): (text or b"").decode(errors="replace")
        for name, text in headers[first:]
    }
    return headers[:first], ours


def _first_of_ours(headers: Headers) -> int:
    """Past the end when there are none."""
    formats = [index for index, (name, _) in enumerate(headers) if name == PREFIX + "format"]
    return formats[-1] if formats else len(headers)


def _schema_id(value: bytes | None) -> str:
    """Of Confluent's framing: a zero byte, then four bytes of id."""
    framed = value is not None and len(value) >= 5 and value[0] == 0  # noqa: PLR2004 -- framing
    return str(int.from_bytes(value[1:5], "big")) if framed and value else ""


def _clip(text: str) -> bytes:
    """Messages and codes come from outside: of any length, with any half of a character."""
    whole = text.encode(errors="replace")[:MAX_MESSAGE_BYTES]
    return whole.decode(errors="ignore").encode()
