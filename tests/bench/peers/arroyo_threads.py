# Run by an environment of its own, whose packages are not here.
# mypy: ignore-errors
"""sentry-arroyo: decode and map, reduce to batches, send in threads, commit behind them."""

from __future__ import annotations

from typing import Any

from arroyo import Topic
from arroyo.backends.kafka import KafkaConsumer
from arroyo.processing import StreamProcessor
from arroyo.processing.strategies import (
    CommitOffsets,
    ProcessingStrategyFactory,
    Reduce,
    RunTask,
    RunTaskInThreads,
)
from job import BATCH, BOOTSTRAP, GROUP, IN_FLIGHT, TOPIC, blocking_post, to_signal


def added(batch: list[Any], message: Any) -> list[Any]:  # noqa: ANN401 -- the library's message
    batch.append(message.payload)
    return batch


class Factory(ProcessingStrategyFactory[Any]):
    def create_with_partitions(self, commit: Any, partitions: Any) -> Any:  # noqa: ANN401 -- the library's
        del partitions
        post = blocking_post()
        sending = RunTaskInThreads(
            lambda message: post(message.payload), IN_FLIGHT, IN_FLIGHT, CommitOffsets(commit)
        )
        batching = Reduce(BATCH, 1.0, added, list, sending)
        return RunTask(lambda message: to_signal(message.payload.value), batching)


consumer = KafkaConsumer(
    {
        "bootstrap.servers": BOOTSTRAP,
        "group.id": GROUP,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "queued.min.messages": 20_000,
        "fetch.queue.backoff.ms": 10,
    }
)
StreamProcessor(consumer, Topic(TOPIC), Factory()).run()
