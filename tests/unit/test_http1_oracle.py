"""What a head and an answer mean is asked of h11, an engine that shares nothing with ours."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import h11
from hypothesis import given
from hypothesis import strategies as st

from consumer.adapters.seek.http1 import AnswerReader, LocalProtocolError, post_head
from tests.unit.answers_read import BODY_MAX_BYTES, Read, read

HOST = b"graphql.seek.com"
VISIBLE = bytes(range(0x21, 0x7F))
TOKEN = bytes(set(VISIBLE) - set(b'"(),/:;<=>?@[\\]{}'))
VALUES = st.lists(
    st.binary(min_size=1, max_size=6).map(
        lambda raw: bytes(byte if byte in VISIBLE or byte > 0x7F else 0x61 for byte in raw)
    ),
    max_size=3,
).map(b" ".join)
NAMES = st.sampled_from(
    [b"Retry-After", b"Content-Type", b"Content-Len", b"Connect", b"Transfer-Enc", b"Trailer", b"T"]
) | st.lists(st.sampled_from(TOKEN), min_size=1, max_size=6).map(lambda raw: b"x" + bytes(raw))
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4)


@given(
    st.lists(
        st.tuples(
            NAMES | st.binary(max_size=5),
            VALUES | st.binary(max_size=9) | st.sampled_from([b"a\r\nX: 1", b" a\nb", b" \t"]),
        ),
        max_size=4,
    ),
    st.binary(max_size=5).map(lambda rest: b"/" + rest) | st.just(b"/graphql"),
)
def test_a_server_reads_what_was_meant_or_nothing_is_sent(
    headers: list[tuple[bytes, bytes]], target: bytes
) -> None:
    try:
        head = post_head(target, HOST, headers, 2)
    except LocalProtocolError:
        return
    server = h11.Connection(h11.SERVER)
    server.receive_data(head + b"{}")
    request = server.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target) == (b"POST", target)
    assert list(request.headers) == [
        (b"host", HOST),
        *((name.lower(), value.strip(b" \t")) for name, value in headers),
        (b"content-length", b"2"),
    ]
    assert server.next_event() == h11.Data(data=b"{}")
    assert isinstance(server.next_event(), h11.EndOfMessage)
    assert server.trailing_data == (b"", False)


def lines(headers: Iterable[tuple[bytes, bytes]], padding: bytes = b" ") -> bytes:
    return b"".join(b"%b:%b%b\r\n" % (name, padding, value) for name, value in headers)


def hints() -> st.SearchStrategy[bytes]:
    status = st.sampled_from([100, 102, 103, 104, 199])
    return st.builds(lambda s, h: b"HTTP/1.1 %d Hint\r\n%b\r\n" % (s, lines(h)), status, HEADERS)


@st.composite
def chunks(draw: st.DrawFn) -> bytes:
    parts = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=4))
    extension = draw(st.sampled_from([b"", b";a", b";a=b", b';a="b c"']))
    size = draw(st.sampled_from([b"%x", b"%X", b"0%x"]))
    whole = [b"%b%b\r\n%b\r\n" % (size % len(part), extension, part) for part in parts]
    return b"".join(whole) + b"0\r\n" + lines(draw(HEADERS)) + b"\r\n"


def framed() -> st.SearchStrategy[tuple[bytes, Sequence[tuple[bytes, bytes]], bytes]]:
    """The version, what the head says of the body, and the body as it is sent."""
    version, body = st.sampled_from([b"1.1", b"1.0"]), st.binary(max_size=80)
    return st.one_of(
        st.builds(lambda v, b: (v, [(b"Content-Length", b"%d" % len(b))], b), version, body),
        st.builds(lambda b: (b"1.1", [(b"transfer-encoding", b"chunked")], b), chunks()),
        st.builds(lambda v, b: (v, [], b), version, body),
    )


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    version, framing, body = draw(framed())
    status = draw(st.sampled_from([200, 307, 400, 413, 429, 500, 503, 599]))
    if draw(st.integers(0, 4)) == 0:
        status, framing, body = draw(st.sampled_from([204, 304])), [], b""
    kept = draw(
        st.sampled_from([[], [(b"Connection", b"close")], [(b"connection", b"Keep-Alive")]])
    )
    headers = draw(st.permutations([*draw(HEADERS), *framing, *kept]))
    reason = draw(st.just(b"") | VALUES.map(lambda text: b" " + text))
    start = b"HTTP/%b %d%b\r\n" % (version, status, reason)
    padding = draw(st.sampled_from([b"", b" ", b" \t "]))
    before = b"".join(draw(st.lists(hints(), max_size=2)))
    return before + start + lines(headers, padding) + b"\r\n" + body


def cut(raw: bytes, places: Collection[int]) -> Sequence[bytes]:
    ends = [*sorted(place for place in places if place < len(raw)), len(raw)]
    return [raw[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def as_h11_reads(raw: bytes) -> Read:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="POST", target="/", headers=[("Host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(raw)
    while isinstance(response := client.next_event(), h11.InformationalResponse):
        pass
    assert isinstance(response, h11.Response)
    body = b""
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            client.receive_data(b"")
        else:
            assert isinstance(event, h11.Data)
            body += event.data
    may_be_followed = client.their_state is h11.DONE and not client.trailing_data[1]
    return Read(response.status_code, list(response.headers), body, may_be_followed)


PLACES = st.sets(st.integers(1, 400), max_size=20)


@given(answers(), PLACES)
def test_an_answer_means_what_it_means_to_h11(raw: bytes, places: set[int]) -> None:
    assert read(*cut(raw, places)) == as_h11_reads(raw)


@given(st.lists(st.tuples(answers(), PLACES), min_size=2, max_size=4))
def test_one_reader_reads_all_answers_of_a_connection(
    exchanges: list[tuple[bytes, set[int]]],
) -> None:
    reader = AnswerReader(BODY_MAX_BYTES)
    for raw, places in exchanges:
        answer = read(*cut(raw, places), reader=reader)
        assert answer == as_h11_reads(raw)
        if not answer.may_be_followed:
            break
