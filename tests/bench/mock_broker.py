"""librdkafka's mock cluster as a process of its own, filled with the workload.

    python -m tests.bench.mock_broker RECORDS PARTITIONS TOPIC…

The first topic is filled. Says its address on the first line; ends with its standard input.
"""

from __future__ import annotations

import sys

from consumer.demo.mock_cluster import mock_cluster
from tests.bench.filling import fill


def main(count: int, partitions: int, topics: list[str]) -> None:
    filled, *others = topics
    with mock_cluster({filled: partitions, **dict.fromkeys(others, 1)}) as cluster:
        fill({"bootstrap.servers": cluster.bootstrap}, filled, partitions, count)
        print(cluster.bootstrap, flush=True)  # noqa: T201 -- told to who started it
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
