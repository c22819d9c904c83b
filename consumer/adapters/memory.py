"""Memory that was given up goes back to the system, and is not searched for what was not."""

from __future__ import annotations

import ctypes
import gc
from typing import Final

# Of glibc's malloc.h.
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8

_ALONE_FROM_BYTES: Final = 16 * 1024
_ARENAS: Final = 2

_COLLECT_AFTER: Final = 100_000
"""More objects than the pending records have, at three or four each."""


def give_memory_back() -> bool:
    """Tells glibc to keep large blocks apart, so that they are returned when they are freed.

    By default it learns from each large block freed (a fetch's answer, a request's body) to
    take the next ones from its heaps, one for each thread, where they leave holes: with
    records of 40 KB that came to 300 MB beside 300 MB in use. Small blocks, which are all that
    ordinary records make, are not concerned. False where the C library is another.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    taken = [mallopt(_M_MMAP_THRESHOLD, _ALONE_FROM_BYTES), mallopt(_M_ARENA_MAX, _ARENAS)]
    return all(taken)


def collect_rarely() -> None:
    """Tells Python to look for cycles of objects only when many more are there than before.

    Records leave none behind: what is made for one is given up when it is settled. By default
    each some hundred of them start a search through all that are pending, which costs a tenth
    of the whole work. What was imported until now is never searched.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
