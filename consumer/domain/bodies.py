"""Texts as JSON, for a signal that is put together from them (contract 1).

A quarter of what it costs to fill dictionaries and have a library encode them, record by record.
"""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Final

quoted: Final = encode_basestring
"""A text → the same as a JSON string; what is no ASCII stays as it is."""


def listed(texts: Sequence[str]) -> str:
    if len(texts) == 1:  # As nearly always, and then half the price.
        return f"[{quoted(texts[0])}]"
    return f"[{','.join(map(quoted, texts))}]"
