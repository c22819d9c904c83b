# Run by an environment of its own, whose packages are not here.
# mypy: ignore-errors
"""Quix Streams with a batching sink and a commit a second; it flushes the sink, then commits."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from job import BOOTSTRAP, GROUP, IN_FLIGHT, TOPIC, batches, blocking_post, to_signal
from quixstreams import Application
from quixstreams.models import TopicConfig
from quixstreams.models.topics.admin import TopicAdmin
from quixstreams.sinks import BatchingSink


class SeekSink(BatchingSink):
    def __init__(self) -> None:
        super().__init__()
        self._post = blocking_post()
        self._pool = ThreadPoolExecutor(IN_FLIGHT)

    def write(self, batch: Any) -> None:  # noqa: ANN401 -- the library's batch
        parts = batches([item.value for item in batch])
        for _ in self._pool.map(self._post, parts):
            pass


def inspected(_: TopicAdmin, names: list[str], timeout: float = 30) -> dict[str, Any]:
    """The mock cluster does not answer DescribeConfigs, which is asked once at the start."""
    del timeout
    return {
        name: TopicConfig(num_partitions=16, replication_factor=1, extra_config={})
        for name in names
    }


def main() -> None:
    TopicAdmin.inspect_topics = inspected
    app = Application(
        broker_address=BOOTSTRAP,
        consumer_group=GROUP,
        auto_offset_reset="earliest",
        commit_interval=1.0,
        auto_create_topics=False,
        loglevel="ERROR",
        state_dir=tempfile.mkdtemp(),  # The mapping keeps none; the folder is made all the same.
        consumer_extra_config={"fetch.queue.backoff.ms": 10},
    )
    topic = app.topic(TOPIC, value_deserializer="bytes", key_deserializer="bytes")
    app.dataframe(topic).apply(to_signal).sink(SeekSink())
    app.run()


main()
