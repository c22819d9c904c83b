"""HTTP/1.1 as far as one question takes it: the head of a request, and its answer. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from httptools import HttpParserError, HttpResponseParser

HEAD_MAX_BYTES: Final = 100 * 1024
"""As most servers and clients have it; the parser itself knows no bound."""

_VISIBLE: Final = bytes(range(0x21, 0x7F))
_IN_A_NAME: Final = bytes(set(_VISIBLE) - set(b'"(),/:;<=>?@[\\]{}'))
_IN_A_LINE: Final = b"\t " + _VISIBLE + bytes(range(0x80, 0x100))

_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
_OURS: Final = _FRAMING | {b"host"}
"""Headers of a request that nobody else gives."""
_INFORMATIONAL: Final = range(100, 200)
_SWITCHING_PROTOCOLS: Final = 101


class LocalProtocolError(Exception):
    """What was to be sent would not be read as it was meant."""


class RemoteProtocolError(Exception):
    """What came is no answer in HTTP/1.1, or not the whole of one."""


def post_head(
    target: bytes, host: bytes, headers: Sequence[tuple[bytes, bytes]], body_bytes: int
) -> bytes:
    """All of a POST before its body. Raises `LocalProtocolError` unless each name and value
    stays within its place, so that none can add a header or a request, or move the body."""
    names = [name for name, _ in headers]
    fields = [(b"Host", host), *headers, (b"Content-Length", b"%d" % body_bytes)]
    lines = [b"%b: %b\r\n" % field for field in fields]
    head = b"POST %b HTTP/1.1\r\n%b\r\n" % (target, b"".join(lines))
    if not (
        head.translate(None, _IN_A_LINE) == b"\r\n" * (len(lines) + 2)
        and not target.translate(None, _VISIBLE)
        and not b"".join(names).translate(None, _IN_A_NAME)
        and all(names)
        and _OURS.isdisjoint(map(bytes.lower, names))
    ):
        msg = "a header or the target has what HTTP does not allow there"
        raise LocalProtocolError(msg)
    return head


class AnswerReader:
    """Reads the answers on one connection, one after another, from bytes that are cut anywhere.

    `HttpResponseParser` (llhttp) calls what begins with `on_`. The two hold each other until
    `close`, as the search for such cycles is seldom (`memory.py`).
    """

    def __init__(self, body_max_bytes: int) -> None:
        self._parser = HttpResponseParser(self)
        self._body_max_bytes = body_max_bytes
        self.begin()

    def begin(self) -> None:
        """What is taken from now on answers another request."""
        self.is_over = False
        """Whole, or its body has passed the bound."""
        self.may_be_followed = False
        """Once it is over: whether the connection is fit for another."""
        self._body = bytearray()
        self._bytes_beside_body = 0
        self._begin_head()

    def _begin_head(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._in_head = True
        self._ends_with_connection = False

    @property
    def body(self) -> bytes:
        """Empty when it passed the bound."""
        return b"" if len(self._body) > self._body_max_bytes else bytes(self._body)

    def take(self, received: bytes) -> None:
        """Raises `RemoteProtocolError`. Without `received` the connection has ended."""
        if not received:
            self._take_end()
            return
        self._bytes_beside_body += len(received)
        try:
            self._parser.feed_data(received)
        except HttpParserError as error:
            self.may_be_followed = False
            if not self.is_over:
                raise RemoteProtocolError from error
        if self._bytes_beside_body > HEAD_MAX_BYTES:
            msg = "the head, or what stands between pieces of the body, is too long"
            raise RemoteProtocolError(msg)

    def close(self) -> None:
        """Nothing more can be taken; what was read stays."""
        del self._parser

    def _take_end(self) -> None:
        if not self._ends_with_connection:
            msg = "the connection ended before the answer"
            raise RemoteProtocolError(msg)
        self.is_over = True

    def on_message_begin(self) -> None:
        """Nothing was asked that a second answer could be to; it is not read."""
        if self.is_over:
            msg = "more than one answer"
            raise RemoteProtocolError(msg)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Those that follow a chunked body are no part of the head."""
        if self._in_head:
            self.headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        codings = {value.lower() for name, value in self.headers if name == b"transfer-encoding"}
        if self.status < _INFORMATIONAL.start or self.status == _SWITCHING_PROTOCOLS:
            msg = f"an answer with status {self.status}"
            raise RemoteProtocolError(msg)
        if codings - {b"chunked"}:
            msg = "a transfer encoding that was not asked for"
            raise RemoteProtocolError(msg)
        self._in_head = False
        self._ends_with_connection = _FRAMING.isdisjoint(name for name, _ in self.headers)

    def on_body(self, piece: bytes) -> None:
        if self.status in _INFORMATIONAL:
            msg = "an informational answer with a body"
            raise RemoteProtocolError(msg)
        self._bytes_beside_body = 0
        self._body += piece
        self.is_over = len(self._body) > self._body_max_bytes

    def on_message_complete(self) -> None:
        if self.status in _INFORMATIONAL:
            self._begin_head()
            return
        fits = not self.is_over
        self.is_over = True
        self.may_be_followed = (
            fits and self._parser.should_keep_alive() and self._parser.get_http_version() == "1.1"
        )
