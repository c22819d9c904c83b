"""Whether anything that is nobody's business got into logs or metrics."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Final

_LIKE_A_BEARER: Final = re.compile(rb"[A-Za-z0-9_-]{43}")
"""What the sandbox issues: 32 random bytes in URL-safe base64."""
_FINGERPRINT: Final = 12


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


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
