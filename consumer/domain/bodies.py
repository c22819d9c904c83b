"""Texts as JSON, for a signal that is put together from them (contract 1).

A quarter of what it costs to fill dictionaries and have a library encode them, record by record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from orjson import dumps

encoded: Final[Callable[[str | Sequence[str]], bytes]] = dumps
"""A text, or a list of them → JSON; what is no ASCII stays as it is."""
