"""Letters in words, for tables and for JSON. What quotes people is masked unless asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, TypeAlias

import orjson

from consumer.delivery.dead_letter import Origin
from consumer.domain.signals import Mapped, Signal, Skipped, Stage
from consumer.letters.advice import advice_on
from consumer.letters.choosing import Row
from consumer.letters.letter import Letter
from consumer.letters.masking import hidden, hidden_texts, masked, scrubbed
from consumer.letters.raw import Undecoded
from consumer.letters.standing import OriginKey

Described: TypeAlias = dict[str, object]
_UNSCRUBBED: Final = "•••(it may quote the value, which cannot be had; --reveal shows it)"
"""The decoder's own messages quote what they name."""


def utc(timestamp_ms: int) -> str:
    """`2026-01-31T09:00:00Z`; empty for a time that is not known or no date can hold."""
    try:
        moment = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if timestamp_ms > 0 else ""


def place(of: OriginKey | Origin) -> str:
    return f"{of.topic}/{of.partition}/{of.offset}"


def in_a_line(row: Row) -> Described:
    """Without anything of a person's."""
    return {
        "letter": str(row.spot),
        "origin": place(row.key),
        "class": row.reason,
        "code": row.code,
        "stage": row.stage,
        "state": row.standing.value,
        "replays": row.replay_count,
        "attempts": row.attempts,
        "failedAt": utc(row.failed_at_ms),
        "writtenBy": row.kind.value,
        "pointer": row.is_pointer,
    }


def in_full(
    row: Row, letter: Letter, value: object, judged: Mapped | str, *, reveal: bool
) -> Described:
    """`value`: as `raw.decoded` gives it. `judged`: a text when it is not known, with why."""
    failure = letter.dead.failure
    secrets = [*hidden_texts(value), *_words_of(letter.key)]
    known = not isinstance(value, Undecoded) or failure.stage == Stage.DECODE
    message = scrubbed(failure.message, secrets) if known else _UNSCRUBBED
    return {
        **in_a_line(row),
        "originTime": utc(letter.origin.timestamp_ms),
        "key": _key(letter.key, reveal=reveal),
        "message": failure.message if reveal else message,
        "requestId": failure.request_id,
        "value": _value(value, reveal=reveal),
        "today": _today(judged, secrets, reveal=reveal),
        "advice": advice_on(failure.reason),
    }


def _words_of(key: bytes | None) -> Iterable[str]:
    return [] if key is None else [key.decode(errors="replace")]


def _key(key: bytes | None, *, reveal: bool) -> str | None:
    if key is None:
        return None
    text = key.decode(errors="replace")
    return text if reveal else hidden(text)


def _value(value: object, *, reveal: bool) -> object:
    if isinstance(value, Undecoded):
        return f"not shown: {value.why}"
    return value if reveal else masked(value)


def _today(judged: Mapped | str, secrets: Iterable[str], *, reveal: bool) -> Described:
    """What a replay would come to."""
    match judged:
        case str():
            return {"outcome": f"not known: {judged}"}
        case Signal():
            signal = orjson.loads(judged.body)
            return {"outcome": "would be sent", "signal": signal if reveal else masked(signal)}
        case Skipped(reason):
            return {"outcome": f"would be skipped: {reason.value}"}
        case _:
            detail = judged.detail if reveal else scrubbed(judged.detail, secrets)
            return {"outcome": f"would fail again: {judged.reason.value}", "detail": detail}
