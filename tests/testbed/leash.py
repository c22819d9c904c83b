"""Becomes another program that ends when the process that started it ends.

Run as `python leash.py PARENT_PID COMMAND…`. A program of its own, since a hook between
fork and exec is not safe in a process with threads. Where the kernel has no such leash
(macOS), the `with` blocks of the test bed are all there is.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # It ended before the leash was on.
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - becoming the command is the purpose


main()
