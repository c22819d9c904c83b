# ruff: noqa: INP001 -- a script of its own, mounted into a container
"""Plays an ATS: status changes of made-up applications, without end, into `seek-signals publish`.

One in five did not come from SEEK, one in a hundred has a token that SEEK never issued, one in
two hundred has no application's id. With `--print` they go to standard output instead.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import IO
from uuid import uuid4

LABELS = ("New", "Shortlisted", "Phone interview", "Interview", "Offer", "Hired")
FOREIGN_ONE_IN, GARBLED_ONE_IN, BLANK_ONE_IN = 5, 100, 200


def events() -> Iterator[str]:
    """One JSON object a line, as `seek-signals publish` reads them."""
    for number in count(1):
        application, step = divmod(number, len(LABELS))
        yield json.dumps(_event(number, application, step))


def _event(number: int, application: int, step: int) -> dict[str, object]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    start = "GARBLED" if application % GARBLED_ONE_IN == 1 else "Made"
    event: dict[str, object] = {
        "type": "application_status_changed",
        "eventId": str(uuid4()),
        "applicationId": " " if number % BLANK_ONE_IN == 0 else f"application-{application}",
        "hirerId": f"hirer-{application % 7}",
        "occurredAt": now,
        "current": {
            "status": {"label": LABELS[step], "index": step + 1, "total": len(LABELS)},
            "timestamp": now,
        },
    }
    if application % FOREIGN_ONE_IN:
        event["seekToken"] = f"global-{start}{application:018d}"
    return event


def write(to: IO[str], per_s: float) -> None:
    for line in events():
        to.write(line + "\n")
        to.flush()
        time.sleep(1 / per_s)


def main() -> int:
    per_s = float(os.environ.get("PUBLISHER_EVENTS_PER_S", "20"))
    if sys.argv[1:] == ["--print"]:
        write(sys.stdout, per_s)
    command = ["seek-signals", "publish", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as publish:  # noqa: S603 -- our own command
        if publish.stdin is None:
            raise AssertionError
        try:
            write(publish.stdin, per_s)
        except (BrokenPipeError, KeyboardInterrupt):
            publish.stdin.close()
        return publish.wait()


if __name__ == "__main__":
    sys.exit(main())
