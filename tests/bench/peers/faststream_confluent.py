# Run by an environment of its own, whose packages are not here.
# mypy: ignore-errors
"""FastStream on confluent-kafka. It does not run batches beside each other and acknowledge
each, so it takes as many records as fit in flight, sends them at once, and then acknowledges.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from aiohttp_post import posting
from faststream import AckPolicy, FastStream
from faststream.confluent import KafkaBroker
from job import BATCH, BOOTSTRAP, GROUP, IN_FLIGHT, TOPIC, to_signal


async def decode(message: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- the library's message
    return [to_signal(value) for value in message.body]


async def main() -> None:
    logging.disable(logging.CRITICAL)
    broker = KafkaBroker(
        BOOTSTRAP,
        logger=None,
        allow_auto_create_topics=False,
        config={"queued.min.messages": 20_000, "fetch.queue.backoff.ms": 10},
    )
    async with posting() as post:

        @broker.subscriber(
            TOPIC,
            batch=True,
            max_records=BATCH * IN_FLIGHT,
            group_id=GROUP,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            decoder=decode,
        )
        async def handle(signals: list[Any]) -> None:
            await post(signals)

        await FastStream(broker, logger=None).run()


asyncio.run(main())
