"""Whether anything that is nobody's business got into logs, metrics or traces."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

from consumer.demo.expectations import CutShort, DemoEvent

_LIKE_A_BEARER: Final = re.compile(rb"[A-Za-z0-9_-]{43}")
"""What the sandbox issues: 32 random bytes in URL-safe base64."""
_FINGERPRINT: Final = 12
_RUN: Final = re.compile(rb"[A-Za-z0-9]{8,}")
"""What ids and tokens end in: drawn letters and digits, nothing between them."""
_TELLING: Final = 12
"""A run of so many occurs nowhere by chance; a shorter one counts with what stands before it."""
_PRIVATE: Final = ("applicationId", "positionId", "seekToken", "candidateApplicationProfileId")


def leaks(texts: Mapping[str, str | bytes], secrets: Sequence[str]) -> list[str]:
    """One line for each secret that a text holds: names the text and how the secret begins."""
    return [
        f"{name} holds a secret that begins with {secret[:4]}…"
        for name, text in texts.items()
        for secret in secrets
        if secret and secret.encode() in _bytes(text)
    ]


def leaked_bearers(texts: Mapping[str, str | bytes], fingerprints: Collection[str]) -> list[str]:
    """The same for bearers, of which SEEK's log of requests has only fingerprints."""
    return [
        f"{name} holds the bearer with fingerprint {fingerprint}"
        for name, text in texts.items()
        for candidate in set(_LIKE_A_BEARER.findall(_bytes(text)))
        if (fingerprint := sha256(candidate).hexdigest()[:_FINGERPRINT]) in fingerprints
    ]


def leaked_words(texts: Mapping[str, str | bytes], words: Iterable[str]) -> list[str]:
    """As `leaks`, for as many words as were ever published: each text is gone through once."""
    told, plain = _by_run(words)
    found = leaks(texts, plain)
    for name, text in texts.items():
        whole = _bytes(text)
        for run in told.keys() & set(_RUN.findall(whole)):
            if len(run) >= _TELLING or told[run].encode() in whole:
                found.append(f"{name} holds a word that begins with {told[run][:4]}…")
    return found


def _by_run(words: Iterable[str]) -> tuple[dict[bytes, str], list[str]]:
    """Words by their last run of letters and digits; and those that have none worth it."""
    told: dict[bytes, str] = {}
    plain: set[str] = set()
    for word in words:
        runs = _RUN.findall(word.encode())
        if runs:
            told[runs[-1]] = word
        else:
            plain.add(word)
    return told, sorted(plain)


def private_words(event: DemoEvent) -> Iterator[str]:
    """Of an event: its key, whom it is about, and what SEEK knows them by."""
    match event.value:
        case None | bytes():
            fields: Mapping[str, object] = {}
        case CutShort(fields):
            pass
        case fields:
            pass
    told = [event.key, *(fields.get(name) for name in _PRIVATE)]
    return (word for word in told if isinstance(word, str) and word.strip())


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
