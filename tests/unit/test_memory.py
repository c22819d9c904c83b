"""Whether memory that was given up goes back to the system, and how seldom it is searched."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
RECORDS = 2_000
RECORD_BYTES = 40_000
CHILD = f"""
import sys
from pathlib import Path
from consumer.adapters.memory import give_memory_back

def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if "give" in sys.argv:
    assert give_memory_back()
bytearray(4 << 20)  # Freed at once: this is what glibc learns from.
before = resident_bytes()
kept = [bytearray({RECORD_BYTES}).replace(b"\\0", b"x") for _ in range({RECORDS})]
del kept[:-1]  # The last one lies above all others.
print(resident_bytes() - before)
"""


def _kept_bytes(*arguments: str) -> int:
    """Of 80 MB of records, all but one of them freed, in a process of its own."""
    command = [sys.executable, "-c", CHILD, *arguments]
    done = subprocess.run(  # noqa: S603 -- the test's own command
        command, cwd=REPOSITORY, capture_output=True, check=True, timeout=60
    )
    return int(done.stdout)


LOOKER = """
import gc
from consumer.adapters.memory import collect_rarely

class Knot:
    def __init__(self):
        self.itself = self

collect_rarely()
looks = []
gc.callbacks.append(lambda phase, _: looks.append(phase))
kept = [[number] for number in range(50_000)]
few = len(looks)
for _ in range(300_000):
    Knot()
print(gc.get_freeze_count() > 0, few, len(looks) > 0, len(gc.get_objects()) < 250_000)
"""


def test_cycles_are_looked_for_when_there_may_be_many_and_not_before() -> None:
    command = [sys.executable, "-c", LOOKER]
    done = subprocess.run(  # noqa: S603 -- the test's own command
        command, cwd=REPOSITORY, capture_output=True, check=True, timeout=60, text=True
    )
    assert done.stdout.split() == ["True", "0", "True", "True"]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has to be told")
def test_what_large_records_took_is_given_back() -> None:
    assert _kept_bytes("give") < 0.2 * RECORDS * RECORD_BYTES
    assert _kept_bytes() > 0.8 * RECORDS * RECORD_BYTES
