"""The head of a request, and answers cut anywhere."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.seek.http1 import (
    HEAD_MAX_BYTES,
    AnswerReader,
    LocalProtocolError,
    RemoteProtocolError,
    post_head,
)
from tests.unit.answers_read import BODY_MAX_BYTES, OK, Read, read

HOST = b"graphql.seek.com"
VISIBLE = bytes(range(0x21, 0x7F))
FRAMED = OK + b"Content-Length: 2\r\n\r\n{}"
CHUNKED = (
    OK + b"Transfer-Encoding: Chunked\r\nX-A:\r\n\r\n"
    b"1;seen=yes\r\n{\r\n00B\r\n 123456789\r\r\n1\r\n}\r\n0\r\nRetry-After: 5\r\nX-B: 1\r\n\r\n"
)
UNTIL_CLOSED = b"HTTP/1.0 503 \r\nRetry-After: \t 7 \t\r\n\r\naway\r\n\r\n"
AFTER_HINTS = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + FRAMED
)


# --- what is asked


def test_a_head_has_the_host_the_headers_in_order_and_the_length() -> None:
    headers = [(b"X-Request-Id", b"r1"), (b"Authorization", b"Bearer a b")]
    assert post_head(b"/graphql?x=1", HOST, headers, 44_000) == (
        b"POST /graphql?x=1 HTTP/1.1\r\n"
        b"Host: graphql.seek.com\r\n"
        b"X-Request-Id: r1\r\n"
        b"Authorization: Bearer a b\r\n"
        b"Content-Length: 44000\r\n\r\n"
    )


@pytest.mark.parametrize("bad", [bytes([code]) for code in (*range(9), *range(10, 32), 127)])
@pytest.mark.parametrize("place", ["%b", "a%b", "%bb", "a%bX-Injected: 1", "a\r%b", "%b\n"])
def test_no_value_leaves_its_line(place: str, bad: bytes) -> None:
    with pytest.raises(LocalProtocolError):
        post_head(b"/", HOST, [(b"X-A", place.encode() % bad)], 0)


@pytest.mark.parametrize("value", [b"", b"a\tb", b"caf\xc3\xa9", VISIBLE])
def test_a_value_may_be_any_text(value: bytes) -> None:
    assert b"\r\nX-A: %b\r\n" % value in post_head(b"/", HOST, [(b"X-A", value)], 0)


@pytest.mark.parametrize(
    "name", [b"", b"X A", b"X:", b"X: a", b"X\r\nY", b"X\n", b"X\0", b"\tX", b"X\xe9", b"(X)"]
)
def test_no_name_is_more_than_a_name(name: bytes) -> None:
    with pytest.raises(LocalProtocolError):
        post_head(b"/", HOST, [(b"X-A", b"1"), (name, b"1")], 0)


@pytest.mark.parametrize("name", [b"Host", b"content-length", b"Transfer-Encoding"])
def test_what_says_where_a_request_goes_and_ends_is_given_once(name: bytes) -> None:
    with pytest.raises(LocalProtocolError):
        post_head(b"/", HOST, [(name, b"1")], 1)


@pytest.mark.parametrize("target", [b"/ HTTP/1.1\r\nX: ", b"/a b", b"/\n", b"/\0", b"/\xe9"])
def test_no_target_leaves_its_place(target: bytes) -> None:
    with pytest.raises(LocalProtocolError):
        post_head(target, HOST, [], 0)


def test_no_host_leaves_its_line() -> None:
    with pytest.raises(LocalProtocolError):
        post_head(b"/", b"a\r\nX: 1", [], 0)


def test_what_was_refused_is_not_quoted() -> None:
    with pytest.raises(LocalProtocolError) as caught:
        post_head(b"/", HOST, [(b"Authorization", b"Bearer secret\n")], 0)
    assert "secret" not in str(caught.value)


# --- what is answered


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (FRAMED, Read(200, [(b"content-length", b"2")], b"{}", may_be_followed=True)),
        (
            CHUNKED,
            Read(
                200,
                [(b"transfer-encoding", b"Chunked"), (b"x-a", b"")],
                b"{ 123456789\r}",
                may_be_followed=True,
            ),
        ),
        (
            UNTIL_CLOSED,
            Read(503, [(b"retry-after", b"7")], b"away\r\n\r\n", may_be_followed=False),
        ),
        (AFTER_HINTS, Read(200, [(b"content-length", b"2")], b"{}", may_be_followed=True)),
        (b"HTTP/1.1 204\r\n\r\n", Read(204, [], b"", may_be_followed=True)),
    ],
    ids=["with a length", "in chunks", "until closed", "after hints", "without a body"],
)
def test_an_answer_is_the_same_wherever_it_is_cut(raw: bytes, expected: Read) -> None:
    assert read(raw) == expected
    assert read(*(bytes([byte]) for byte in raw)) == expected
    for cut in range(1, len(raw)):
        assert read(raw[:cut], raw[cut:]) == expected, raw[:cut]


@pytest.mark.parametrize("raw", [FRAMED, CHUNKED, AFTER_HINTS])
def test_an_answer_that_ends_early_is_none(raw: bytes) -> None:
    for cut in range(len(raw)):
        with pytest.raises(RemoteProtocolError):
            read(raw[:cut])


def test_without_a_length_a_head_that_ends_early_is_no_answer() -> None:
    head, _, _ = UNTIL_CLOSED.partition(b"away")
    for cut in range(len(head)):
        with pytest.raises(RemoteProtocolError):
            read(head[:cut])
    assert read(head).body == b""


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"<html></html>\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"\0" * 64,
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 \r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 -20 OK\r\n\r\n",
        b"HTTP/11 200 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"HTTPS/1.1 200 OK\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
        b"HTTP/1.1 150 Odd\r\nContent-Length: 9\r\n\r\nHTTP/1.1 " + FRAMED,
        OK + b" X: folded\r\n\r\n",
        OK + b"X : 1\r\n\r\n",
        OK + b": 1\r\n\r\n",
        OK + b"X\r\n\r\n",
        OK + b"X: \0\r\n\r\n",
        OK + b"X: a\rY: b\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1e3\r\n\r\n",
        OK + b"Content-Length: 99999999999999999999\r\n\r\n",
        OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: gzip\r\n\r\n{}",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nno trailer\r\n\r\n",
    ],
    ids=repr,
)
def test_what_is_no_http_is_no_answer(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(raw)
    with pytest.raises(RemoteProtocolError):
        read(*(bytes([byte]) for byte in raw))


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda rest: OK + rest))
def test_any_bytes_are_an_answer_or_a_fault(raw: bytes) -> None:
    try:
        read(raw)
    except RemoteProtocolError:
        return


@pytest.mark.parametrize("size", [BODY_MAX_BYTES, BODY_MAX_BYTES + 1])
@pytest.mark.parametrize("framing", ["length", "chunks", "end"])
def test_a_body_beyond_the_bound_is_not_kept(framing: str, size: int) -> None:
    body = b"x" * size
    raw = {
        "length": OK + b"Content-Length: %d\r\n\r\n%b" % (size, body),
        "chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, body),
        "end": OK + b"\r\n" + body,
    }[framing]
    fits = size <= BODY_MAX_BYTES
    for answer in (read(raw), read(raw[:-7], raw[-7:])):
        assert answer.body == (body if fits else b"")
        assert answer.may_be_followed == (fits and framing != "end")


def pieces_of(raw: bytes, size: int = 8_192) -> Iterable[bytes]:
    return (raw[start : start + size] for start in range(0, len(raw), size))


def test_a_head_is_as_long_as_the_bound_at_most() -> None:
    start = b"HTTP/1.1 204 No Content\r\nX: "
    fitting = start.ljust(HEAD_MAX_BYTES - 4, b"x") + b"\r\n\r\n"
    assert read(*pieces_of(fitting)).status == 204
    for longer in (start + b"x" * HEAD_MAX_BYTES, start + b"\r\nX:" * HEAD_MAX_BYTES):
        with pytest.raises(RemoteProtocolError):
            read(*pieces_of(longer[: HEAD_MAX_BYTES + 1]))


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 9_999,
        OK + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"x" * 199_999,
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + b"X: 1\r\n" * 40_000,
        b"\r\n" * 99_999,
    ],
    ids=["hints", "an extension of a chunk", "trailers", "empty lines"],
)
def test_what_stands_around_a_body_is_bounded_too(endless: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        read(*pieces_of(endless))
    assert "too long" in str(caught.value)


def test_a_body_in_many_small_chunks_is_read() -> None:
    """Its framing alone is longer than a head may be."""
    reader = AnswerReader(HEAD_MAX_BYTES)
    raw = OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 30_000 + b"0\r\n\r\n"
    assert len(read(*pieces_of(raw), reader=reader).body) == 30_000


@pytest.mark.parametrize("extra", [b"x", b"\0", b"H", FRAMED, FRAMED * 2, OK, b"\r\n\r\nx"])
@pytest.mark.parametrize("raw", [FRAMED, CHUNKED, b"HTTP/1.1 204 No Content\r\n\r\n"])
def test_what_nobody_asked_is_not_read_and_ends_the_connection(raw: bytes, extra: bytes) -> None:
    alone = read(raw)
    assert alone.may_be_followed
    assert read(raw + extra) == alone._replace(may_be_followed=False)


@pytest.mark.parametrize(
    "raw",
    [
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}",
        OK + b"Connection: keep-alive, CLOSE \r\nContent-Length: 2\r\n\r\n{}",
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}surplus",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}",
        OK + b"Connection: keep-alive\r\n\r\n{}",
    ],
)
def test_a_connection_that_ends_is_not_used_again(raw: bytes) -> None:
    answer = read(raw)
    assert (answer.status, answer.body) == (200, b"{}")
    assert not answer.may_be_followed


def test_a_closed_reader_is_freed_at_once_and_not_by_a_search_for_cycles() -> None:
    gc.disable()
    try:
        reader = AnswerReader(BODY_MAX_BYTES)
        read(FRAMED, reader=reader)
        gone = weakref.ref(reader)
        reader.close()
        del reader
        assert gone() is None
    finally:
        gc.enable()
