"""What comes back from Kafka beside records: commit metadata, and headers of letters."""

from __future__ import annotations

import zlib
from base64 import b64encode
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumer.delivery.commit_memory import FORMAT, SPAN_MAX, Identity, Memory, decode
from consumer.delivery.dead_letter import PREFIX, DeadLetter, Envelope, Failure, unwrap
from consumer.delivery.records import Headers, Offset, TopicPartition
from tests.fuzz.cost import cheaply
from tests.unit.delivery_samples import PlainRecord, wrapped

OURS = Identity("cluster-1", "topic-1")
LARGE_BYTES = 256 << 20
"""A set of a million offsets, the most that a bitmap may say."""
MARKS = st.integers(0, 1 << 62).map(Offset)
ENVELOPE = Envelope("s.dlq", "s", "s.retry", "1.0", "hash")


def sealed(mark: int, bitmap: str, identity: Identity = OURS) -> str:
    """With a checksum that is right: made by somebody who knows the format."""
    parts = (str(identity.cluster), str(identity.topic), str(mark), bitmap)
    checksum = f"{zlib.crc32(';'.join(parts).encode('utf-8', 'replace')):08x}"
    return f"{FORMAT};{identity.cluster};{identity.topic};{mark};{checksum};{bitmap}"


@given(text=st.none() | st.text() | st.text("s1;=/+", max_size=40), mark=MARKS)
def test_any_metadata_is_read_or_ignored(text: str | None, mark: Offset) -> None:
    memory = cheaply(lambda: decode(text, OURS, mark))

    assert memory == Memory()


@given(bitmap=st.text(max_size=80) | st.binary(max_size=60).map(lambda b: b64encode(b).decode()))
@example(bitmap=b64encode(b"\x78\x9c").decode())
@example(bitmap="é" * 100)
@example(bitmap="A" * 4096)
def test_a_bitmap_that_is_none_says_nothing(bitmap: str) -> None:
    mark = Offset(1_000)

    memory = cheaply(lambda: decode(sealed(mark, bitmap), OURS, mark))

    assert not memory.recreated
    assert all(mark <= offset < mark + SPAN_MAX for offset in memory.settled)


@given(bits=st.binary(max_size=200), mark=MARKS)
def test_what_a_bitmap_says_stays_within_it(bits: bytes, mark: Offset) -> None:
    bitmap = b64encode(zlib.compress(bits)).decode()

    memory = cheaply(lambda: decode(sealed(mark, bitmap), OURS, mark))

    assert all(mark <= offset < mark + 8 * len(bits) for offset in memory.settled)


def test_a_bitmap_that_unpacks_to_gigabytes_is_cut() -> None:
    """A kilobyte of metadata unpacks to a megabyte, which would say eight million offsets."""
    bomb = b64encode(zlib.compress(bytes(4 << 20))).decode()
    mark = Offset(7)

    memory = cheaply(lambda: decode(sealed(mark, bomb), OURS, mark), peak_bytes=LARGE_BYTES)

    assert max(memory.settled) < mark + SPAN_MAX


NAMES = st.sampled_from(
    [
        PREFIX + name
        for name in (
            *("format", "topic", "partition", "offset", "timestamp", "message", "class", "stage"),
            *("code", "request.id", "delivery.count", "failed.at", "replay.count", "pointer", ""),
        )
    ]
) | st.text(max_size=10)
VALUES = (
    st.none()
    | st.binary(max_size=20)
    | st.integers().map(lambda number: str(number).encode())
    | st.sampled_from([b"", b"1_000", b"\xd9\xa1", b" 7 ", b"1e3", b"9" * 4_400, b"\xff", b"-1"])
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=30)


@given(headers=st.none() | HEADERS)
def test_any_headers_are_a_letter_or_none(headers: Headers | None) -> None:
    found = cheaply(lambda: unwrap(headers))

    assert found is None or isinstance(found, DeadLetter)


@given(
    headers=HEADERS,
    topic=st.sampled_from(["moves", "s.retry"]),
    value=st.none() | st.binary(max_size=20),
    message=st.text(),
)
def test_any_record_can_be_buried_and_buried_again(
    headers: Headers, topic: str, value: bytes | None, message: str
) -> None:
    """Also one on the retry topic whose headers lie; burying again does not make them grow."""
    failure = Failure("send", "bad_user_input", message, code=message, request_id=message)
    record = PlainRecord(TopicPartition(topic, 3), 7, value_bytes=value, header_list=headers)

    letter = wrapped(record, failure, ENVELOPE)
    letter_read = PlainRecord(
        TopicPartition("s.retry", 0), 1, value_bytes=value, header_list=list(letter.headers)
    )
    again = wrapped(letter_read, failure, ENVELOPE)

    first, second = unwrap(list(letter.headers)), unwrap(list(again.headers))
    assert first is not None
    assert second is not None
    assert second.origin == first.origin
    assert len(again.headers) == len(letter.headers)


@dataclass(frozen=True, slots=True)
class UnreadableHeaders(PlainRecord):
    """As the client gives a record with a header whose name is no UTF-8."""

    error: type[Exception] = SystemError

    def headers(self) -> Headers | None:
        if self.error is SystemError:
            raise SystemError
        b"\xff".decode()
        return None


@pytest.mark.parametrize("error", [SystemError, UnicodeDecodeError])
def test_headers_that_the_client_cannot_read_do_not_stop_a_burial(error: type[Exception]) -> None:
    record = UnreadableHeaders(TopicPartition("moves", 3), 7, error=error)

    letter = wrapped(record, Failure("decode", "bad_framing", "why"), ENVELOPE)

    read = unwrap(list(letter.headers))
    assert read is not None
    assert (read.origin.topic, read.origin.offset, read.headers) == ("moves", 7, [])
    assert (letter.key, letter.value) == (record.key(), record.value())
    assert (PREFIX + "headers.lost", b"true") in letter.headers
