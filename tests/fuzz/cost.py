"""What an input may cost: processor time of its thread and memory, never time by the wall."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Final, TypeVar

CPU_S: Final = 10.0
"""The costliest record takes 3 on a fast machine, ordinary ones a thousandth of that; what
has no bound passes any."""
PEAK_BYTES: Final = 48 << 20
"""Some copies of the largest record or schema that is taken, 1 MiB, as Python objects."""

T = TypeVar("T")


def cheaply(call: Callable[[], T], cpu_s: float = CPU_S, peak_bytes: int = PEAK_BYTES) -> T:
    """What `call` returns, which must have no effects: it is called twice, since measuring
    memory costs time. Memory is what Python allocates."""
    began_s = time.thread_time()
    call()
    spent_s = time.thread_time() - began_s
    assert spent_s < cpu_s, f"{spent_s:.1f} s of processor time"
    tracemalloc.start()
    try:
        result = call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < peak_bytes, f"{peak / (1 << 20):.0f} MiB"
    return result
