"""An HTTP answer, parsed as far as it can be. Nothing here raises for any input."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeAlias, cast

import orjson

from consumer.adapters.seek.transport import HttpAnswer
from consumer.delivery.verdicts import Answer, AnswerError

_Object: TypeAlias = Mapping[str, object]

_MAX_MESSAGE = 4_096
"""Characters of one message that are kept; a dead letter keeps less still."""
_MAX_CODE = 64
"""Characters: codes are told in logs and holds, so nothing that could be a text gets there."""

_SECONDS = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def read_answer(http: HttpAnswer, now_s: float, retry_after_cap_s: float) -> Answer:
    """The `Answer` in `http`, at wall time `now_s` (seconds since the epoch).

    Readable is: a JSON object with a non-empty list `errors`, or without errors and with a
    boolean or null at `data.sendSignals`. Anything else (HTML, truncated or deeply nested
    JSON, other types) is not, since reading acceptance or refusal into it would be a guess.
    """
    wait_s = retry_after_s(http, now_s, retry_after_cap_s)
    body = _object(http.body)
    errors = _errors(body)
    if body is None or errors is None:
        return Answer(http.status, readable=False, retry_after_s=wait_s)
    told, result = _result(body)
    readable = told or bool(errors)
    return Answer(http.status, readable, errors, result, wait_s)


def retry_after_s(http: HttpAnswer, now_s: float, cap_s: float) -> float | None:
    """The wait that `http` asks for, as seconds or as an HTTP-date (RFC 9110, 10.2.3),
    between 0 and `cap_s`; None when it asks for none that can be read."""
    value = http.header(b"retry-after")
    if value is None:
        return None
    text = value.strip()
    seconds = float(text) if _SECONDS.fullmatch(text) else _until_s(text, now_s)
    return None if seconds is None else min(max(seconds, 0.0), cap_s)


def _object(body: bytes) -> _Object | None:
    """orjson stops at a depth of 1024 by itself, and takes neither NaN nor broken UTF-8."""
    try:
        return _as_object(orjson.loads(body))
    except orjson.JSONDecodeError:
        return None


def _as_object(value: object) -> _Object | None:
    return cast("_Object", value) if isinstance(value, dict) else None


def _errors(body: _Object | None) -> Sequence[AnswerError] | None:
    """None when they cannot be read. `null` and `[]`, which some servers send, are no errors."""
    entries = None if body is None else body.get("errors")
    if entries is None:
        return ()
    if not isinstance(entries, list):
        return None
    found = [_as_object(entry) for entry in cast("list[object]", entries)]
    if None in found:
        return None
    return tuple(_error(entry) for entry in found if entry is not None)


def _error(entry: _Object) -> AnswerError:
    extensions = _as_object(entry.get("extensions")) or {}
    code = extensions.get("code")
    message = entry.get("message")
    return AnswerError(
        code=code[:_MAX_CODE] if isinstance(code, str) and code else None,
        message=message[:_MAX_MESSAGE] if isinstance(message, str) else "",
    )


def _result(body: _Object) -> tuple[bool, bool | None]:
    """(whether `data.sendSignals` is there and of its type, its value)."""
    data = _as_object(body.get("data"))
    if data is None or "sendSignals" not in data:
        return False, None
    value = data["sendSignals"]
    if value is None or isinstance(value, bool):
        return True, value
    return False, None


def _until_s(text: str, now_s: float) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp() - now_s
