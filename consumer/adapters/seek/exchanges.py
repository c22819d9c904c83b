"""Whole requests and answers for a developer's log, without credentials.

They hold candidates' data, so this is for development only and off unless a setting turns it
on (P11). Credentials are never shown: what may hold one is left out unless it is known to be
harmless, and a known secret is struck out wherever it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias, cast

import orjson

from consumer.adapters.seek.transport import HttpAnswer, RawHeaders

MASK = "***"

_SECRET_HEADERS = frozenset(
    {b"authorization", b"proxy-authorization", b"cookie", b"set-cookie", b"www-authenticate"}
)
_HARMLESS_TOKEN_FIELDS = frozenset(
    {"audience", "grant_type", "expires_in", "token_type", "scope", "error", "error_description"}
)
_SHOWN_CHARACTERS = 262_144
"""A request of 100 signals has some 45,000."""


class Exchange(NamedTuple):
    """One request and its answer, or the failure that came instead."""

    far_side: str
    """`signals` or `token`."""
    request_headers: tuple[tuple[str, str], ...]
    request_body: str
    status: int | None
    answer_headers: tuple[tuple[str, str], ...]
    answer_body: str
    failure: str | None
    """The class name of the transport's failure; None when an answer came."""


WatchExchange: TypeAlias = Callable[[Exchange], None]


def signals_exchange(
    headers: RawHeaders, body: bytes, answer: HttpAnswer | str, bearer: str
) -> Exchange:
    """`answer` is the failure's name when none came."""
    shown = _strike_out([bearer])
    return _exchange("signals", headers, body, answer, shown)


def token_exchange(
    headers: RawHeaders, body: bytes, answer: HttpAnswer | str, secrets: Sequence[str]
) -> Exchange:
    """Bodies are shown by field; fields that are not known to be harmless are masked."""
    strike_out = _strike_out(secrets)
    return _exchange("token", headers, body, answer, lambda raw: strike_out(_masked_fields(raw)))


def _exchange(
    far_side: str,
    headers: RawHeaders,
    body: bytes,
    answer: HttpAnswer | str,
    shown: Callable[[bytes], str],
) -> Exchange:
    asked = (far_side, _masked_headers(headers, shown), shown(body))
    if isinstance(answer, str):
        return Exchange(*asked, status=None, answer_headers=(), answer_body="", failure=answer)
    return Exchange(
        *asked,
        status=answer.status,
        answer_headers=_masked_headers(answer.headers, shown),
        answer_body=shown(answer.body),
        failure=None,
    )


def _masked_headers(
    headers: RawHeaders, shown: Callable[[bytes], str]
) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("latin-1"), MASK if name.lower() in _SECRET_HEADERS else shown(value))
        for name, value in headers
    )


def _strike_out(secrets: Sequence[str]) -> Callable[[bytes], str]:
    """Each secret as it is and as it reads inside a JSON string."""
    forms = [
        form
        for secret in secrets
        if secret
        for form in (secret, orjson.dumps(secret).decode()[1:-1])
    ]

    def shown(raw: bytes) -> str:
        text = raw.decode("utf-8", "replace")
        for form in forms:
            text = text.replace(form, MASK)
        return text[:_SHOWN_CHARACTERS]

    return shown


def _masked_fields(raw: bytes) -> bytes:
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return b"(not JSON, %d bytes, not shown)" % len(raw)
    if not isinstance(value, dict):
        return b"(not an object, %d bytes, not shown)" % len(raw)
    fields = cast("dict[str, object]", value)
    return orjson.dumps(
        {name: fields[name] if name in _HARMLESS_TOKEN_FIELDS else MASK for name in fields}
    )
