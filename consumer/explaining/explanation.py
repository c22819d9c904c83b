"""One record, explained: what it says, and the signal, the skip or the refusal it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from consumer.adapters.avro.registry import Registry
from consumer.domain.signals import Mapped, Signal, Skipped
from consumer.explaining.meaning import SKIPS, WARNINGS
from consumer.explaining.provenance import Field, fields_of
from consumer.letters.advice import advice_on
from consumer.letters.masking import hidden_texts, masked, scrubbed
from consumer.letters.raw import Undecoded, decoded
from consumer.letters.understanding import Understanding

Told: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Explanation:
    event: object
    """As its writer meant it: dicts, lists and scalars, or `Undecoded`."""
    judged: Mapped

    @property
    def refused(self) -> bool:
        """It would become a dead letter without ever being sent."""
        return not isinstance(self.judged, Signal | Skipped)


def explanation(
    value: bytes | None, registry: Registry, understanding: Understanding
) -> Explanation:
    """Asks the registry and waits. Raises `LettersError` when it does not answer."""
    return Explanation(decoded(value, registry), understanding.judge(value))


def told(explained: Explanation, *, reveal: bool) -> Told:
    """For JSON and for tables; masked unless `reveal`."""
    event = explained.event
    shown = event if reveal or isinstance(event, Undecoded) else masked(event)
    return {
        "event": f"not shown: {event.why}" if isinstance(event, Undecoded) else shown,
        **_outcome(explained.judged, event, reveal=reveal),
    }


def _outcome(judged: Mapped, event: object, *, reveal: bool) -> Told:
    match judged:
        case Signal():
            signal: Mapping[str, object] = orjson.loads(judged.body)
            shown = signal if reveal else masked(signal)
            return {
                "outcome": "would be sent",
                "subject": judged.subject if reveal else str(masked(judged.subject)),
                "fields": [_field(field, reveal=reveal) for field in fields_of(signal)],
                "signal": shown,
                "warnings": {warn.value: WARNINGS[warn] for warn in judged.warnings},
            }
        case Skipped(reason):
            return {
                "outcome": "would be skipped",
                "reason": reason.value,
                "why": SKIPS[reason],
            }
        case _:
            detail = judged.detail if reveal else scrubbed(judged.detail, _secrets(event))
            return {
                "outcome": "would become a dead letter",
                "reason": judged.reason.value,
                "stage": judged.reason.stage.value,
                "why": detail,
                "advice": advice_on(judged.reason),
            }


def _field(field: Field, *, reveal: bool) -> Told:
    path = tuple(name.partition("[")[0] for name in field.path.split("."))
    value = field.value if reveal else masked(field.value, path)
    return {"field": field.path, "value": value, "from": field.source}


def _secrets(event: object) -> Iterable[str]:
    return () if isinstance(event, Undecoded) else hidden_texts(event)
