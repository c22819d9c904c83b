"""From a letter to the record on the retry topic. Pure."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

from consumer.delivery.dead_letter import for_retry
from consumer.delivery.records import Record, headers_of
from consumer.letters.letter import Letter
from consumer.letters.ports import RetryRecord


def restored(letter: Letter, original: Record | None) -> Letter | None:
    """A pointer letter with what it points at; None when that is not there any more.

    `original`: what lies at the letter's origin now. A topic that was made anew holds another
    record there, which its time gives away.
    """
    if original is None or original.timestamp()[1] != letter.origin.timestamp_ms:
        return None
    dead = replace(letter.dead, headers=headers_of(original) or [], is_pointer=False)
    return replace(letter, dead=dead, key=original.key(), value=original.value())


def retry_of(letter: Letter, subject: str | None, partitions: int) -> RetryRecord:
    """All letters of a subject go to one partition, so that their order is kept."""
    lane = _lane(letter, subject)
    return RetryRecord(crc32(lane) % partitions, letter.key, letter.value, for_retry(letter.dead))


def _lane(letter: Letter, subject: str | None) -> bytes:
    if subject is not None:
        return subject.encode(errors="replace")
    if letter.key is not None:
        return letter.key
    origin = letter.origin
    return f"{origin.topic}/{origin.partition}/{origin.offset}".encode()
