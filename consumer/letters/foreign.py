"""Dead letters of other programs: Kafka Connect, Kafka Streams and spring-kafka.

Their headers say the origin and the exception. They are taken off before a replay, or they
would grow from one to the next; what the record's writer gave it stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from consumer.delivery.dead_letter import CONNECT_PREFIX, Origin
from consumer.delivery.records import Headers

_INT_BYTES: Final = 4
_LONG_BYTES: Final = 8
_TOPIC_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_INT_MAX: Final = 2**31 - 1
_LONG_MAX: Final = 2**63 - 1


class Foreign(NamedTuple):
    writer: str
    """`connect`, `streams` or `spring`."""
    origin: Origin
    code: str
    """The exception's class."""
    message: str
    stage: str
    original: Headers


@dataclass(frozen=True, slots=True)
class _Convention:
    writer: str
    prefix: str
    names: Mapping[str, str]
    """What we call it → what it is called after the prefix."""
    number: Callable[[bytes], int]
    also_theirs: tuple[str, ...] = ()
    """Other prefixes of headers that this writer adds."""


def _text_number(value: bytes) -> int:
    return int(value.decode("ascii"))


def _binary_number(value: bytes) -> int:
    """Big-endian, 4 or 8 bytes. Raises ValueError for anything else."""
    if len(value) not in (_INT_BYTES, _LONG_BYTES):
        msg = f"a number has 4 or 8 bytes, not {len(value)}"
        raise ValueError(msg)
    return int.from_bytes(value, "big", signed=True)


_CONVENTIONS: Final = (
    _Convention(
        "connect",
        CONNECT_PREFIX,
        {
            "topic": "topic",
            "partition": "partition",
            "offset": "offset",
            "code": "exception.class.name",
            "message": "exception.message",
            "stage": "stage",
        },
        _text_number,
    ),
    _Convention(
        "streams",
        "__streams.errors.",
        {
            "topic": "topic",
            "partition": "partition",
            "offset": "offset",
            "code": "exception",
            "message": "message",
        },
        _text_number,
    ),
    _Convention(
        "spring",
        "kafka_dlt-",
        {
            "topic": "original-topic",
            "partition": "original-partition",
            "offset": "original-offset",
            "timestamp": "original-timestamp",
            "code": "exception-fqcn",
            "message": "exception-message",
        },
        _binary_number,
        also_theirs=("retry_topic-",),
    ),
)


def read_foreign(headers: Headers, written_at_ms: int) -> Foreign | None:
    """None where no convention fits, or where the origin is mangled. The first of several
    headers of a name counts: republishing appends, and the first origin is the record's.

    `written_at_ms`: the letter's own time, which Connect and Streams take from the record; -1
    where it is not that.
    """
    for convention in _CONVENTIONS:
        if any(name.startswith(convention.prefix) for name, _ in headers):
            found = _read(convention, headers, written_at_ms)
            if found is not None:
                return found
    return None


def is_place(topic: str, partition: int, offset: int) -> bool:
    """Whether Kafka could have such a place; a mangled header may say anything."""
    return bool(
        _TOPIC_NAME.fullmatch(topic) and 0 <= partition <= _INT_MAX and 0 <= offset <= _LONG_MAX
    )


def _read(convention: _Convention, headers: Headers, written_at_ms: int) -> Foreign | None:
    values = {name: value or b"" for name, value in reversed(headers)}
    theirs = {
        ours: values[convention.prefix + name]
        for ours, name in convention.names.items()
        if convention.prefix + name in values
    }
    try:
        topic = theirs["topic"].decode()
        partition = convention.number(theirs["partition"])
        offset = convention.number(theirs["offset"])
        stamp = theirs.get("timestamp")
        timestamp_ms = written_at_ms if stamp is None else convention.number(stamp)
    except (KeyError, ValueError):
        return None
    if not is_place(topic, partition, offset):
        return None
    prefixes = (convention.prefix, *convention.also_theirs)
    return Foreign(
        convention.writer,
        Origin(topic, partition, offset, timestamp_ms),
        _text(theirs, "code"),
        _text(theirs, "message"),
        _text(theirs, "stage").lower(),
        [header for header in headers if not header[0].startswith(prefixes)],
    )


def _text(theirs: Mapping[str, bytes], name: str) -> str:
    return theirs.get(name, b"").decode(errors="replace")
