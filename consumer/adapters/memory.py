"""Memory that was given up goes back to the system."""

from __future__ import annotations

import ctypes
from typing import Final

# Of glibc's malloc.h.
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8

_ALONE_FROM_BYTES: Final = 16 * 1024
_ARENAS: Final = 2


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
