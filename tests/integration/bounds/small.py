"""Command: a backlog of a million ordinary records; memory and speed.

python -m tests.integration.bounds.small [--records 1000000] [--compression zstd]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.integration.bounds.backlog import Filler, Shape, Value, register
from tests.integration.bounds.stage import PARTITIONS, Stage, running, stage
from tests.integration.bounds.watching import cpu_s, peak_rss_bytes
from tests.testbed import running_kafka, running_registry

TOPICS = 2


def _filled(it: Stage, records: int, compression: str) -> int:
    size_bytes, each = 0, records // TOPICS
    for number, topic in enumerate(it.topics):
        value = Value.of(Shape(), register(it.registry, topic, Shape()))
        filler = Filler.of(it.kafka, topic, compression)
        filler.write(value, range(number * each, (number + 1) * each), range(PARTITIONS))
        filler.finish()
        size_bytes += filler.size_bytes
    return size_bytes


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--records", type=int, default=1_000_000)
    reading.add_argument("--compression", default="none")
    asked = reading.parse_args()
    records = asked.records // TOPICS * TOPICS
    with (
        running_kafka() as kafka,
        running_registry() as registry,
        tempfile.TemporaryDirectory() as folder,
        stage(kafka, registry, Path(folder), TOPICS) as it,
    ):
        size_bytes = _filled(it, records, asked.compression)
        with running(it) as run:
            run.until(lambda: it.sandbox.accepted > 0, "the first")
            began_s, cpu_before_s = time.monotonic(), cpu_s(run.process.pid)
            run.until(lambda: it.committed() >= records, "draining")
            took_s = time.monotonic() - began_s
            spent_s = cpu_s(run.process.pid) - cpu_before_s
            rss_bytes = peak_rss_bytes(run.process.pid)
    sys.stdout.write(
        f"{records:,} records, {size_bytes:,} bytes, {asked.compression}: "
        f"{records / took_s:,.0f} records/s, {spent_s / records * 1e6:.1f} us CPU a record, "
        f"{rss_bytes / 1e6:.0f} MB of memory at most\n"
    )


if __name__ == "__main__":
    main()
