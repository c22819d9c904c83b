# Run by an environment of its own, whose packages are not here.
# mypy: ignore-errors
"""aiokafka and aiohttp by hand: as many records as fit in flight, sent at once, then a commit."""

from __future__ import annotations

import asyncio

from aiohttp_post import posting
from aiokafka import AIOKafkaConsumer
from job import BATCH, BOOTSTRAP, GROUP, IN_FLIGHT, TOPIC, to_signal


async def main() -> None:
    async with posting() as post:
        consumer = AIOKafkaConsumer(
            TOPIC,
            bootstrap_servers=BOOTSTRAP,
            group_id=GROUP,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        while True:
            got = await consumer.getmany(timeout_ms=100, max_records=BATCH * IN_FLIGHT)
            signals = [to_signal(it.value) for messages in got.values() for it in messages]
            await post(signals)
            if got:
                await consumer.commit({place: its[-1].offset + 1 for place, its in got.items()})


asyncio.run(main())
